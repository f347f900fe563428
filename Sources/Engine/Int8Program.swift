import CKernels
import ModelFile

/// A graph in int8.
final class Int8Program {
    let schedule = Schedule()
    let input = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    let output = UnsafeBufferPointer<UInt16>(start: nil, count: 0)
    let arenaByteCount = 0
    let arenaLowerBound = 0

    init(_ graph: Graph, file: ModelFile, kernels: ck_qs8_kernels, threads: Int) throws(EngineError) {
        throw .model(.tensor(graph.nodes[0].name.appending(".weight"), .unsupportedType(StorageType.int8.rawValue)))
    }
}

struct Int8Step {
    func run(part: Int, of parts: Int) {}
}
