import CLinux

/// Why a file cannot be read.
public enum FileError: Error, Equatable, Sendable {
    /// What the system says of it: an errno value.
    case system(Int32)
    case directory
    /// A pipe, a device or a socket.
    case notRegularFile
    /// It has more bytes than any file of its kind.
    case tooLarge(limit: Int)
    /// Another program wrote to it meanwhile: what was read may be half of this and half of that.
    case changed

    /// Of what the functions of CLinux return.
    init(_ errno: Int32, limit: Int) {
        self =
            switch errno {
            case clinux_EISDIR: .directory
            case clinux_ENODEV, clinux_ENXIO: .notRegularFile
            case clinux_EFBIG: .tooLarge(limit: limit)
            case clinux_ESTALE: .changed
            default: .system(errno)
            }
    }
}

/// The bytes of a regular file, read once into private memory: later writes to the file change nothing here.
public struct FileContents: ~Copyable {
    /// Aligned to a page; valid for as long as the contents are.
    public let bytes: UnsafeRawBufferPointer

    /// Reads the file at `path`. Never waits, whatever stands there.
    ///
    /// - Parameter limit: the maximum of bytes that are read; a file with more is rejected, whatever size the system tells.
    public init(path: UnsafePointer<CChar>, limit: Int) throws(FileError) {
        var descriptor: Int32 = -1
        let error = clinux_open_read(clinux_working_directory, path, &descriptor)
        guard error == 0 else { throw FileError(error, limit: limit) }
        defer { _ = clinux_close(descriptor) }
        try self.init(descriptor: descriptor, limit: limit)
    }

    /// Reads the file that is open as `descriptor`, from its first byte on. The descriptor stays open.
    public init(descriptor: Int32, limit: Int) throws(FileError) {
        var address: UnsafeMutableRawPointer?
        var size = 0
        let error = clinux_read_file(descriptor, limit, &address, &size)
        guard error == 0 else { throw FileError(error, limit: limit) }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let address = bytes.baseAddress { _ = clinux_unmap(address, bytes.count) }
    }
}
