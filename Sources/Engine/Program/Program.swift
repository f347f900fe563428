/// A graph prepared in one precision: a step for each call of its lowered form, and the memory that they work on.
final class Program {
    let lowering: Lowering
    let schedule: Schedule
    /// By tensor; nil for one that never exists whole.
    let maps: [Map?]
    /// By step: what it makes; empty but for int8.
    let stored: [StoredMap]
    let arenaByteCount: Int
    let arenaLowerBound: Int
    /// Whether weights of an fp32 program are stored as fp16.
    let hasHalfPrecisionWeights: Bool
    /// Holds weights, which are used where they lie, and those that were widened.
    private let file: ModelFile
    private let weights: Weights?
    private let arena: Arena
    /// What int8 computed from the file's scales.
    private let parameters: Arena

    init(
        _ graph: Graph, file: ModelFile, _ precision: Precision, path: KernelPath, threads: Int, observing: Bool,
        pixels: PixelScaling
    ) throws(EngineError) {
        let storage = try Storage(graph, precision, threads: threads, observing: observing)
        let plan = try LifetimePlanner.arenaPlan(storage.requests)
        // A bound: what the builder does not take costs nothing.
        let parameterByteCount = precision == .int8 ? Int8Builder.parameterByteCount(storage.lowering) : 0
        try LifetimePlanner.requireSize(parameterByteCount)
        guard let parameters = Arena(byteCount: parameterByteCount, populated: false) else {
            throw .outOfMemory(byteCount: parameterByteCount)
        }
        guard let arena = Arena(byteCount: plan.byteCount, populated: false) else {
            throw .outOfMemory(byteCount: plan.byteCount)
        }
        self.file = file
        self.arena = arena
        self.parameters = parameters
        arenaByteCount = plan.byteCount
        arenaLowerBound = plan.lowerBound
        lowering = storage.lowering

        let base = self.arena.base
        let buffers = plan.offsets.map { base + $0 }
        var widened: Weights?, stored: [StoredMap] = []
        let builder: Builder
        switch precision {
        case .fp32:
            let weights = try Weights(graph: graph, file: file)
            widened = weights
            builder = FloatBuilder(storage, buffers: buffers, weights: weights)
            schedule = try builder.schedule()
        case .fp16:
            builder = HalfBuilder(
                storage, buffers: buffers, weights: try HalfWeights(graph, file), kernels: path.halfKernels!,
                pixels: pixels)
            schedule = try builder.schedule()
        case .int8:
            let int8 = Int8Builder(
                storage, buffers: buffers, weights: Int8Weights(file), kernels: path.int8Kernels!,
                parameters: self.parameters.base)
            builder = int8
            schedule = try int8.schedule()
            stored = int8.stored
            // Only weights are read again. The arena's pages come after those that are given back, so that they never
            // add up.
            file.releaseAll(but: int8.weights.weightBytes)
        }
        self.arena.populate()
        weights = widened
        hasHalfPrecisionWeights = widened?.hasHalfPrecision ?? false
        self.stored = stored
        maps = graph.shapes.indices.map { storage.places[$0] == nil ? nil : builder.map(TensorID(index: $0)) }
    }

    /// What int8 and fp16 kernels cannot do: only some read the image's bytes; most take rows as they lie, which for tokens is
    /// another order; and those of int8 work on whole blocks of channels, of which only one that nothing lies behind may end
    /// early.
    static func check(_ lowering: Lowering, _ precision: Precision) throws(EngineError) {
        let graph = lowering.graph
        func hasTokens(_ tensor: TensorID) -> Bool { lowering.grids[tensor.index] != nil }
        for call in lowering.calls {
            let first = graph.nodes[call.nodes[0]], last = graph.nodes[call.node]
            let isPossible =
                (precision != .int8 || lowering.isWritable(call))
                && (call.operation.readsImage || call.input != graph.input && call.residual != graph.input)
                && (call.operation.takesTokens || !hasTokens(first.input(0)))
                && (call.output != graph.output || !hasTokens(call.output))
                && (!call.operation.inputsHaveSameRows
                    || (1..<first.inputCount).allSatisfy { lowering.haveSameRows(first.input(0), first.input($0)) })
            guard isPossible else { throw .operation(last.name, last.operation.name, precision) }
            for position in 0..<call.nodes.count where precision == .int8 {
                let node = graph.nodes[call.nodes[position]]
                // An addition that joined a layer is that layer's epilogue.
                guard
                    position > 0 && node.operation.weights == .none
                        || node.operation.fitsInt8(input: graph.inputShape(node), output: graph.shape(node.output))
                else { throw .channels(node.name) }
            }
        }
    }
}
