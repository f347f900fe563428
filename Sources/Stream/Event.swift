import CLinux

/// Something that one thread signals and another waits for with poll.
struct Event: ~Copyable {
    let descriptor: Int32

    init() throws(StreamError) {
        var descriptor: Int32 = -1
        let error = clinux_event_create(&descriptor)
        guard error == 0 else { throw .cannotStart(error) }
        self.descriptor = descriptor
    }

    deinit { _ = clinux_close(descriptor) }

    func signal() { clinux_event_signal(descriptor) }
    func clear() { clinux_event_clear(descriptor) }
}
