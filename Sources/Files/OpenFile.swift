import CLinux

/// A regular file of which parts are read, for one that is too large to be read whole.
public final class OpenFile: Sendable {
    /// When it was opened.
    public let byteCount: Int
    private let descriptor: Int32
    private let modified: UInt64

    /// Opens the file at `path`. Never waits, whatever stands there.
    public init(path: UnsafePointer<CChar>) throws(FileError) {
        var descriptor: Int32 = -1
        var status = clinux_file_status()
        var error = clinux_open_read(clinux_working_directory, path, &descriptor)
        guard error == 0 else { throw FileError(error, limit: 0) }
        error = clinux_status(descriptor, &status)
        if error == 0, status.kind != CLINUX_FILE_REGULAR {
            error = status.kind == CLINUX_FILE_DIRECTORY ? clinux_EISDIR : clinux_ENODEV
        }
        guard error == 0, let count = Int(exactly: status.size) else {
            _ = clinux_close(descriptor)
            throw FileError(error, limit: Int.max)
        }
        self.descriptor = descriptor
        byteCount = count
        modified = status.modified
    }

    deinit { _ = clinux_close(descriptor) }

    /// Fills `bytes` from `offset` on; nil, or why that is not possible: `changed` where the file ends before.
    public func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) -> FileError? {
        var done = 0
        while done < bytes.count {
            var got = 0
            let error = clinux_read_at(
                descriptor, bytes.baseAddress! + done, bytes.count - done, UInt64(offset + done), &got)
            if error != 0 { return FileError(error, limit: 0) }
            if got == 0 { return .changed }
            done += got
        }
        return nil
    }

    /// Whether it was written to since it was opened.
    public var hasChanged: Bool {
        var status = clinux_file_status()
        return clinux_status(descriptor, &status) != 0 || status.modified != modified
            || status.size != UInt64(byteCount)
    }
}
