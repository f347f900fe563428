/// Reads little-endian values from untrusted bytes; every read is checked against the end.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func value<T: FixedWidthInteger>(
        _ type: T.Type, in part: ModelFileError.Part
    ) throws(ModelFileError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw .truncated(part: part, offset: offset) }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
        offset += MemoryLayout<T>.size
        return T(littleEndian: value)
    }

    mutating func skip(_ count: UInt64, in part: ModelFileError.Part) throws(ModelFileError) {
        guard count <= UInt64(remaining) else { throw .truncated(part: part, offset: offset) }
        offset += Int(count)
    }

    /// A length of 64 bits and as many bytes.
    mutating func text(in part: ModelFileError.Part) throws(ModelFileError) -> Range<Int> {
        let start = offset
        let count = try value(UInt64.self, in: part)
        guard count <= UInt64(remaining) else { throw .truncated(part: part, offset: start) }
        offset += Int(count)
        return offset - Int(count)..<offset
    }
}
