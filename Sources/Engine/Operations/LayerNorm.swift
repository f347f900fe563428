/// Layer normalisation of each row over its channels (Ba et al., 2016), with gain and shift by channel.
public final class LayerNorm: GraphOperation, @unchecked Sendable {
    /// Added to the variance.
    private static var epsilon: Double { 1e-5 }

    static var kind: StaticString { "layer norm" }
    public override var name: StaticString { Self.kind }
    public override var weights: Weights { .gain }
    public override var int8Input: Int8Input { .oneScale }
    public override var int8Output: Int8Output { .scalePerChannel }
    override var rowUse: RowUse { .independent }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), (gain, shift) = builder.gain(call.node)
        return { part in
            let rows = part.slice(y.shape.rows), first = rows.lowerBound
            f32_layernorm__scalar(
                rows.count, x.shape.channels, x.floats(first), x.stride, gain, shift, Float(Self.epsilon),
                y.floats(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), (gain, shift) = try builder.gain(call.node)
        let kernels = builder.kernels
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.layernorm(
                rows.count, x.shape.channels, x.halves(first), x.stride, gain, shift, Float(Self.epsilon),
                y.halves(first), y.stride)
        }
    }

    /// Gain and shift make stored bytes of normalised values; epsilon is in squares of the input's step.
    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), (gain, shift) = try builder.gain(call)
        let kernels = builder.kernels, scale = try builder.onlyScale(call.input)
        let epsilon = Float(Self.epsilon / (scale * scale))
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.layernorm(
                rows.count, x.shape.channels, x.bytes(first), x.stride, epsilon, gain, shift, y.bytes(first), y.stride)
        }
    }
}

extension Graph {
    /// Each row over its channels, with gain and shift by channel; epsilon 1e-5.
    public mutating func layerNorm(_ x: TensorID, _ name: Name) -> TensorID {
        add(LayerNorm(), UpToSix(x), name, origin: .normalisation)
    }
}
