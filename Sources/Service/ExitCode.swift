/// What a program ends with, by the numbers of sysexits.h.
public enum ExitCode: Int32, Sendable {
    case success = 0
    /// The command line is wrong.
    case usage = 64
    /// An input was read but its contents are wrong.
    case badData = 65
    /// An input does not exist or cannot be read.
    case noInput = 66
    /// Something that is needed is not there: a camera, another process.
    case unavailable = 69
    /// A defect of the program.
    case software = 70
    /// Out of memory, threads or file descriptors.
    case system = 71
    /// An output cannot be created.
    case cannotCreate = 73
    /// Reading or writing failed.
    case ioError = 74
    case noPermission = 77
    /// The configuration is wrong.
    case configuration = 78

    /// Ends the process.
    public func exit() -> Never { clinux_exit(rawValue) }
}
