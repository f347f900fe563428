extension ModelError {
    /// What a program ends with that cannot prepare its model.
    public var exitCode: ExitCode {
        switch self {
        case .model(.cannotRead(.system(clinux_EACCES))), .model(.cannotRead(.system(clinux_EPERM))): .noPermission
        case .model(.cannotRead(let error)): error.exitCode
        case .model, .graph, .engine(.model), .engine(.channels), .engine(.activation), .engine(.operation):
            .badData
        case .engine(.outOfMemory), .engine(.cannotStartThreads), .noMemoryForImages: .system
        case .inputSize, .unknownLabel, .engine(.kernelPath): .usage
        }
    }
}
