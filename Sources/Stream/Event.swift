import CLinux

/// Something that one thread signals and another waits for with poll.
public struct Event: ~Copyable {
    public let descriptor: Int32

    public init() throws(StreamError) {
        var descriptor: Int32 = -1
        let error = clinux_event_create(&descriptor)
        guard error == 0 else { throw .cannotStart(error) }
        self.descriptor = descriptor
    }

    deinit { _ = clinux_close(descriptor) }

    public func signal() { clinux_event_signal(descriptor) }
    public func clear() { clinux_event_clear(descriptor) }
}
