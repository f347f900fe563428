import CLinux

extension FileError {
    /// What is wrong and what to do; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .system(let errno): "cannot be read: \(words(errno))"
        case .directory: "is a directory: give the name of a file"
        case .notRegularFile: "is a pipe, device or socket: give the name of a file"
        case .tooLarge(let limit): "has more than \(limit >> 10) KiB, the maximum: is it the right file?"
        case .changed: "was changed while it was read: try again once nothing writes to it"
        }
    }
}

extension OutputError {
    /// What is wrong and what to do; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .system(let errno): "cannot be written: \(words(errno))\(hint(errno))"
        case .notRegularFile: "is a device, pipe or socket, where no file can be put: give the name of a file"
        case .isInput: "is what this command reads: give the output another name"
        }
    }
}

private func words(_ errno: Int32) -> String { String(cString: clinux_error_text(errno)) }

private func hint(_ errno: Int32) -> StaticString {
    switch errno {
    case clinux_ENOSPC, clinux_EDQUOT: ": free some space or choose another directory"
    case clinux_EFBIG: ": raise the limit on the size of files (ulimit -f)"
    case clinux_EACCES, clinux_EPERM, clinux_EROFS: ": choose a file or directory that you may write to"
    case clinux_ENOENT, clinux_ENOTDIR: ": create its directory first"
    case clinux_EISDIR: ": give the name of a file"
    case clinux_ENXIO: ": nobody reads from it"
    default: ""
    }
}
