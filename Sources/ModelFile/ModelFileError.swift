/// What is wrong with a model file. Offsets are bytes from the file's start.
public enum ModelFileError: Error, Equatable, Sendable {
    case cannotOpen(errno: Int32)
    /// The first four bytes are not "GGUF".
    case notGGUF
    /// Only version 3, little endian, is read.
    case unsupportedVersion(UInt32)
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
    case outOfRange(key: Name)
    case tensor(Name, TensorProblem)

    public enum Part: Sendable {
        case header, metadataKey, metadataValue, tensorInfo, tensorData
    }

    public enum ValueKind: Sendable {
        case integer, float, text, integers, floats, texts
    }

    public enum TensorProblem: Equatable, Sendable {
        case missing
        case unexpected
        case duplicate
        case nameTooLong
        case badShape
        case unsupportedType(UInt32)
        case misaligned(offset: UInt64)
        case outsideFile(offset: UInt64)
        case overlap(with: Name)
        /// The dimensions the network needs and those found, slowest first; unused dimensions are 1.
        case shape(expected: TensorShape, found: TensorShape)
        /// Its elements do not have the type that the others of its kind have.
        case type(expected: StorageType, found: StorageType)
        /// It holds a value that is not finite, not positive where it must be, or out of the range of its format.
        case badValues
    }
}
