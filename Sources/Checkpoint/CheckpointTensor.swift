/// One tensor of a checkpoint. Its bytes stay in the file until they are asked for.
public struct CheckpointTensor: Sendable {
    public let name: String
    public let shape: [Int]
    public let elementType: ElementType

    /// The elements as float, contiguous and row-major.
    public func floats() throws(CheckpointError) -> [Float] { throw .notACheckpoint }

    /// The elements as they are stored (little endian), contiguous and row-major.
    public func bytes() throws(CheckpointError) -> [UInt8] { throw .notACheckpoint }
}
