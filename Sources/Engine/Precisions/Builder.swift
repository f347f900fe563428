/// Makes the steps of a program in one precision: binds weights, finds tensors in the arena.
class Builder {
    final let graph: Graph
    final let storage: Storage
    final let precision: Precision
    /// By request of `storage`.
    private final let buffers: [UnsafeMutableRawPointer]
    final var lowering: Lowering { storage.lowering }

    init(_ storage: Storage, _ precision: Precision, buffers: [UnsafeMutableRawPointer]) {
        graph = storage.lowering.graph
        self.storage = storage
        self.precision = precision
        self.buffers = buffers
    }

    final func schedule() throws(EngineError) -> Schedule {
        var schedule = Schedule(capacity: lowering.calls.count)
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
        guard node.operation.weights == .none || ck_has_activation(activations, activation.kernelValue) != 0 else {
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

    /// The layer of node `index`, or of one of its groups of channels, which makes `output` of the sum of its own result
    /// and `residual`.
    final func layer(
        _ index: Int, output: TensorID, residual: TensorID? = nil, group: Int = 0
    ) throws(EngineError) -> Layer {
        let node = graph.nodes[index], inputs = graph.inputShape(node).channels
        var channels = graph.shape(node.output).channels, rows = 0
        switch node.operation.weights {
        case .matrix(let height, let width, let groups):
            channels /= groups
            rows = height * width * (inputs / groups)
        case .depthwise(let height, let width): rows = height * width
        case .gain, .none: break
        }
        return try layer(
            index, LayerPart(rows: rows, channels: channels, group: group), output: output, residual: residual)
    }

    func layer(
        _ index: Int, _ part: LayerPart, output: TensorID, residual: TensorID?
    ) throws(EngineError) -> Layer { preconditionFailure() }

    /// A pixel of `tensor` that stands for 0; nil where that is zeros.
    func padding(_ tensor: TensorID) throws(EngineError) -> UnsafeRawPointer? { nil }

    /// After the last step.
    func finish() throws(EngineError) {}
}

/// What of a node's weights a layer has: all, or those of one group.
struct LayerPart {
    /// The values that one output is a sum of.
    var rows: Int
    /// Outputs.
    var channels: Int
    var group: Int

    /// The first of its outputs among the node's.
    var firstChannel: Int { group * channels }
    var channelRange: Range<Int> { firstChannel..<firstChannel + channels }
}
