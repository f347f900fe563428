@testable import Checkpoint
import Foundation

/// The pickle of a checkpoint, up to the dictionaries of tensors in it.
struct PickleTarget: FuzzTarget {
    static let name = "pickle"
    static let longest = 8192

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let file = FileBytes(Data(bytes))
        let (graph, end) = try Unpickler.read(file, file.range)
        guard end <= bytes.count else { fatalError("read past the end") }
        for dictionary in try TensorSearch.dictionaries(in: graph) {
            guard Set(dictionary.entries.map(\.name)).count == dictionary.entries.count else {
                fatalError("a name twice")
            }
        }
    }
}
