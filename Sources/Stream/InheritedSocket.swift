/// The socket that systemd hands to a service that it starts for it (sd_listen_fds(3)).
public enum InheritedSocket {
    /// The listening socket, or nil where the process was started without one. Takes LISTEN_PID and its like out of the
    /// environment: once per process, before other threads start.
    public static func take() throws(StreamError) -> Int32? {
        var descriptor: Int32 = -1
        let error = clinux_inherited_listener(&descriptor)
        guard error == 0 else { throw .cannotInherit(error) }
        return descriptor < 0 ? nil : descriptor
    }
}
