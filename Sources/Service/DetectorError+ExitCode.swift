import CLinux
import Detector

extension DetectorError {
    /// What a program ends with that cannot prepare its detector.
    public var exitCode: ExitCode {
        switch self {
        case .model(.cannotOpen(let error)): error == clinux_EACCES || error == clinux_EPERM ? .noPermission : .noInput
        case .model, .engine(.model), .engine(.channels): .badData
        case .engine(.outOfMemory), .engine(.cannotStartThreads): .system
        case .inputSize, .unknownLabel, .engine(.kernelPath): .usage
        }
    }
}
