import CKernels
import ModelFile

/// Makes the steps of a program in one precision: binds weights, finds tensors in the arena.
class Builder {
    final let graph: Graph
    final let storage: Storage
    final let arithmetic: Arithmetic
    /// By request of `storage`.
    private final let buffers: [UnsafeMutableRawPointer]
    final var lowering: Lowering { storage.lowering }

    init(_ storage: Storage, _ arithmetic: Arithmetic, buffers: [UnsafeMutableRawPointer]) {
        graph = storage.lowering.graph
        self.storage = storage
        self.arithmetic = arithmetic
        self.buffers = buffers
    }

    final func schedule() throws(EngineError) -> Schedule {
        var schedule = Schedule()
        for (index, call) in lowering.calls.enumerated() {
            for position in 0..<call.nodes.count { try check(graph.nodes[call.nodes[position]]) }
            schedule.append(
                try step(call), scratch: storage.scratch[index].map { (buffers[$0.buffer], $0.byteCount) },
                barrierAfter: storage.hasBarrier(after: index))
        }
        try finish()
        return schedule
    }

    /// Whether kernels apply a layer's activation.
    private final func check(_ node: Node) throws(EngineError) {
        let activation = node.operation.activation
        guard ck_has_activation(activations, activation.kernelValue) != 0 else {
            throw .activation(node.name, activation)
        }
    }

    /// The name of the layer that a call completes.
    final func name(_ call: Lowering.Call) -> Name { graph.nodes[call.node].name }

    /// Where a tensor lies; one that exists.
    final func map(_ tensor: TensorID) -> Map {
        let place = storage.places[tensor.index]!
        let element = storage.elementByteCount(tensor)
        return Map(
            pointer: buffers[place.buffer] + place.offset * element, shape: lowering.maps[tensor.index],
            stride: place.stride, elementByteCount: element)
    }

    // MARK: By precision

    /// Those that kernels apply to a layer's sums.
    var activations: ck_activation_set { ck_activation_set(ck_fused_activations) }

    func step(_ call: Lowering.Call) throws(EngineError) -> Step { preconditionFailure() }

    /// The layer of node `index`, which makes `output` of the sum of its own result and `residual`.
    func layer(_ index: Int, output: TensorID, residual: TensorID?) throws(EngineError) -> Layer {
        preconditionFailure()
    }

    /// A pixel of `tensor` that stands for 0; nil where that is zeros.
    func padding(_ tensor: TensorID, channels: Int) throws(EngineError) -> UnsafeRawPointer? { nil }

    /// After the last step.
    func finish() throws(EngineError) {}

    /// The values that one output of node `index` is a sum of.
    final func rowCount(_ index: Int) -> Int {
        let node = graph.nodes[index], channels = graph.inputShape(node).channels
        switch node.operation.weights {
        case .matrix(let height, let width, let groups): return height * width * (channels / groups)
        case .depthwise(let height, let width): return height * width
        case .gain, .none: return 0
        }
    }
}
