/// The socket file that clients connect to. It is made with mode 0660, for the group `swiftlet` where there is one and
/// the process may, and removed with its owner, unless another process has put its own in its place. One that was
/// inherited from another process is that one's to remove.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// nil for an inherited socket.
    private let path: UnsafeMutablePointer<CChar>?
    private let device: UInt64
    private let inode: UInt64

    init(path: UnsafePointer<CChar>, backlog: Int32) throws(StreamError) {
        guard clinux_string_length(path) <= clinux_unix_path_limit else {
            throw .pathTooLong(limit: clinux_unix_path_limit)
        }
        // Another daemon that starts just now must not take this one's socket, bound but not listening yet, for a stale
        // one, nor the other way round. Daemons hold the lock for a moment: where it cannot be had, another process has it,
        // who must not keep this one from starting.
        var lock: Int32 = -1
        let isLocked = clinux_unix_lock_directory(path, &lock) == 0
        defer { if isLocked { _ = clinux_close(lock) } }
        let descriptor = try Self.listen(path, backlog: backlog)
        var status = clinux_file_status()
        let error = clinux_path_status(path, &status)
        guard error == 0 else {
            _ = clinux_close(descriptor)
            throw .cannotListen(error)
        }
        self.descriptor = descriptor
        device = status.device
        inode = status.inode
        let length = clinux_string_length(path)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: length + 1)
        copy.initialize(from: path, count: length + 1)
        self.path = copy
    }

    /// Takes over a socket that listens already.
    init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        path = nil
        (device, inode) = (0, 0)
    }

    deinit {
        if let path {
            var status = clinux_file_status()
            if clinux_path_status(path, &status) == 0, status.device == device, status.inode == inode {
                _ = clinux_unlink(path)
            }
            path.deallocate()
        }
        _ = clinux_close(descriptor)
    }

    private static func listen(_ path: UnsafePointer<CChar>, backlog: Int32) throws(StreamError) -> Int32 {
        var descriptor: Int32 = -1
        let group = clinux_group("swiftlet")
        var error = clinux_unix_listen(path, 0o660, group, backlog, &descriptor)
        if error == clinux_EADDRINUSE {
            try removeStale(path)
            error = clinux_unix_listen(path, 0o660, group, backlog, &descriptor)
        }
        switch error {
        case 0: return descriptor
        case clinux_EADDRINUSE: throw .addressInUse
        default: throw .cannotListen(error)
        }
    }

    /// Removes a socket file without a listener.
    private static func removeStale(_ path: UnsafePointer<CChar>) throws(StreamError) {
        var status = clinux_file_status()
        var error = clinux_path_status(path, &status)
        // Gone in the meantime.
        if error == clinux_ENOENT { return }
        guard error == 0 else { throw .cannotListen(error) }
        guard status.kind == CLINUX_FILE_SOCKET else { throw .notASocket }
        var probe: Int32 = -1
        error = clinux_unix_connect(path, &probe)
        if error == 0 { _ = clinux_close(probe) }
        switch error {
        case clinux_ECONNREFUSED: break
        // A full queue of connections has someone behind it.
        case 0, clinux_EAGAIN: throw .addressInUse
        case clinux_ENOENT: return
        default: throw .cannotListen(error)
        }
        error = clinux_unlink(path)
        guard error == 0 || error == clinux_ENOENT else { throw .cannotListen(error) }
    }
}
