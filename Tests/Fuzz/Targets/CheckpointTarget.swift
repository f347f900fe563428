@testable import Checkpoint
import Foundation

/// A checkpoint file of any format, up to the values of its tensors. Checksums would end most inputs early.
struct CheckpointTarget: FuzzTarget {
    static let name = "checkpoint"
    static let longest = 16 << 10
    static let seeds = ["Tests/Fixtures/checkpoints"]

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let file = try CheckpointFile(bytes: Data(bytes), verifiesChecksums: false)
        for dictionary in file.dictionaries.prefix(16) {
            for entry in dictionary.entries.prefix(64) {
                guard let shape = entry.shape, let tensor = try? file.tensors(of: [entry]).first else { continue }
                guard tensor.shape == shape, tensor.elementCount == CheckpointTensor.product(shape) else {
                    fatalError("another shape than was told")
                }
                // A view with a stride of zero may have as many elements as its file has bytes, four times.
                guard tensor.elementCount <= 1 << 16 else { continue }
                guard try tensor.floats().count == tensor.elementCount,
                    try tensor.bytes().count == tensor.elementCount * tensor.elementType.size
                else { fatalError("another number of elements than was told") }
            }
        }
    }
}
