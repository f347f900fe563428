import Foundation

/// Named tensors from a PyTorch or safetensors file.
public struct Checkpoint: Sendable {
    /// In file order.
    public let tensors: [CheckpointTensor]

    public init(path: String) throws(CheckpointError) { throw .notACheckpoint }

    public init(bytes: Data) throws(CheckpointError) { throw .notACheckpoint }

    public subscript(name: String) -> CheckpointTensor? { tensors.first { $0.name == name } }
}
