import Arena
import ModelFile

/// A graph in fp32, the reference precision: one scalar kernel for each node.
final class FloatProgram {
    let schedule: Schedule
    /// By step: what it makes.
    let outputs: [TensorID]
    let views: [MapView?]
    let arenaByteCount: Int
    let arenaLowerBound: Int
    let hasHalfPrecisionWeights: Bool
    private let arena: Arena
    private let weights: Weights

    init(_ graph: Graph, file: ModelFile, threads: Int, observing: Bool) throws(EngineError) {
        weights = try Weights(graph: graph, file: file)
        hasHalfPrecisionWeights = weights.hasHalfPrecision
        let storage = StoragePlan(graph, threads: threads, observing: observing)
        let plan = try LifetimePlanner.arenaPlan(storage.requests)
        guard let arena = Arena(byteCount: plan.byteCount) else { throw .outOfMemory(byteCount: plan.byteCount) }
        self.arena = arena
        arenaByteCount = plan.byteCount
        arenaLowerBound = plan.lowerBound

        let base = self.arena.base
        let buffers = plan.offsets.map { (base + $0).assumingMemoryBound(to: Float.self) }
        views = Self.views(graph, storage, buffers)
        outputs = storage.calls.map { $0.output }
        schedule = Self.schedule(graph, storage, buffers, views, weights)
    }

    /// Where every tensor lies; nil for those that fusion left out.
    private static func views(
        _ graph: Graph, _ storage: StoragePlan, _ buffers: [UnsafeMutablePointer<Float>]
    ) -> [MapView?] {
        graph.shapes.indices.map { tensor in
            storage.places[tensor].map {
                MapView(pointer: buffers[$0.buffer] + $0.offset, shape: graph.shapes[tensor], stride: $0.stride)
            }
        }
    }

    private static func schedule(
        _ graph: Graph, _ storage: StoragePlan, _ buffers: [UnsafeMutablePointer<Float>], _ views: [MapView?],
        _ weights: Weights
    ) -> Schedule {
        var schedule = Schedule()
        for (index, call) in storage.calls.enumerated() {
            let node = graph.nodes[call.node]
            var step = FloatStep(
                operation: node.operation, input: views[node.input(0).index]!, output: views[call.output.index]!)
            if let residual = call.residual {
                step.other = views[residual.index]!
            } else if node.inputCount == 2 {
                step.other = views[node.input(1).index]!
            }
            step.weight = weights.parameters[call.node]?.weight
            step.bias = weights.parameters[call.node]?.bias
            if let scratch = storage.scratch[index] {
                step.scratch = buffers[scratch.buffer]
                step.scratchCount = scratch.count
            }
            schedule.append(.float(step), meetsAfter: true)
        }
        return schedule
    }
}
