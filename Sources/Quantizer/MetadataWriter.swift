/// Collects what a model file says, in the order of the one list of keys.
struct MetadataWriter: MetadataExchange {
    private(set) var entries: [(key: Name, value: MetadataValue)] = []

    func name(_ key: StaticString) -> Name { Name(key) }

    mutating func integer(_ key: StaticString, in range: ClosedRange<Int>, _ value: inout Int) {
        entries.append((name(key), .integer(UInt32(value))))
    }

    mutating func float(_ key: StaticString, in range: FloatRange, _ value: inout Float) {
        entries.append((name(key), .float(value)))
    }

    mutating func text(_ key: StaticString, _ value: inout [UInt8]) {
        entries.append((name(key), .text(String(decoding: value, as: UTF8.self))))
    }

    mutating func choice<Value: MetadataChoice>(_ key: StaticString, _ value: inout Value) {
        entries.append((name(key), .text("\(value.word)")))
    }

    mutating func integers(
        _ key: StaticString, count: ClosedRange<Int>, in range: ClosedRange<Int>, _ values: inout [Int]
    ) {
        entries.append((name(key), .integers(values.map { UInt32($0) })))
    }

    mutating func floats(_ key: StaticString, count: ClosedRange<Int>, in range: FloatRange, _ values: inout [Float]) {
        entries.append((name(key), .floats(values)))
    }

    mutating func texts(_ key: StaticString, count: ClosedRange<Int>, _ values: inout [ArraySlice<UInt8>]) {
        entries.append((name(key), .texts(values.map { String(decoding: $0, as: UTF8.self) })))
    }
}

extension ModelDescription {
    /// The key-value pairs from which `ModelDescription.init(_:)` reads the same description. Throws what it would not
    /// read.
    public func metadata() throws(QuantizerError) -> [(key: Name, value: MetadataValue)] {
        var writer = MetadataWriter(), description = self, kind = task.kind
        do throws(ModelFileError) {
            try Self.exchangeFormat(&writer, &kind)
            try description.exchange(&writer)
        } catch {
            throw .model(.model(error))
        }
        return writer.entries
    }
}
