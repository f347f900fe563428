extension StreamError {
    /// What is wrong and what to do; `socket` is the path the user gave.
    public func message(socket: String) -> String {
        switch self {
        case .lineTooLong(let limit): "a line of more than \(byteCount(limit)) was not sent"
        case .pathTooLong(let limit): "\(socket): socket path too long (maximum \(limit) bytes)"
        case .addressInUse: "\(socket): another process listens there: stop it, or choose another --socket"
        case .notASocket: "\(socket): exists and is not a socket: remove it, or choose another --socket"
        case .cannotListen(clinux_ENOENT):
            "\(socket): its directory does not exist: create it, or name another socket with --socket"
        case .cannotListen(clinux_EACCES): "\(socket): permission denied: choose another directory"
        case .cannotListen(let error): "\(socket): cannot listen there: \(errorText(error))"
        case .cannotInherit(let error):
            "the socket unit must pass one listening stream socket (ListenStream=): \(errorText(error))"
        case .cannotStart(let error): "cannot start the stream's server: \(errorText(error))"
        }
    }

    /// What a program ends with that cannot do without the stream.
    public var exitCode: ExitCode {
        switch self {
        case .lineTooLong: .software
        case .pathTooLong: .usage
        case .addressInUse: .unavailable
        case .notASocket: .cannotCreate
        case .cannotListen(let error): error == clinux_EACCES || error == clinux_EPERM ? .noPermission : .cannotCreate
        case .cannotInherit: .usage
        case .cannotStart: .system
        }
    }
}
