import CLinux

/// Something that one thread signals and another waits for with poll.
public struct Event: ~Copyable, Sendable {
    /// Readable once signalled, until cleared: for poll. Valid as long as the event.
    public let descriptor: Int32

    /// Throws where there is no descriptor left.
    public init() throws(SystemError) {
        var descriptor: Int32 = -1
        let error = clinux_event_create(&descriptor)
        guard error == 0 else { throw SystemError(.event, error) }
        self.descriptor = descriptor
    }

    deinit { _ = clinux_close(descriptor) }

    /// For any thread. Several signals before a `clear` count as one.
    public func signal() { clinux_event_signal(descriptor) }
    /// For the thread that waits.
    public func clear() { clinux_event_clear(descriptor) }
}
