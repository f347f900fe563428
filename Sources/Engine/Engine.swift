import Arena
import CLinux
import ModelFile

/// Which family of kernels runs the network. Chosen once, when the engine is prepared.
public enum KernelPath: Sendable {
    /// Plain C: runs everywhere and is the reference for all other paths.
    case scalar

    public var name: StaticString {
        switch self {
        case .scalar: "scalar"
        }
    }
}

/// A network prepared to run: weights bound, every buffer placed in one arena, every kernel call laid out.
///
/// fp32 arithmetic, the reference precision. `run()` allocates nothing. Not thread-safe: one thread calls it.
public final class Engine {
    public let graph: Graph
    public let path = KernelPath.scalar
    /// The network's input, [height, width, channels], to be filled before `run()`; it is overwritten by `run()`.
    public let input: UnsafeMutableBufferPointer<Float>
    /// The network's output, valid until the next `run()`.
    public let output: UnsafeBufferPointer<Float>
    /// How the model file stores weights: "fp32" or "fp16".
    public var storedPrecision: StaticString { weights.hasHalfPrecision ? "fp16" : "fp32" }
    /// The size of the arena in bytes, and the least that any arrangement of the same buffers needs.
    public let arenaByteCount: Int
    public let arenaLowerBound: Int

    public static let mostThreads = 64
    /// One for each processor that this process may use.
    public static var defaultThreads: Int { min(Int(clinux_processor_count()), mostThreads) }
    private let arena: Arena
    private let weights: Weights
    private let steps: [Step]
    /// nil when one thread does it all.
    private let team: ThreadTeam?
    private let views: [MapView?]

    /// Prepares `graph` with the tensors of `file`, for `threads` (1...64) threads, of which the caller of `run()` is
    /// one; the output does not depend on their number. With `observing`, every intermediate tensor can be read after a run;
    /// that takes more memory and forgoes fusion.
    public init(graph: Graph, file: ModelFile, threads: Int = 1, observing: Bool = false) throws(EngineError) {
        precondition((1...Self.mostThreads).contains(threads))
        self.graph = graph
        weights = try Weights(graph: graph, file: file)
        let storage = StoragePlan(graph, threads: threads, observing: observing)
        let plan = try LifetimePlanner.arenaPlan(storage.requests)
        guard let arena = Arena(byteCount: plan.byteCount) else { throw .outOfMemory(byteCount: plan.byteCount) }
        self.arena = arena
        arenaByteCount = plan.byteCount
        arenaLowerBound = plan.lowerBound

        let base = self.arena.base
        let buffers = plan.offsets.map { (base + $0).assumingMemoryBound(to: Float.self) }
        views = Self.views(graph, storage, buffers)
        steps = Self.steps(graph, storage, buffers, views, weights)
        team = threads > 1 ? try ThreadTeam(steps: steps, size: threads) : nil

        let inputView = views[graph.input.index]!
        input = UnsafeMutableBufferPointer(start: inputView.pointer, count: inputView.shape.count)
        let outputView = views[graph.output.index]!
        output = UnsafeBufferPointer(start: outputView.pointer, count: outputView.shape.count)
    }

    /// Computes `output` from `input`.
    public func run() {
        if let team {
            team.run()
        } else {
            for index in steps.indices { steps[index].run(part: 0, of: 1) }
        }
    }

    /// The memory of `tensor`, or nil if fusion left it out. Holds the tensor's values after a run only if the engine
    /// observes.
    public func view(_ tensor: TensorID) -> MapView? { views[tensor.index] }

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

    private static func steps(
        _ graph: Graph, _ storage: StoragePlan, _ buffers: [UnsafeMutablePointer<Float>], _ views: [MapView?],
        _ weights: Weights
    ) -> [Step] {
        var steps: [Step] = []
        for (index, call) in storage.calls.enumerated() {
            let node = graph.nodes[call.node]
            var step = Step(
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
            steps.append(step)
        }
        return steps
    }
}
