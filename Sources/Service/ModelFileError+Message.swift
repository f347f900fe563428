extension ModelFileError {
    /// What is wrong with the model file and what to do about it; the caller puts the file's name in front.
    public var message: String {
        switch self {
        case .cannotRead(let error): error.message
        case .notGGUF: "is not a GGUF file: make one with 'swiftlet-model import'"
        case .unsupportedVersion(let version):
            "is GGUF version \(version), but only version 3 is supported: import the model again"
        case .format(1):
            "has the format of an older version: write it again with 'swiftlet-model upgrade OLD.gguf -o NEW.gguf'"
        case .format(let format): "has format \(format), newer than the supported format 2: update swiftlet"
        case .truncated(let part, let offset):
            "ends inside \(part.text) at byte \(offset): incomplete file, copy it again"
        case .tooMany(let part, let count): "declares \(count) \(part.limit): corrupt file"
        case .unknownValueType(let key, let type): "key '\(key.text)' has the unknown value type \(type): corrupt file"
        case .keyTooLong(let key): "key '\(key.text)...' is longer than \(Name.capacity) bytes: corrupt file"
        case .duplicateKey(let key): "duplicate key '\(key.text)': corrupt file"
        case .missingKey(let key): "missing key '\(key.text)': import the model again with this version of swiftlet-model"
        case .wrongType(let key, let expected): "key '\(key.text)' is not \(expected.text)"
        case .outOfRange(let key): "key '\(key.text)' is out of range"
        case .labelTooLong(let index, let limit):
            "the label of class \(index) has more than \(limit) bytes: shorten it and import the model again"
        case .output(let height, let width):
            "a classifier's output must be 1 x 1, not \(height) x \(width): end its graph with a mean over all pixels"
        case .enlarged(let height, let width):
            "a segmenter's output of \(height) x \(width) is larger than its input: end its graph before logits are enlarged"
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

    /// What there are too many of.
    fileprivate var limit: String {
        switch self {
        case .metadataKey: "metadata keys (maximum \(ModelFile.Limit.metadataEntries))"
        case .metadataValue: "elements in an array (maximum \(ModelFile.Limit.arrayElements))"
        default: "tensors (maximum \(ModelFile.Limit.tensors))"
        }
    }
}

extension ModelFileError.ValueKind {
    fileprivate var text: String {
        switch self {
        case .integer: "an integer"
        case .float: "a number"
        case .text: "a string"
        case .integers: "an array of integers"
        case .floats: "an array of numbers"
        case .texts: "an array of strings"
        }
    }
}

extension ModelFileError.TensorProblem {
    fileprivate var text: String {
        switch self {
        case .missing: "is missing, but its graph needs it: corrupt file"
        case .unexpected: "belongs to no operation of its graph"
        case .duplicate: "is a duplicate: corrupt file"
        case .nameTooLong: "has a name of more than \(Name.capacity) bytes"
        case .badShape: "has an invalid shape: corrupt file"
        case .unsupportedType(let type): "is stored as GGUF type \(type), which is not supported"
        case .misaligned(let offset): "is not aligned (offset \(offset)): corrupt file"
        case .outsideFile(let offset): "lies outside the file (offset \(offset)): incomplete file, copy it again"
        case .overlap(let other): "overlaps '\(other.text)': corrupt file"
        case .shape(let expected, let found): "is \(found.text); expected \(expected.text)"
        case .type(let expected, let found): "is \(found.text); expected \(expected.text)"
        case .badValues: "contains invalid values: make the model file again"
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
