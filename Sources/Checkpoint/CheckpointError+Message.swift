import Foundation

extension CheckpointError {
    /// What is wrong, where, and what to do about it, in one line.
    public var message: String { masked(words) }

    private var words: String {
        switch self {
        case .file(let path, let error): "\(path): \(error.message)"
        case .cannotWrite(let path, let error): "\(path): \(error.message)"
        case .notACheckpoint: "neither a PyTorch file (torch.save) nor a safetensors file"
        case .foreignFile(let kind): kind.message
        case .torchScript: "a TorchScript program: save its state_dict with torch.save(model.state_dict(), FILE)"
        case .bigEndian: "written on a big-endian machine: save it again on a little-endian one"
        case .truncated(let section, let offset):
            "\(section.rawValue) ends early, at byte \(offset): the file is incomplete, fetch it again"
        case .malformed(let section, let offset):
            "\(section.rawValue) is damaged at byte \(offset): fetch the file again"
        case .limitExceeded(let limit, let offset):
            "\(limit.rawValue) is beyond what a checkpoint of this size needs (at byte \(offset)): "
                + "save only the state_dict"
        case .compressedRecord(let name):
            "zip record \(name) is compressed or encrypted, which torch.save never does: keep the file as it was saved"
        case .missingRecord(let name): "\(name) is missing from the file: fetch it again"
        case .duplicateRecord(let name): "zip record \(name) occurs twice: fetch the file again"
        case .checksumMismatch(let name): "zip record \(name) is damaged (wrong CRC-32): fetch the file again"
        case .forbiddenGlobal(let name):
            "the pickle names \(name), which runs when PyTorch loads the file and no checkpoint needs; nothing was "
                + "executed. Do not load this file"
        case .unknownTensor(let name, let maker) where maker == PickleGraph.Object.changedView:
            "tensor \(name) is \(maker), whose elements the file does not contain as they are: save what the tensor's "
                + "resolve_conj().resolve_neg() returns"
        case .unknownTensor(let name, let maker):
            "tensor \(name) is made by \(maker), which is not known; nothing was executed. If you trust the file's source, "
                + "load it with PyTorch and save only the state_dict"
        case .invalidCall(let name, let offset):
            "the pickle uses \(name) in an unknown way, at byte \(offset) of the pickle: save only the state_dict"
        case .unsupportedOpcode(let opcode, let offset):
            "pickle opcode 0x\(String(opcode, radix: 16)) at byte \(offset) is not one that torch.save writes"
        case .noStateDict:
            "contains no dictionary of tensors: save the model's with torch.save(model.state_dict(), FILE)"
        case .duplicateTensor(let name): "tensor \(name) occurs twice"
        case .unsupportedElementType(let type, let tensor):
            "tensor \(tensor) has the element type \(type): convert it to float32 first"
        case .invalidTensor(let name, let problem): "tensor \(name) \(problem.message)"
        }
    }
}

extension CheckpointError.TensorProblem {
    var message: String {
        switch self {
        case .outsideStorage(let elements): "reaches past its storage of \(elements) elements: fetch the file again"
        case .sizeMismatch(let expected, let found):
            "has \(found) bytes where its shape and element type need \(expected)"
        case .overlap: "shares bytes with another tensor: the file is damaged"
        case .gap: "leaves unused bytes before it: the file is damaged"
        case .shape: "has a shape or offsets that make no sense"
        case .reservedName: "has a name that safetensors files reserve"
        }
    }
}

/// `text` with a question mark for each control character: a name that a file contains must not begin a line.
public func masked(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
}
