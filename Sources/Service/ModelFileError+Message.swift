extension ModelFileError {
    /// What is wrong with the model file and what to do about it; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .cannotRead(let error): error.message
        case .notGGUF: "is not a GGUF file: make one with 'swiftlet-model import'"
        case .unsupportedVersion(let version): "is GGUF version \(version); only version 3 is read: import it again"
        case .format(1):
            "has the format of an older version: write it again with 'swiftlet-model upgrade OLD.gguf -o NEW.gguf'"
        case .format(let format): "has format \(format), which a newer version made; format 2 is read: update swiftlet"
        case .truncated(let part, let offset):
            "ends inside \(part.text) at byte \(offset): the file is incomplete, copy it again"
        case .tooMany(let part, let count): "claims \(count) for \(part.text), more than any model has: it is damaged"
        case .unknownValueType(let key, let type): "key '\(key.text)' has the unknown value type \(type): it is damaged"
        case .keyTooLong(let key): "has a key of more than \(Name.capacity) bytes, '\(key.text)...': it is damaged"
        case .duplicateKey(let key): "holds the key '\(key.text)' twice: it is damaged"
        case .missingKey(let key): "has no key '\(key.text)': import it again with this version of swiftlet-model"
        case .wrongType(let key, let expected): "key '\(key.text)' is not \(expected.text)"
        case .outOfRange(let key): "key '\(key.text)' has a value that no known network allows"
        case .labelTooLong(let index, let limit):
            "the label of class \(index) has more than \(limit) bytes: shorten it and import the model again"
        case .tensor(let name, let problem): "tensor '\(name.text)' \(problem.text)"
        }
    }
}

extension ModelFileError.Part {
    fileprivate var text: String {
        switch self {
        case .header: "the header"
        case .metadataKey: "a metadata key"
        case .metadataValue: "a metadata value"
        case .tensorInfo: "a tensor's description"
        case .tensorData: "the tensor data"
        }
    }
}

extension ModelFileError.ValueKind {
    fileprivate var text: String {
        switch self {
        case .integer: "a whole number"
        case .float: "a number"
        case .text: "a text"
        case .integers: "a list of whole numbers"
        case .floats: "a list of numbers"
        case .texts: "a list of texts"
        }
    }
}

extension ModelFileError.TensorProblem {
    fileprivate var text: String {
        switch self {
        case .missing: "is missing: the file does not hold the network that it names"
        case .unexpected: "belongs to no layer of the network that the file names"
        case .duplicate: "occurs twice: the file is damaged"
        case .nameTooLong: "has a name of more than \(Name.capacity) bytes"
        case .badShape: "has an impossible shape: the file is damaged"
        case .unsupportedType(let type): "is stored as GGUF type \(type), which this version does not run"
        case .misaligned(let offset): "is not aligned (offset \(offset)): the file is damaged"
        case .outsideFile(let offset): "lies outside the file (offset \(offset)): the file is incomplete, copy it again"
        case .overlap(let other): "overlaps '\(other.text)': the file is damaged"
        case .shape(let expected, let found): "is \(found.text), but the network needs \(expected.text)"
        case .type(let expected, let found): "holds \(found.text) values, but \(expected.text) ones belong there"
        case .badValues: "holds values that no such tensor can have: make the model file again"
        }
    }
}

extension TensorShape {
    /// For example "3 x 3 x 16", without leading ones.
    public var text: String {
        var text = ""
        for axis in 0..<4 where axis == 3 || dimensions[axis] != 1 || !text.isEmpty {
            text += text.isEmpty ? "\(dimensions[axis])" : " x \(dimensions[axis])"
        }
        return text
    }
}

extension StorageType {
    /// A precision's name.
    public var text: StaticString {
        switch self {
        case .float32: "fp32"
        case .float16: "fp16"
        case .int8: "int8"
        }
    }
}
