/// Separable self-attention over the tokens of each patch position (Mehta and Rastegari, 2022, "Separable Self-attention
/// for Mobile Vision Transformers", section 3.1): [p, n, 1 + 2c] -> [p, n, c]. A row of the input contains one query, c keys
/// and c values.
public final class SeparableAttention: GraphOperation, @unchecked Sendable {
    static var kind: StaticString { "separable attention" }
    public override var name: StaticString { Self.kind }
    public override var int8Input: Int8Input { .symmetric }
    public override var int8Output: Int8Output { .scalePerChannel }
    override var rowUse: RowUse { .kept }

    override var takesTokens: Bool { true }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        var shape = inputs[0]
        guard shape.channels % 2 == 1, shape.channels > 1 else {
            throw .channels(found: shape.channels, multipleOf: 2, remainder: 1)
        }
        shape.channels /= 2
        return shape
    }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        2 * Int64(output.rows) * Int64(output.channels)
    }

    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int {
        let output = lowering.graph.shape(lowering.graph.nodes[call.node].output)
        return switch precision {
        case .fp32: (output.width + output.channels) * MemoryLayout<Float>.size
        case .fp16: ck_f16_separable_scratch(output.width, output.channels)
        case .int8: ck_qs8_separable_scratch(output.width, output.channels)
        }
    }

    override func fitsInt8(input: MapShape, output: MapShape) -> Bool { output.channels % 8 == 0 }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output)
        return { part in
            for position in part.slice(x.shape.height) {
                let row = position * x.shape.width
                f32_separable_attention__scalar(
                    x.shape.width, y.shape.channels, x.floats(row), x.stride, y.floats(row), y.stride,
                    part.scratch(of: Float.self))
            }
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let tokens = TokenMaps(call, builder), kernels = builder.kernels
        let channels = builder.graph.shape(call.output).channels
        return { part in
            for position in part.slice(tokens.positions) {
                let q = tokens.input(position).assumingMemoryBound(to: UInt16.self)
                var call = ck_f16_separable(
                    tokens: tokens.from, q: q, k: q + 1, v: q + 1 + channels, channels: channels,
                    output: tokens.output(position).assumingMemoryBound(to: UInt16.self),
                    output_row_stride: tokens.to.row_stride, output_column_stride: tokens.to.column_stride,
                    scratch: part.scratch)
                kernels.pointee.separable_attention(&call)
            }
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let from = try builder.quantisation(call.input), to = try builder.quantisation(call.output)
        let channels = builder.graph.shape(call.output).channels
        try from.requireZeroPointsOfZero(channels: 1 + 2 * channels)
        let gain = builder.allocate(channels, of: Float.self), zero = builder.allocate(channels, of: Float.self)
        for channel in 0..<channels {
            gain[channel] = Float(from.scale(1 + channel) * from.scale(1 + channels + channel) / to.scale(channel))
            zero[channel] = Float(to.zero(channel))
        }
        let factor = from.scale(0) * Int8Score.log2OfE * Int8Score.perPower / 256
        let multiplier = try Int8Score.multiplier(factor, maximum: Int32.max, of: from)
        let tokens = TokenMaps(call, builder), kernels = builder.kernels
        return { part in
            for position in part.slice(tokens.positions) {
                let q = tokens.input(position).assumingMemoryBound(to: Int8.self)
                var call = ck_qs8_separable(
                    tokens: tokens.from, q: q, k: q + 1, v: q + 1 + channels, channels: channels,
                    multiplier: multiplier, gain: gain, zero: zero,
                    output: tokens.output(position).assumingMemoryBound(to: Int8.self),
                    output_row_stride: tokens.to.row_stride, output_column_stride: tokens.to.column_stride,
                    scratch: part.scratch)
                kernels.pointee.separable_attention(&call)
            }
        }
    }
}

extension Graph {
    /// [p, n, 1 + 2c] -> [p, n, c].
    public mutating func separableAttention(_ qkv: TensorID, _ name: Name) -> TensorID {
        add(SeparableAttention(), UpToSix(qkv), name)
    }
}
