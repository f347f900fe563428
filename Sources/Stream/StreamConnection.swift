/// A client's end of the stream: lines come in, requests go out. It may be opened again and again; its memory is taken
/// once, at the start.
public struct StreamConnection: ~Copyable {
    /// What `receive` found.
    public enum Arrival: Sendable {
        /// Bytes have come, or none for now.
        case bytes
        /// The daemon has closed the connection, or an error has.
        case end
    }

    /// -1 while it is closed. To be waited for with poll.
    public private(set) var descriptor: Int32 = -1
    /// The descriptor that came last and is not taken yet; -1 for none.
    private var received: Int32 = -1
    private var buffer = LineBuffer()
    private var reader = StreamLineReader()

    /// Closed.
    public init() {}

    deinit {
        if descriptor >= 0 { _ = clinux_close(descriptor) }
        if received >= 0 { _ = clinux_close(received) }
    }

    /// Whether `descriptor` is one.
    public var isOpen: Bool { descriptor >= 0 }

    /// Connects to the socket at `path`. Returns an errno value, 0 for success.
    public mutating func open(_ path: UnsafePointer<CChar>) -> Int32 {
        close()
        let error = clinux_unix_connect(path, &descriptor)
        if error != 0 { descriptor = -1 }
        return error
    }

    /// Forgets what has come and was not read, and closes a descriptor that was not taken.
    public mutating func close() {
        if descriptor >= 0 { _ = clinux_close(descriptor) }
        descriptor = -1
        closeReceived()
        buffer.clear()
    }

    /// Takes what has come, at most once as much as there is room for. Never waits; lines that were given out are void.
    public mutating func receive() -> Arrival {
        let room = buffer.room()
        guard let start = room.baseAddress, !room.isEmpty else { return .bytes }
        var got = 0
        var newest: Int32 = -1
        let error = clinux_receive_descriptor(descriptor, start, room.count, &got, &newest)
        if error == clinux_EAGAIN { return .bytes }
        guard error == 0, got > 0 else { return .end }
        if newest >= 0 {
            closeReceived()
            received = newest
        }
        buffer.added(got)
        return .bytes
    }

    /// Waits until something has come, and takes it; nil when `deadline`, of the monotonic clock, comes first.
    public mutating func receive(until deadline: UInt64) -> Arrival? {
        while true {
            let now = clinux_monotonic_ns()
            guard now < deadline else { return nil }
            var isReady = false, unused = false
            _ = clinux_wait_readable(descriptor, -1, Int64(deadline - now), &isReady, &unused)
            if isReady { return receive() }
        }
    }

    /// The next line that has come whole, nil where there is none. Valid until the next call of any function here.
    public mutating func next() throws(StreamLineError) -> StreamLine? {
        guard let bytes = try buffer.next() else { return nil }
        return try reader.read(bytes)
    }

    /// Sends one line, newline included. False when it cannot be sent whole at once: such a connection is of no use.
    public mutating func send(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let start = line.baseAddress else { return true }
        var sent = 0
        return clinux_send(descriptor, start, line.count, &sent) == 0 && sent == line.count
    }

    /// The descriptor that came last, once: the caller closes it. -1 where there is none. The daemon sends one with a
    /// snapshot's line and no other before that was taken.
    public mutating func takeDescriptor() -> Int32 {
        defer { received = -1 }
        return received
    }

    private mutating func closeReceived() {
        if received >= 0 { _ = clinux_close(received) }
        received = -1
    }
}
