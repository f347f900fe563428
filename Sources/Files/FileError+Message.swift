import CLinux

extension FileError {
    /// What is wrong and what to do; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .system(let errno): "\(words(errno))"
        case .directory: "is a directory: name a regular file"
        case .notRegularFile: "is a pipe, device or socket: name a regular file"
        case .tooLarge(let limit): "is larger than \(limit >> 10) KiB, the maximum: is it the right file?"
        case .changed: "changed while it was being read: try again once nothing writes to it"
        }
    }
}

extension OutputError {
    /// What is wrong and what to do; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .system(let errno): "\(words(errno))\(hint(errno))"
        case .notRegularFile: "is a device, pipe or socket: name a regular file"
        case .isInput: "is an input of this command: choose another output file"
        }
    }
}

private func words(_ errno: Int32) -> String { String(cString: clinux_error_text(errno)) }

private func hint(_ errno: Int32) -> StaticString {
    switch errno {
    case clinux_ENOSPC, clinux_EDQUOT: ": free some space or choose another directory"
    case clinux_EFBIG: ": raise the limit on the size of files (ulimit -f)"
    case clinux_EACCES, clinux_EPERM, clinux_EROFS: ": choose a file or directory that you can write to"
    case clinux_ENOENT, clinux_ENOTDIR: ": create its directory first"
    case clinux_EISDIR: ": name a regular file"
    case clinux_ENXIO: ": nothing reads from it"
    default: ""
    }
}
