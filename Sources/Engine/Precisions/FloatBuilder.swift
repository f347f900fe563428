/// fp32, the reference precision: one scalar kernel for each call.
final class FloatBuilder: Builder {
    private let weights: Weights

    init(_ storage: Storage, buffers: [UnsafeMutableRawPointer], weights: Weights) {
        self.weights = weights
        super.init(storage, .fp32, buffers: buffers)
    }

    /// Of a node that has weights.
    func parameters(_ node: Int) -> Weights.Parameters { weights.parameters[node]! }

    /// Of a normalisation.
    func gain(_ node: Int) -> GainAndShift { (parameters(node).weight, parameters(node).bias!) }

    override func step(_ call: Lowering.Call) throws(EngineError) -> Step { try call.operation.step(call, self) }

    override func layer(
        _ index: Int, _ part: LayerPart, output: TensorID, residual: TensorID?
    ) throws(EngineError) -> Layer {
        let all = parameters(index)
        return Layer(
            .fp32(
                Weights.Parameters(
                    weight: all.weight + part.group * part.rows * part.channels,
                    bias: all.bias.map { $0 + part.firstChannel })),
            inputChannels: part.rows, outputChannels: part.channels, activation: graph.nodes[index].operation.activation)
    }
}
