/// Collects what a model file says, in the order of the one list of keys.
struct MetadataWriter: MetadataExchange {
    private(set) var entries: [(key: Name, value: MetadataValue)] = []

    func name(_ key: StaticString) -> Name { Name(key) }

    mutating func integers(
        _ key: StaticString, count: ClosedRange<Int>?, in range: ClosedRange<Int>, _ values: inout [Int]
    ) {
        let values = values.map { UInt32($0) }
        entries.append((name(key), count == nil ? .integer(values[0]) : .integers(values)))
    }

    mutating func floats(_ key: StaticString, count: ClosedRange<Int>?, in range: FloatRange, _ values: inout [Float]) {
        entries.append((name(key), count == nil ? .float(values[0]) : .floats(values)))
    }

    mutating func texts(_ key: StaticString, count: ClosedRange<Int>?, _ values: inout [[UInt8]]) {
        let values = values.map { String(decoding: $0, as: UTF8.self) }
        entries.append((name(key), count == nil ? .text(values[0]) : .texts(values)))
    }
}

extension ModelDescription {
    /// The key-value pairs from which `ModelDescription.init(_:)` reads the same description. Throws what it would not
    /// read.
    public func metadata() throws(QuantizerError) -> [(key: Name, value: MetadataValue)] {
        var writer = MetadataWriter(), description = self
        do throws(ModelFileError) {
            try Self.exchangeFormat(&writer)
            try description.exchange(&writer)
        } catch {
            throw .model(.model(error))
        }
        return writer.entries
    }
}
