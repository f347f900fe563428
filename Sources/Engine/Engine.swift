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
    /// More than any board can give; refused before the system is asked for it.
    private static let largestArena = 1 << 30

    private let arena: Arena
    private let weights: Weights
    private let steps: [Step]
    /// nil when one thread does it all.
    private let team: ThreadTeam?
    private let views: [MapView?]

    /// Prepares `graph` with the tensors of `file`, for `threads` (1...64) threads of which the caller of `run()` is one;
    /// the output does not depend on their number. With `observing`, every intermediate tensor can be read after a run;
    /// that takes more memory and forgoes fusion.
    public init(graph: Graph, file: ModelFile, threads: Int = 1, observing: Bool = false) throws(EngineError) {
        precondition((1...Self.mostThreads).contains(threads))
        self.graph = graph
        weights = try Weights(graph: graph, file: file)
        let storage = StoragePlan(graph, threads: threads, observing: observing)
        guard let plan = LifetimePlanner.plan(storage.requests) else { throw .outOfMemory(byteCount: Int.max) }
        guard plan.byteCount <= Self.largestArena else { throw .outOfMemory(byteCount: plan.byteCount) }
        guard let arena = Arena(byteCount: plan.byteCount) else { throw .outOfMemory(byteCount: plan.byteCount) }
        self.arena = arena
        arenaByteCount = plan.byteCount
        arenaLowerBound = plan.lowerBound

        let base = self.arena.base
        func start(of buffer: Int) -> UnsafeMutablePointer<Float> {
            (base + plan.offsets[buffer]).assumingMemoryBound(to: Float.self)
        }
        var views: [MapView?] = []
        for tensor in 0..<graph.shapes.count {
            guard let place = storage.places[tensor] else {
                views.append(nil)
                continue
            }
            views.append(
                MapView(
                    pointer: start(of: place.buffer) + place.offset, shape: graph.shapes[tensor], stride: place.stride))
        }
        self.views = views

        var steps: [Step] = []
        for (index, call) in storage.calls.enumerated() {
            let node = graph.nodes[call.node]
            guard let kernel = Step.Kernel(node.operation) else { continue }
            var step = Step(
                kernel: kernel, input: views[node.input(0).index]!, output: views[call.output.index]!)
            if let residual = call.residual {
                step.other = views[residual.index]!
            } else if node.inputCount == 2 {
                step.other = views[node.input(1).index]!
            }
            step.weight = weights.parameters[call.node]?.weight
            step.bias = weights.parameters[call.node]?.bias
            if let (buffer, count) = storage.scratch[index] {
                step.scratch = start(of: buffer)
                step.scratchCount = count
            }
            steps.append(step)
        }
        self.steps = steps
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
}

extension Step.Kernel {
    /// The kernel of an operation; nil for concatenations, whose parts are written in place.
    init?(_ operation: GraphOperation) {
        switch operation {
        case .convolution3x3(let activation): self = .convolution3x3(activation)
        case .depthwise3x3(let stride, let activation): self = .depthwise3x3(stride: stride, activation)
        case .pointwise(let activation): self = .pointwise(activation)
        case .add: self = .add
        case .resize(let alignCorners): self = .resize(alignCorners: alignCorners)
        case .unfold: self = .unfold
        case .fold: self = .fold
        case .layerNorm: self = .layerNorm
        case .groupNorm: self = .groupNorm
        case .attention(let heads): self = .attention(heads: heads)
        case .separableAttention: self = .separableAttention
        case .mean: self = .mean
        case .concatenateChannels, .concatenateRows: return nil
        }
    }
}
