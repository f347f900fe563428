import ModelFile

/// Why a network could not be prepared.
public enum EngineError: Error, Equatable, Sendable {
    /// The model file lacks a tensor, or has it in another shape or type.
    case model(ModelFileError)
    /// The arena or the widened weights do not fit into memory.
    case outOfMemory(byteCount: Int)
    case cannotStartThreads(errno: Int32)
    /// The kernel path that SWIFTLET_PATH names is unknown, or this processor or the model's precision has no such
    /// path; `available` are those to choose from.
    case kernelPath(available: [KernelPath])
    /// The layer has a number of channels for which there are no kernels in the model's precision.
    case channels(Name)
}
