/// The names that a checkpoint's pickle may use. Nothing is looked up or executed: a global only says how its
/// arguments are to be understood. All others are refused.
enum PickleGlobal {
    case orderedDictionary
    case defaultDictionary
    case rebuildTensor
    case rebuildParameter
    case size
    case storage(ElementType)
    /// A type whose values say nothing about tensors; its constructor is not followed.
    case inertType
    /// May be mentioned, not called.
    case constant

    init(module: String, name: String) throws(CheckpointError) {
        let qualified = "\(module).\(name)"
        if module == "torch" || module == "torch.cuda", name.hasSuffix("Storage") {
            guard let elementType = Self.storages[name] else { throw .forbiddenGlobal(qualified) }
            self = .storage(elementType)
        } else if let known = Self.known[qualified] {
            self = known
        } else if module == "torch", Self.elementTypeNames.contains(name) {
            self = .constant
        } else {
            throw .forbiddenGlobal(qualified)
        }
    }

    private static let known: [String: PickleGlobal] = [
        "collections.OrderedDict": .orderedDictionary,
        "collections.defaultdict": .defaultDictionary,
        "torch._utils._rebuild_tensor": .rebuildTensor,
        "torch._utils._rebuild_tensor_v2": .rebuildTensor,
        "torch._utils._rebuild_parameter": .rebuildParameter,
        "torch.Size": .size,
        "torch.device": .inertType,
        // Factories of default dictionaries, and sets, in the optimiser states of training checkpoints.
        "builtins.dict": .constant, "__builtin__.dict": .constant,
        "builtins.list": .constant, "__builtin__.list": .constant,
        "builtins.set": .inertType, "__builtin__.set": .inertType,
    ]

    private static let storages: [String: ElementType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "DoubleStorage": .float64,
        "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
        "ByteStorage": .uint8, "BoolStorage": .bool,
    ]

    private static let elementTypeNames: Set<String> = [
        "float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool",
    ]
}
