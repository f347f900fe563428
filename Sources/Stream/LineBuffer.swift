/// Puts lines together again from whatever pieces a socket gives. All memory is taken at the start.
///
///     let got = receive(into: buffer.room)
///     buffer.added(got)
///     while let line = try buffer.next() { ... }
public struct LineBuffer: ~Copyable {
    private let bytes: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// Bytes from `start` on that have no newline.
    private var searched = 0

    /// - Parameter capacity: bytes of the longest line, newline included.
    public init(capacity: Int = StreamProtocol.helloLimit) {
        bytes = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { bytes.deallocate() }

    /// Forgets what has come.
    public mutating func clear() { (start, end, searched) = (0, 0, 0) }

    /// Where the next bytes go; empty only when a line that is too long fills all. Lines that were given out are void.
    public mutating func room() -> UnsafeMutableRawBufferPointer {
        if start > 0 {
            bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            (start, end) = (0, end - start)
        }
        return UnsafeMutableRawBufferPointer(rebasing: bytes[end...])
    }

    /// That many bytes have come into the room.
    public mutating func added(_ count: Int) {
        precondition(count >= 0 && count <= bytes.count - end, "more than there was room for")
        end += count
    }

    /// The next whole line without its newline, or nil until more bytes have come.
    public mutating func next() throws(StreamLineError) -> UnsafeRawBufferPointer? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        guard let first = rest.baseAddress else { return nil }
        let found = searched + clinux_find_byte(first + searched, rest.count - searched, UInt8(ascii: "\n"))
        guard found < rest.count else {
            searched = rest.count
            guard rest.count < bytes.count else { throw .tooLong(limit: bytes.count) }
            return nil
        }
        start += found + 1
        searched = 0
        return UnsafeRawBufferPointer(rebasing: rest[..<found])
    }
}
