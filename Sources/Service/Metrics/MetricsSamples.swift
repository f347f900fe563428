import CLinux

/// The samples of a text that `MetricsText` has written.
public struct MetricsSamples {
    /// One line of the text.
    public struct Sample {
        /// The metric's, such as "swiftlet_clients".
        public var name: [UInt8]
        /// What stands between the braces; empty without labels.
        public var labels: [UInt8]
        /// In the unit that the name ends with.
        public var value: Double
        /// The value where it is a whole number.
        public var integer: UInt64?
    }

    /// In the text's order.
    public private(set) var all: [Sample] = []

    /// nil where the text is not one of these.
    public init?(_ text: UnsafeRawBufferPointer) {
        guard text.count <= MetricsText.capacity, text.last == 0x0A else { return nil }
        for line in text.split(separator: 0x0A) where line.first != UInt8(ascii: "#") {
            guard let sample = Self.sample(Array(line)) else { return nil }
            all.append(sample)
        }
    }

    /// The value of a sample whose first label is `label`, where it has labels.
    public func value(_ name: StaticString, _ label: StaticString? = nil) -> Double? {
        let (name, label) = (bytes(name), label.map { bytes($0) })
        for sample in all where sample.name == name {
            guard let label else { return sample.value }
            let parts = sample.labels.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
            if parts.count > 1, Array(parts[1]) == label { return sample.value }
        }
        return nil
    }

    private static func sample(_ line: [UInt8]) -> Sample? {
        guard let space = line.lastIndex(of: 0x20), space > 0 else { return nil }
        let digits = line[(space + 1)...].map { CChar(bitPattern: $0) } + [0]
        var value = 0.0
        var integer: Int64 = 0
        guard clinux_parse_number(digits, &value) == 0 else { return nil }
        let isInteger = clinux_parse_integer(digits, &integer) == 0 && integer >= 0
        let head = line[..<space]
        let brace = head.firstIndex(of: UInt8(ascii: "{"))
        if brace != nil, head.last != UInt8(ascii: "}") { return nil }
        let labels = brace.map { Array(head[($0 + 1)..<(space - 1)]) } ?? []
        return Sample(
            name: Array(head[..<(brace ?? space)]), labels: labels, value: value,
            integer: isInteger ? UInt64(integer) : nil)
    }
}
