import Foundation

/// Named tensors from a PyTorch or safetensors file.
///
/// PyTorch files are those of torch.save, from 0.4 to 2.x. They hold a state_dict, or a training checkpoint with one
/// under `ema_state_dict`, `model_state_dict`, `state_dict`, `model_ema` or `model`: the first of these that is there
/// is taken. Their pickles are read, never executed. The format is recognised by content, not by name.
public struct Checkpoint: Sendable {
    /// In file order.
    public let tensors: [CheckpointTensor]

    private let indices: [String: Int]

    /// Maps the file; the tensors' bytes are read when they are asked for.
    public init(path: String) throws(CheckpointError) { try self.init(FileBytes(path: path)) }

    /// Reads a file's bytes from memory. Without `verifiesChecksums` a zip file's CRC-32 are ignored.
    public init(bytes: Data, verifiesChecksums: Bool = true) throws(CheckpointError) {
        try self.init(FileBytes(bytes), verifiesChecksums: verifiesChecksums)
    }

    private init(_ bytes: FileBytes, verifiesChecksums: Bool = true) throws(CheckpointError) {
        if ZipArchive.isZip(bytes) {
            tensors = try TorchZip.tensors(bytes, verifiesChecksums: verifiesChecksums)
        } else if Safetensors.isSafetensors(bytes) {
            tensors = try Safetensors.tensors(bytes)
        } else if TorchLegacy.isPickle(bytes) {
            tensors = try TorchLegacy.tensors(bytes)
        } else {
            throw .notACheckpoint
        }
        try Self.checkSize(tensors, fileSize: bytes.count)
        indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// nil where the checkpoint has no tensor of that name.
    public subscript(name: String) -> CheckpointTensor? { indices[name].map { tensors[$0] } }

    /// A view with a stride of zero can claim any number of elements, and any number of views can share a storage.
    private static func checkSize(_ tensors: [CheckpointTensor], fileSize: Int) throws(CheckpointError) {
        var remaining = 4 * fileSize + (1 << 20)
        for tensor in tensors {
            guard tensor.elementCount <= remaining else { throw .limitExceeded(.elements, offset: 0) }
            remaining -= tensor.elementCount
        }
    }
}
