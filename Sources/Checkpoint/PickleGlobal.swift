/// What a pickle refers to by name. Nothing is looked up or executed: a global only says how its arguments are to be
/// understood, and one that is not known makes an object of which only the contents are looked at.
enum PickleGlobal {
    case orderedDictionary
    case defaultDictionary
    case rebuildTensor
    case rebuildParameter
    /// Calls another of these.
    case rebuildFromType
    case size
    case storage(ElementType)
    /// By its qualified name.
    case foreign(String)

    /// Throws `forbiddenGlobal` for what has no place in a checkpoint but to do harm where one is loaded by Python.
    init(module: String, name: String) throws(CheckpointError) {
        let qualified = "\(module).\(name)"
        let package = module.prefix { $0 != "." }
        if Self.harmful.contains(qualified) || Self.harmfulPackages.contains(String(package)) {
            throw .forbiddenGlobal(qualified)
        }
        if module == "torch" || module == "torch.cuda", let elementType = Self.storages[name] {
            self = .storage(elementType)
        } else {
            self = Self.known[qualified] ?? .foreign(qualified)
        }
    }

    private static let known: [String: PickleGlobal] = [
        "collections.OrderedDict": .orderedDictionary,
        "collections.defaultdict": .defaultDictionary,
        "torch._utils._rebuild_tensor": .rebuildTensor,
        "torch._utils._rebuild_tensor_v2": .rebuildTensor,
        "torch._utils._rebuild_parameter": .rebuildParameter,
        "torch._utils._rebuild_parameter_with_state": .rebuildParameter,
        "torch._tensor._rebuild_from_type": .rebuildFromType,
        "torch._tensor._rebuild_from_type_v2": .rebuildFromType,
        "torch.Size": .size,
    ]

    private static let storages: [String: ElementType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "DoubleStorage": .float64,
        "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
        "ByteStorage": .uint8, "BoolStorage": .bool,
    ]

    /// Not to protect this program, which calls nothing: a file with one of these is an attack on its reader.
    private static let harmfulPackages: Set<String> = [
        "subprocess", "pty", "runpy", "socket", "webbrowser", "ctypes", "commands", "code", "pdb", "timeit",
    ]

    private static let harmful: Set<String> = {
        var names: Set<String> = ["torch.load", "torch.hub.load", "importlib.import_module", "shutil.rmtree", "sys.exit"]
        for module in ["builtins", "__builtin__"] {
            for name in ["eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint"] {
                names.insert("\(module).\(name)")
            }
        }
        for module in ["os", "posix", "nt"] {
            for name in [
                "system", "popen", "execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe", "spawnl",
                "spawnle", "spawnlp", "spawnv", "spawnve", "spawnvp", "posix_spawn", "posix_spawnp", "startfile", "fork",
                "kill", "remove", "unlink", "rmdir", "removedirs", "rename", "replace", "putenv", "open",
            ] { names.insert("\(module).\(name)") }
        }
        return names
    }()
}
