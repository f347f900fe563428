import Foundation

/// Consecutive bytes of a file in memory, under their offsets in the file. Every access is checked against their bounds.
struct FileBytes: Sendable {
    private let data: Data
    /// Offsets in the file of the first byte, and behind the last.
    let start: Int
    var end: Int { start + data.count }
    var count: Int { data.count }
    var range: Range<Int> { start..<end }

    init(_ data: Data, at start: Int = 0) {
        // A slice of another Data keeps its parent's indices; these offsets start at zero.
        self.data = data.startIndex == 0 ? data : Data(data)
        self.start = start
    }

    init(_ bytes: [UInt8]) { self.init(Data(bytes)) }

    /// The little-endian integer at `offset`, or nil where it would reach outside.
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer? {
        guard offset >= start, offset <= end - MemoryLayout<Integer>.size else { return nil }
        return data.withUnsafeBytes {
            Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset - start, as: Integer.self))
        }
    }

    /// The bytes in `range`, which lies within these.
    func array(_ range: Range<Int>) -> [UInt8] { withBytes(range) { [UInt8]($0) } }

    func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(range.lowerBound >= start && range.upperBound <= end)
        return data.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[range.lowerBound - start..<range.upperBound - start]))
        }
    }
}

/// Reads one section of a file from front to back.
struct ByteReader {
    let bytes: FileBytes
    let section: CheckpointError.Section
    private(set) var position: Int
    let end: Int

    init(_ bytes: FileBytes, _ range: Range<Int>, _ section: CheckpointError.Section) {
        self.bytes = bytes
        self.section = section
        position = range.lowerBound
        end = min(range.upperBound, bytes.end)
    }

    var remaining: Int { end - position }

    mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(CheckpointError) -> Integer {
        guard MemoryLayout<Integer>.size <= remaining, let value = bytes.integer(type, at: position) else {
            throw .truncated(section, offset: position)
        }
        position += MemoryLayout<Integer>.size
        return value
    }

    /// A length or offset of any width that must be usable as an `Int`.
    mutating func length<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(CheckpointError) -> Int {
        let start = position
        guard let value = Int(exactly: try integer(type)), value >= 0 else {
            throw .malformed(section, offset: start)
        }
        return value
    }

    mutating func take(_ count: Int) throws(CheckpointError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw .truncated(section, offset: position) }
        defer { position += count }
        return position..<position + count
    }

    /// The bytes before the next line feed, which is skipped.
    mutating func line(limit: Int) throws(CheckpointError) -> Range<Int> {
        let window = position..<position + min(limit + 1, remaining)
        guard let length = bytes.withBytes(window, { $0.firstIndex(of: UInt8(ascii: "\n")) }) else {
            if window.count > limit { throw .limitExceeded(.stringLength, offset: position) }
            throw .truncated(section, offset: position)
        }
        defer { position += length + 1 }
        return position..<position + length
    }

    mutating func skip(_ count: Int) throws(CheckpointError) { _ = try take(count) }
}
