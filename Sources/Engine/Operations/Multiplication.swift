/// A map times one factor for each channel: [h, w, c], [1, 1, c] -> [h, w, c], as squeeze-and-excitation has it (Hu et al.,
/// 2018).
public final class Multiplication: GraphOperation, @unchecked Sendable {
    static var kind: StaticString { "multiply" }
    public override var name: StaticString { Self.kind }
    /// A channel's factor makes up for its scale.
    public override var int8Input: Int8Input { .scalePerChannel }
    override var inputCounts: ClosedRange<Int> { 2...2 }
    override var inputsHaveSameRows: Bool { false }
    override var rowUse: RowUse { .written }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        let factors = MapShape(height: 1, width: 1, channels: inputs[0].channels)
        guard inputs[1] == factors else { throw .differentInputs(inputs[0], inputs[1]) }
        return inputs[0]
    }

    /// A gain and a shift for each channel.
    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int {
        precision == .fp32 ? 0 : 2 * lowering.maps[call.input.index].channels * MemoryLayout<Float>.size
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), factors = builder.map(call.residual!)
        return { part in
            let rows = part.slice(y.shape.rows), first = rows.lowerBound
            f32_multiply__scalar(
                rows.count, y.shape.channels, x.floats(first), x.stride, factors.floats(0), y.floats(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), factors = builder.map(call.residual!)
        let kernels = builder.kernels
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound, channels = y.shape.channels
            guard !rows.isEmpty else { return }
            let gain = part.scratch(of: Float.self), shift = gain + channels
            f16_to_f32__scalar(channels, factors.halves(0), gain)
            ck_clear(shift, channels * MemoryLayout<Float>.size)
            kernels.pointee.affine(
                rows.count, channels, x.halves(first), x.stride, gain, shift, y.halves(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), factors = builder.map(call.residual!)
        let kernels = builder.kernels, channels = y.shape.channels
        let from = try builder.quantisation(call.input), by = try builder.quantisation(call.residual!)
        let to = try builder.quantisation(call.output)
        // Of a unit of the stored factor, in steps of the output.
        let unit = builder.allocate(channels, of: Float.self)
        let zeros = builder.allocate(3 * channels, of: Int8.self)
        for channel in 0..<channels {
            unit[channel] = Float(from.scale(channel) * by.scale(channel) / to.scale(channel))
            zeros[3 * channel] = from.zeroPoint(channel)
            zeros[3 * channel + 1] = by.zeroPoint(channel)
            zeros[3 * channel + 2] = to.zeroPoint(channel)
        }
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            guard !rows.isEmpty else { return }
            let gain = part.scratch(of: Float.self), shift = gain + channels, stored = factors.bytes(0)
            for channel in 0..<channels {
                let zero = zeros + 3 * channel
                gain[channel] = Float(Int(stored[channel]) - Int(zero[1])) * unit[channel]
                shift[channel] = Float(zero[2]) - Float(zero[0]) * gain[channel]
            }
            kernels.pointee.affine(
                rows.count, channels, x.bytes(first), x.stride, gain, shift, y.bytes(first), y.stride)
        }
    }
}

extension Graph {
    /// Each channel of `x` times its value in `factors`, [1, 1, c] (precondition).
    public mutating func multiply(_ x: TensorID, by factors: TensorID, _ name: Name) -> TensorID {
        add(Multiplication(), UpToSix(x, factors), name)
    }
}
