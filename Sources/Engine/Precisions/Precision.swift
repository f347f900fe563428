/// The type in which a network stores its activations.
public enum Precision: Sendable {
    /// IEEE single precision, the reference.
    case fp32
    /// IEEE half precision; cores without fp16 arithmetic compute in single precision.
    case fp16
    /// A byte with a scale and a zero point, by tensor or by channel.
    case int8

    /// As messages and options spell it: "fp32", "fp16" or "int8".
    public var name: StaticString {
        switch self {
        case .fp32: "fp32"
        case .fp16: "fp16"
        case .int8: "int8"
        }
    }

    /// Bytes of an activation.
    var elementByteCount: Int {
        switch self {
        case .fp32: 4
        case .fp16: 2
        case .int8: 1
        }
    }

    /// The channels that kernels write at a time.
    var channelMultiple: Int { self == .fp32 ? 1 : 8 }

    /// How the engine runs `file`: int8 if it contains a tensor of that type, else fp16 if it contains one, else fp32.
    public init(running file: ModelFile) {
        self = .fp32
        for tensor in file.tensors where tensor.storageType == .float16 { self = .fp16 }
        for tensor in file.tensors where tensor.storageType == .int8 { self = .int8 }
    }
}
