/// The name of a tensor, a layer or a metadata key: at most 63 bytes of UTF-8, stored inline.
///
/// Names are built and compared while a model is prepared, without allocation and without Unicode tables.
/// 63 bytes is GGUF's own limit for tensor names.
public struct Name: Equatable, Sendable {
    /// The maximum length of a name in bytes.
    public static let capacity = 63

    private var storage = InlineArray<64, UInt8>(repeating: 0)
    private var length: UInt32 = 0
    /// FNV-1a of the bytes: names that differ mostly differ here, however long their common prefix.
    private var hash: UInt32 = 2_166_136_261

    /// Bytes of UTF-8, 0...63.
    public var count: Int { Int(length) }

    /// The empty name.
    public init() {}

    /// `text` has at most 63 bytes of UTF-8 (precondition).
    public init(_ text: StaticString) {
        append(text)
    }

    /// The first 63 bytes of `bytes`.
    public init(truncating bytes: UnsafeRawBufferPointer) {
        for byte in bytes.prefix(Self.capacity) { append(byte) }
    }

    /// The name has room for it (precondition): a longer one is a programming error, not a file's.
    public mutating func append(_ byte: UInt8) {
        precondition(count < Self.capacity, "names are at most 63 bytes")
        storage[count] = byte
        length += 1
        hash = (hash ^ UInt32(byte)) &* 16_777_619
    }

    /// Appends UTF-8 for which there is room (precondition).
    public mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
    }

    /// Appends a name for which there is room (precondition).
    public mutating func append(_ other: Name) {
        for index in 0..<other.count { append(other.storage[index]) }
    }

    /// Appends `number`, which is not negative, in decimal.
    public mutating func append(_ number: Int) {
        if number >= 10 { append(number / 10) }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    /// A copy with `text` at its end, at most 63 bytes together (precondition).
    public func appending(_ text: StaticString) -> Name {
        var name = self
        name.append(text)
        return name
    }

    /// A copy with `number`, which is not negative, in decimal at its end.
    public func appending(_ number: Int) -> Name {
        var name = self
        name.append(number)
        return name
    }

    /// The byte at `index`, 0..<`count`.
    public subscript(index: Int) -> UInt8 { storage[index] }

    public static func == (left: Name, right: Name) -> Bool {
        guard left.hash == right.hash, left.length == right.length else { return false }
        for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
        return true
    }

    /// Whether it comes before `other` in an order by hash, length, then bytes.
    func precedes(_ other: Name) -> Bool {
        guard hash == other.hash else { return hash < other.hash }
        guard length == other.length else { return length < other.length }
        for index in 0..<count where storage[index] != other.storage[index] {
            return storage[index] < other.storage[index]
        }
        return false
    }

    /// Whether the name's bytes are exactly `bytes`.
    public func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == count else { return false }
        for index in 0..<count where storage[index] != bytes[index] { return false }
        return true
    }

    /// Whether the name's bytes are exactly those of `text`.
    public func matches(_ text: StaticString) -> Bool {
        matches(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The name as text, for messages and reports. Allocates.
    public var text: String {
        String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count { buffer[index] = storage[index] }
            return count
        }
    }
}
