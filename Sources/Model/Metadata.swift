/// Goes through the metadata of a model file, key by key. `ModelDescription.exchange` is the one list of keys, each with
/// its type, its range and the place of its value; what reads or writes metadata conforms to this and is handed through
/// the list. Each function takes the value that is there and leaves the one that belongs there.
public protocol MetadataExchange {
    /// The whole key, for errors.
    func name(_ key: StaticString) -> Name
    /// A whole number in `range`.
    mutating func integer(_ key: StaticString, in range: ClosedRange<Int>, _ value: inout Int) throws(ModelFileError)
    /// A finite number in `range`.
    mutating func float(_ key: StaticString, in range: FloatRange, _ value: inout Float) throws(ModelFileError)
    /// UTF-8.
    mutating func text(_ key: StaticString, _ value: inout [UInt8]) throws(ModelFileError)
    /// A word that stands for a value.
    mutating func choice<Value: MetadataChoice>(_ key: StaticString, _ value: inout Value) throws(ModelFileError)
    /// Whole numbers in `range`, as many as `count` allows.
    mutating func integers(
        _ key: StaticString, count: ClosedRange<Int>, in range: ClosedRange<Int>, _ values: inout [Int]
    ) throws(ModelFileError)
    /// Finite numbers in `range`, as many as `count` allows.
    mutating func floats(
        _ key: StaticString, count: ClosedRange<Int>, in range: FloatRange, _ values: inout [Float]
    ) throws(ModelFileError)
    /// UTF-8 texts, as many as `count` allows.
    mutating func texts(
        _ key: StaticString, count: ClosedRange<Int>, _ values: inout [ArraySlice<UInt8>]
    ) throws(ModelFileError)
}

/// The numbers that a key allows.
public enum FloatRange: Sendable {
    case finite, aboveZero
    /// Above 0, at most 1000.
    case factor

    func contains(_ value: Float) -> Bool {
        switch self {
        case .finite: true
        case .aboveZero: value > 0
        case .factor: value > 0 && value <= 1000
        }
    }
}

/// A value that a model file has a word for.
public protocol MetadataChoice: Equatable {
    /// All values, each with its word.
    static var words: [(word: StaticString, value: Self)] { get }
}

extension MetadataChoice {
    /// What stands for it in a file.
    public var word: StaticString {
        for choice in Self.words where choice.value == self { return choice.word }
        return ""
    }
}

extension MetadataExchange {
    /// As many whole numbers as the array has.
    public mutating func integers<let count: Int>(
        _ key: StaticString, in range: ClosedRange<Int>, _ values: inout InlineArray<count, Int>
    ) throws(ModelFileError) {
        var list = values.indices.map { values[$0] }
        try integers(key, count: count...count, in: range, &list)
        for index in 0..<count { values[index] = list[index] }
    }

    /// As many finite numbers as the array has.
    mutating func floats<let count: Int>(
        _ key: StaticString, in range: FloatRange, _ values: inout InlineArray<count, Float>
    ) throws(ModelFileError) {
        var list = values.indices.map { values[$0] }
        try floats(key, count: count...count, in: range, &list)
        for index in 0..<count { values[index] = list[index] }
    }
}

/// Takes values from a model file, each checked against its row.
public struct MetadataReader: MetadataExchange {
    private let file: ModelFile
    private let key: (StaticString) -> Name

    /// - Parameter key: what the file calls a key.
    public init(_ file: ModelFile, key: @escaping (StaticString) -> Name = { Name($0) }) {
        self.file = file
        self.key = key
    }

    /// What the file calls it.
    public func name(_ key: StaticString) -> Name { self.key(key) }

    /// Throws where the file has another, or none.
    public func integer(
        _ key: StaticString, in range: ClosedRange<Int>, _ value: inout Int
    ) throws(ModelFileError) {
        value = try file.integer(name(key), in: range)
    }

    /// Throws where the file has another, or none.
    public func float(_ key: StaticString, in range: FloatRange, _ value: inout Float) throws(ModelFileError) {
        value = try file.float(name(key))
        guard range.contains(value) else { throw .outOfRange(key: name(key)) }
    }

    /// Throws where the file has none.
    public func text(_ key: StaticString, _ value: inout [UInt8]) throws(ModelFileError) {
        value = [UInt8](try file.text(name(key)))
    }

    /// Throws where the file has a word for no value, or none.
    public func choice<Value: MetadataChoice>(_ key: StaticString, _ value: inout Value) throws(ModelFileError) {
        let text = try file.text(name(key))
        for choice in Value.words where Name(choice.word).matches(text) {
            value = choice.value
            return
        }
        throw .outOfRange(key: name(key))
    }

    /// Throws where the file has others, or none.
    public func integers(
        _ key: StaticString, count: ClosedRange<Int>, in range: ClosedRange<Int>, _ values: inout [Int]
    ) throws(ModelFileError) {
        values = try file.integers(name(key), count: count, in: range)
    }

    /// Throws where the file has others, or none.
    public func floats(
        _ key: StaticString, count: ClosedRange<Int>, in range: FloatRange, _ values: inout [Float]
    ) throws(ModelFileError) {
        values = try file.floats(name(key), count: count)
        for value in values where !range.contains(value) { throw .outOfRange(key: name(key)) }
    }

    /// Throws where the file has others, or none. All are parts of one array.
    public func texts(
        _ key: StaticString, count: ClosedRange<Int>, _ values: inout [ArraySlice<UInt8>]
    ) throws(ModelFileError) {
        let texts = try file.texts(name(key), count: count)
        var bytes: [UInt8] = [], start = 0
        bytes.reserveCapacity(texts.reduce(0) { $0 + $1.count })
        for text in texts { bytes.append(contentsOf: text) }
        values = texts.map { text in
            defer { start += text.count }
            return bytes[start..<start + text.count]
        }
    }
}
