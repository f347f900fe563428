/// fp16.
final class HalfBuilder: Builder {
    let kernels: UnsafePointer<ck_f16_kernels>
    /// What bytes of the image stand for.
    let pixels: PixelScaling
    private let weights: HalfWeights

    init(
        _ storage: Storage, buffers: [UnsafeMutableRawPointer], weights: HalfWeights,
        kernels: UnsafePointer<ck_f16_kernels>, pixels: PixelScaling
    ) {
        self.weights = weights
        self.kernels = kernels
        self.pixels = pixels
        super.init(storage, .fp16, buffers: buffers)
    }

    /// Of a normalisation.
    func gain(_ index: Int) throws(EngineError) -> GainAndShift { try weights.normalisation(graph.nodes[index]) }

    override var activations: ck_activation_set { kernels.pointee.activations }

    override func step(_ call: Lowering.Call) throws(EngineError) -> Step { try call.operation.step(call, self) }

    override func layer(
        _ index: Int, _ part: LayerPart, output: TensorID, residual: TensorID?
    ) throws(EngineError) -> Layer {
        let node = graph.nodes[index]
        return Layer(
            .fp16(
                kernels, try weights.matrix(node) + part.group * part.rows * part.channels,
                try weights.bias(node).map { $0 + part.firstChannel }),
            inputChannels: part.rows, outputChannels: part.channels, activation: node.operation.activation)
    }
}
