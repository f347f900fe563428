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

    /// The samples in a status line's metrics (`StreamLine.metrics`). nil where they are none.
    public init?(status metrics: UnsafeRawBufferPointer) {
        guard metrics.count <= StreamProtocol.lineLimit else { return nil }
        var json = JSONReader(metrics)
        let name = UnsafeMutableRawBufferPointer.allocate(byteCount: metrics.count, alignment: 1)
        defer { name.deallocate() }
        guard json.take(UInt8(ascii: "{")) else { return nil }
        if json.take(UInt8(ascii: "}")) { return }
        repeat {
            guard let key = try? json.string(into: name), json.take(UInt8(ascii: ":")) else { return nil }
            guard let value = try? json.number(), let sample = Self.sample(key, value) else { return nil }
            all.append(sample)
        } while json.take(UInt8(ascii: ","))
        guard json.take(UInt8(ascii: "}")), json.hasEnded() else { return nil }
    }

    /// Beyond 2^53 a number may be another one than was written.
    private static func sample(_ key: UnsafeRawBufferPointer, _ value: Double) -> Sample? {
        sample(Array(key), value, integer: value >= 0 && value < 0x1p53 ? UInt64(exactly: value) : nil)
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
        let digits = terminated(line[(space + 1)...])
        var value = 0.0
        var integer: Int64 = 0
        guard clinux_parse_number(digits, &value) == 0 else { return nil }
        let isInteger = clinux_parse_integer(digits, &integer) == 0 && integer >= 0
        return sample(Array(line[..<space]), value, integer: isInteger ? UInt64(integer) : nil)
    }

    /// - Parameter key: a name, and labels in braces where it has some.
    private static func sample(_ key: [UInt8], _ value: Double, integer: UInt64?) -> Sample? {
        let brace = key.firstIndex(of: UInt8(ascii: "{"))
        if brace != nil, key.last != UInt8(ascii: "}") { return nil }
        let labels = brace.map { Array(key[($0 + 1)..<(key.count - 1)]) } ?? []
        return Sample(name: Array(key[..<(brace ?? key.count)]), labels: labels, value: value, integer: integer)
    }
}
