import Arena
import CKernels
import ModelFile

/// A graph in int8, prepared: a step per operation of its lowered form.
final class Int8Program {
    let schedule: Schedule
    /// By step: what it makes.
    let stored: [StoredMap]
    /// [height, width, 3] channel values.
    let input: UnsafeMutableBufferPointer<UInt8>
    /// Predictions in half precision.
    let output: UnsafeBufferPointer<UInt16>
    let arenaByteCount: Int
    let arenaLowerBound: Int
    /// Holds the weights, which are used where they lie.
    private let file: ModelFile
    private let arena: Arena
    /// The parameters that were computed from the file's scales.
    private let parameters: Arena

    init(
        _ graph: Graph, file: ModelFile, kernels: UnsafePointer<ck_qs8_kernels>, threads: Int
    ) throws(EngineError) {
        let storage = PackedStorage(graph, arithmetic: .int8, threads: threads)
        try Self.checkChannels(graph, storage.lowering)
        let plan = try LifetimePlanner.arenaPlan(storage.requests)
        let byteCount = Int8Builder.parameterByteCount(graph, storage.lowering)
        // A bound: what the builder does not take costs nothing.
        guard let parameters = Arena(byteCount: byteCount, populated: false) else {
            throw .outOfMemory(byteCount: byteCount)
        }
        guard let arena = Arena(byteCount: plan.byteCount, populated: false) else {
            throw .outOfMemory(byteCount: plan.byteCount)
        }
        self.file = file
        self.arena = arena
        self.parameters = parameters
        arenaByteCount = plan.byteCount
        arenaLowerBound = plan.lowerBound

        let arenaBase = self.arena.base, parameterBase = self.parameters.base
        var builder = Int8Builder(
            graph: graph, storage: storage, kernels: kernels, weights: Int8Weights(file),
            buffers: plan.offsets.map { arenaBase + $0 }, parameters: parameterBase, end: parameterBase + byteCount)
        schedule = try builder.schedule()
        stored = builder.stored
        // Only weights are read again. The arena's pages come after those that are given back, so that they never add up.
        file.releaseAll(but: builder.weights.weightBytes)
        self.arena.populate()
        let first = builder.map(graph.input), last = builder.map(graph.output)
        input = UnsafeMutableBufferPointer(
            start: first.pointer.assumingMemoryBound(to: UInt8.self), count: graph.shape(graph.input).count)
        output = UnsafeBufferPointer(
            start: last.pointer.assumingMemoryBound(to: UInt16.self), count: graph.shape(graph.output).count)
    }

    /// Kernels work on whole blocks of channels; only what nothing else lies behind may end within one.
    private static func checkChannels(_ graph: Graph, _ lowering: Lowering) throws(EngineError) {
        for operation in lowering.operations {
            let node = graph.nodes[operation.node]
            let input = graph.shape(operation.input).channels, output = graph.shape(operation.output).channels
            var fits = true
            switch operation.kind {
            case .stem: fits = input == 3
            case .separableAttention: fits = output % 8 == 0
            case .attention(let heads): fits = input % 8 == 0 && output / heads % 4 == 0 && output % 8 == 0
            case .band: fits = input % 8 == 0 && graph.shape(graph.nodes[operation.depthwise!].output).channels % 8 == 0
            default: fits = input % 8 == 0
            }
            guard fits else { throw .channels(node.name) }
        }
    }
}
