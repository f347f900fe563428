/// Why a client's connection failed, and what to do; `error` is an errno value, `socket` the path the user gave.
public func connectionMessage(_ error: Int32, socket: String) -> String {
    switch error {
    case clinux_ENOENT, clinux_ECONNREFUSED:
        "\(socket): nothing listens there: is swiftletd running with this --socket?"
    case clinux_EACCES, clinux_EPERM: "\(socket): permission denied: add this user to group swiftlet"
    case clinux_EAGAIN: "\(socket): swiftletd is busy: try again"
    case clinux_ENAMETOOLONG: "\(socket): socket path too long (maximum \(clinux_unix_path_limit) bytes)"
    default: "\(socket): cannot connect: \(errorText(error))"
    }
}

/// What a program ends with when it cannot connect.
public func connectionExitCode(_ error: Int32) -> ExitCode {
    switch error {
    case clinux_EACCES, clinux_EPERM: .noPermission
    case clinux_ENAMETOOLONG: .usage
    default: .unavailable
    }
}

/// A daemon whose hello line names another protocol than this program reads.
public func protocolMessage(_ version: Int, socket: String) -> String {
    "\(socket): speaks protocol \(version), not \(StreamProtocol.version): use the swiftlet of the same version"
}

extension StreamLineError {
    /// What is wrong, as the rest of a sentence about a socket.
    public var message: String {
        switch self {
        case .json(.notUTF8): "sends a line that is not UTF-8"
        case .json, .notAnObject: "sends a line that is not JSON"
        case .repeated, .badValue, .missing, .tooManyDetections: "sends an invalid line"
        case .tooLong(let limit): "sends a line of more than \(byteCount(limit))"
        }
    }
}
