/// Why a network could not be prepared.
public enum EngineError: Error, Equatable, Sendable {
    /// The model file lacks a tensor, or has it in another shape or type.
    case model(ModelFileError)
    /// The arena or the widened weights do not fit into memory.
    case outOfMemory(byteCount: Int)
    case cannotStartThreads(Int, errno: Int32)
    /// The kernel path that SWIFTLET_PATH names is unknown, or this processor or the model's precision has no such
    /// path; `available` are those to choose from.
    case kernelPath(available: [KernelPath])
    /// The layer has a number of channels for which there are no kernels in the model's precision.
    case channels(Name)
    /// The layer applies a function for which there are no kernels.
    case activation(Name, Activation)
    /// The layer's operation, by its name, is not one that this precision computes where it stands.
    case operation(Name, StaticString, Precision)

    public static func == (left: EngineError, right: EngineError) -> Bool {
        switch (left, right) {
        case (.model(let a), .model(let b)): a == b
        case (.outOfMemory(let a), .outOfMemory(let b)): a == b
        case (.cannotStartThreads(let a, let b), .cannotStartThreads(let c, let d)): a == c && b == d
        case (.kernelPath(let a), .kernelPath(let b)): a == b
        case (.channels(let a), .channels(let b)): a == b
        case (.activation(let a, let b), .activation(let c, let d)): a == c && b == d
        case (.operation(let a, _, let b), .operation(let c, _, let d)): a == c && b == d
        default: false
        }
    }
}
