import Foundation

/// Why a file was not written. What stood at the path before is untouched.
public enum FileWriteError: Error, Equatable, Sendable {
    case system(path: String, errno: Int32)
    /// A device, pipe or socket stands at the path: renaming a file over it would take its place.
    case notRegularFile(path: String)

    /// What is wrong and what to do about it.
    public var message: String {
        switch self {
        case .system(let path, let errno):
            "\(path): cannot be written: \(String(cString: strerror(errno)))\(Self.hint(errno))"
        case .notRegularFile(let path):
            "\(path): is a device, pipe or socket, where no file can be put: give the name of a file"
        }
    }

    private static func hint(_ errno: Int32) -> String {
        switch errno {
        case ENOSPC, EDQUOT, EFBIG: ": free some space or choose another folder"
        case EACCES, EPERM, EROFS: ": choose a folder that you may write to"
        case ENOENT, ENOTDIR: ": create its folder first"
        default: ""
        }
    }
}

/// A file that appears under its name only when it is complete, so that nobody sees half of one: the bytes go to a
/// temporary file beside it, which replaces what stood there at the end and is removed if that is not reached.
public struct AtomicFile: ~Copyable {
    /// As the caller gave it, for errors.
    private let path: String
    /// What is replaced: where `path` is a symbolic link, the file that it leads to.
    private let target: String
    private let temporary: String
    /// -1 once it is closed.
    private var descriptor: Int32

    /// Creates the temporary file.
    public init(path: String) throws(FileWriteError) {
        let target = try Self.target(of: path)
        // Exclusive: neither another's file nor one that a link planted there points to is ever written to.
        let temporary = "\(target).\(String(UInt64.random(in: 0...UInt64.max), radix: 16)).partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(path: path, errno: errno) }
        self.path = path
        self.target = target
        self.temporary = temporary
        self.descriptor = descriptor
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    /// Appends all of `bytes`.
    public func write(_ bytes: some ContiguousBytes) throws(FileWriteError) {
        let failure = bytes.withUnsafeBytes { Self.write($0, to: descriptor) }
        guard failure == 0 else { throw .system(path: path, errno: failure) }
    }

    /// Returns zero or the error number.
    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count > 0 {
                written += count
            } else if count == 0 {
                return ENOSPC
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    /// Brings the bytes to the disk and the file to its name. Nothing may be written after it.
    public mutating func commit() throws(FileWriteError) {
        var failure = fsync(descriptor) == 0 ? 0 : errno
        if close(descriptor) != 0, failure == 0 { failure = errno }
        descriptor = -1
        if failure == 0, rename(temporary, target) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            throw .system(path: path, errno: failure)
        }
    }

    private static func target(of path: String) throws(FileWriteError) -> String {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            // Where the folder is missing too, creating the temporary file says so.
            if errno == ENOENT { return path }
            throw .system(path: path, errno: errno)
        }
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        guard stat(path, &status) == 0 else { throw .system(path: path, errno: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .system(path: path, errno: EISDIR)
        default: throw .notRegularFile(path: path)
        }
        guard isLink else { return path }
        guard let resolved = realpath(path, nil) else { throw .system(path: path, errno: errno) }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
