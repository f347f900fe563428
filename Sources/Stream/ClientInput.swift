/// Unread input of one client: the server thread's own half of a client's place. The other
/// half, `StreamClient`, is guarded by the server's lock; no field is in both but the descriptor, which only the
/// server's thread changes.
struct ClientInput {
    /// -1: the place is free.
    private(set) var descriptor: Int32 = -1
    /// Nothing is read or answered before this time.
    var pausedUntil: UInt64 = 0
    /// The client has shut down its sending side and may continue reading.
    var hasEnded = false
    /// It is being sent away, and no longer listened to.
    var isIgnored = false
    let buffer: UnsafeMutableRawBufferPointer
    var count = 0

    init(buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    mutating func open(_ descriptor: Int32) {
        self = ClientInput(buffer: buffer)
        self.descriptor = descriptor
    }

    /// Gives the memory back; the place is free.
    mutating func close() {
        descriptor = -1
        clinux_give_back(buffer.baseAddress, buffer.count)
    }

    /// Bytes of the first line, newline included; nil when there is none. The end of input ends a line too.
    var line: Int? {
        guard count > 0, let start = buffer.baseAddress else { return nil }
        let end = clinux_find_byte(start, count, UInt8(ascii: "\n"))
        return end < count ? end + 1 : hasEnded ? count : nil
    }

    /// Whether there is something to answer.
    var isPending: Bool { line != nil || count == buffer.count }

    /// Takes the first `length` bytes away.
    mutating func drop(_ length: Int) {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[length..<count])
        buffer.copyMemory(from: rest)
        count = rest.count
    }
}
