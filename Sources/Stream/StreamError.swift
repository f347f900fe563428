/// Why a line or the socket cannot be made. Numbers are errno values.
public enum StreamError: Error, Equatable {
    case lineTooLong(limit: Int)
    case pathTooLong(limit: Int)
    /// Another process accepts connections at the path.
    case addressInUse
    /// The path names something that is not a socket; it is left alone.
    case notASocket
    case cannotListen(Int32)
    /// What the process was started with is not just one listening Unix stream socket.
    case cannotInherit(Int32)
    /// No memory, descriptor or thread for the server.
    case cannotStart(Int32)
}
