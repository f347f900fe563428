import ModelFile

/// Why a network could not be prepared.
public enum EngineError: Error, Equatable, Sendable {
    /// The model file lacks a tensor, or has it in another shape or type.
    case model(ModelFileError)
    /// The arena or the widened weights do not fit into memory.
    case outOfMemory(byteCount: Int)
    case cannotStartThreads(errno: Int32)
}
