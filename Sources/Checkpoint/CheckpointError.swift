/// Why a checkpoint cannot be read or written. Offsets are bytes from the start of the file, unless said otherwise.
public enum CheckpointError: Error, Sendable, Equatable {
    /// It cannot be read, or was written to meanwhile.
    case file(path: String, FileError)
    case cannotWrite(path: String, OutputError)
    /// Neither a PyTorch file nor a safetensors file, nor any other that is known.
    case notACheckpoint
    /// A file of another kind, which may stand for the weights.
    case foreignFile(ForeignFile)
    /// A TorchScript program, not a state_dict.
    case torchScript
    case bigEndian
    /// A field reaches past the end of the file or of its section.
    case truncated(Section, offset: Int)
    /// A field contradicts the format or another field.
    case malformed(Section, offset: Int)
    case limitExceeded(Limit, offset: Int)

    /// A zip entry that is deflated or encrypted; PyTorch stores its records plainly.
    case compressedRecord(String)
    case missingRecord(String)
    case duplicateRecord(String)
    case checksumMismatch(record: String)

    /// The pickle names something that only does harm where it is loaded; nothing was executed.
    case forbiddenGlobal(String)
    /// A tensor that is needed is made by something that is not known.
    case unknownTensor(String, maker: String)
    /// The pickle calls a known global with arguments that no checkpoint has. The offset counts from the pickle's
    /// start.
    case invalidCall(String, offset: Int)
    case unsupportedOpcode(UInt8, offset: Int)

    /// The pickled object contains no dictionary from names to tensors.
    case noStateDict
    case duplicateTensor(String)
    case unsupportedElementType(String, tensor: String)
    case invalidTensor(String, TensorProblem)

    /// The part of a file that an error is about.
    public enum Section: String, Sendable {
        case zipDirectory = "zip directory"
        case zipRecord = "zip record"
        case pickle = "pickle"
        case legacyHeader = "header of the PyTorch file (before 1.6)"
        case legacyStorages = "storages of the PyTorch file (before 1.6)"
        case safetensorsHeader = "safetensors header"
        case safetensorsData = "safetensors data"
    }

    /// A bound that keeps a hostile file from taking more memory or time than a checkpoint needs.
    public enum Limit: String, Sendable {
        case headerLength = "header length"
        case opcodes = "number of pickle opcodes"
        case stackDepth = "pickle stack depth"
        case nesting = "pickle nesting depth"
        case memoEntries = "number of memo entries"
        case stringLength = "string length"
        case tensors = "number of tensors"
        case rank = "number of dimensions"
        case elements = "number of elements of all tensors together"
        case storages = "number of bytes of the tensors' storages"
        case recordLength = "length of a zip record"
    }

    /// What is wrong with one tensor.
    public enum TensorProblem: Sendable, Equatable {
        /// A view that reaches past its storage's elements.
        case outsideStorage(elements: Int)
        /// The stored bytes are not what the element type and count ask for.
        case sizeMismatch(expected: Int, found: Int)
        /// Begins before the bytes of another tensor end.
        case overlap
        /// Unclaimed bytes lie before the tensor.
        case gap
        /// Sizes or strides are negative, of different counts, or their product overflows.
        case shape
        /// The name is `__metadata__`, which safetensors keeps for something else.
        case reservedName
    }
}
