extension OutputError {
    /// What a program ends with that could not write its result.
    public var exitCode: ExitCode { self == .isInput ? .usage : .cannotCreate }
}

extension FileError {
    /// What a program ends with that cannot do without the file.
    public var exitCode: ExitCode {
        switch self {
        case .system(clinux_ENOMEM): .system
        case .system(clinux_EACCES), .system(clinux_EPERM): .noPermission
        case .tooLarge: .badData
        case .system, .directory, .notRegularFile, .changed: .noInput
        }
    }
}
