import Foundation

/// The bytes of a file, mapped or in memory. Every access is checked against their count.
struct FileBytes: Sendable {
    private let data: Data

    var count: Int { data.count }

    init(_ data: Data) {
        // A slice of another Data keeps its parent's indices; these offsets start at zero.
        self.data = data.startIndex == 0 ? data : Data(data)
    }

    /// Maps a regular file. Nothing is read until it is used; whoever shortens the file meanwhile ends the process.
    init(path: String) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .cannotOpen(path: path, errno: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            self.init(Data())
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw .cannotOpen(path: path, errno: errno)
        }
        self.init(Data(bytesNoCopy: address, count: size, deallocator: .custom { _ = munmap($0, $1) }))
    }

    /// The little-endian integer at `offset`, or nil where it would reach past the end.
    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer? {
        guard offset >= 0, offset <= count - MemoryLayout<Integer>.size else { return nil }
        return data.withUnsafeBytes {
            Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Integer.self))
        }
    }

    /// The bytes in `range`, which lies within the file.
    func array(_ range: Range<Int>) -> [UInt8] { withBytes(range) { [UInt8]($0) } }

    func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return data.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
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
        end = min(range.upperBound, bytes.count)
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
