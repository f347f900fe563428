import Files

/// What is wrong with a model file. Offsets are bytes from the file's start.
public enum ModelFileError: Error, Equatable, Sendable {
    case cannotRead(FileError)
    /// The first four bytes are not "GGUF".
    case notGGUF
    /// Only version 3, little endian, is read.
    case unsupportedVersion(UInt32)
    /// A model file, but not of the format that this version reads; 1 is that of files without a graph.
    case format(Int)
    /// The file ends inside `part`, which begins at `offset`.
    case truncated(part: Part, offset: Int)
    /// A count in the header is beyond what any model of ours has.
    case tooMany(Part, count: UInt64)
    /// A metadata value of a type that GGUF does not define, or an array of arrays.
    case unknownValueType(key: Name, type: UInt32)
    /// The key's first 63 bytes; it has more.
    case keyTooLong(Name)
    case duplicateKey(Name)
    case missingKey(Name)
    case wrongType(key: Name, expected: ValueKind)
    /// The value is none that a network of ours can have.
    case outOfRange(key: Name)
    /// The label at this place among the classes, the background being 0, is longer than `limit` bytes.
    case labelTooLong(index: Int, limit: Int)
    /// A classifier's output is a map of that size instead of one row of logits.
    case output(height: Int, width: Int)
    /// A segmenter's output is a map of that size, larger than its input.
    case enlarged(height: Int, width: Int)
    case tensor(Name, TensorProblem)

    /// Which part of the file an error is about.
    public enum Part: Sendable {
        case header, metadataKey, metadataValue, tensorInfo, tensorData
    }

    /// What is expected under a key: one value, or an array of them.
    public enum ValueKind: Sendable {
        case integer, float, text, integers, floats, texts
    }

    /// What is wrong with one tensor, by itself or for the network that the file names.
    public enum TensorProblem: Equatable, Sendable {
        /// The network needs it, and the file has none.
        case missing
        /// It belongs to no layer of the network.
        case unexpected
        case duplicate
        /// Its name has more than 63 bytes; the error has the first of them.
        case nameTooLong
        /// No or more than four dimensions, one of them out of 1...2147483647, or too many elements.
        case badShape
        /// GGUF's number of the element type, which is none of `StorageType`.
        case unsupportedType(UInt32)
        /// The offset from the start of the tensors' data is no multiple of the file's alignment.
        case misaligned(offset: UInt64)
        /// The offset from the start of the tensors' data; the tensor reaches past the end of the file.
        case outsideFile(offset: UInt64)
        case overlap(with: Name)
        /// The dimensions the network needs and those found, slowest first; unused dimensions are 1.
        case shape(expected: TensorShape, found: TensorShape)
        /// Its elements do not have the type that the others of its kind have.
        case type(expected: StorageType, found: StorageType)
        /// It contains a value that is not finite, not positive where it must be, or out of the range of its format.
        case badValues
    }
}
