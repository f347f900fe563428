/// Group normalisation with one group over the whole map (Wu and He, 2018), with gain and shift by channel.
public final class GroupNorm: GraphOperation, @unchecked Sendable {
    /// Added to the variance.
    private static var epsilon: Float { 1e-5 }

    static var kind: StaticString { "group norm" }
    public override var name: StaticString { Self.kind }
    public override var weights: Weights { .gain }
    public override var int8Input: Int8Input { .scalePerChannel }
    public override var int8Output: Int8Output { .scalePerChannel }
    override var rowUse: RowUse { .written }

    /// Two numbers for each channel in fp16, four in int8.
    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int {
        let count =
            switch precision {
            case .fp32: 0
            case .fp16: 2
            case .int8: 4
            }
        return count * lowering.maps[call.input.index].channels * MemoryLayout<Float>.size
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), (gain, shift) = builder.gain(call.node)
        return { part in
            let rows = part.slice(x.shape.rows)
            f32_groupnorm1__scalar(
                x.shape.rows, x.shape.channels, x.floats(0), x.stride, gain, shift, Self.epsilon, y.floats(0), y.stride,
                rows.lowerBound, rows.upperBound)
        }
    }

    /// Every part computes mean and variance of the whole map: that costs less than one more barrier.
    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), (gain, shift) = try builder.gain(call.node)
        let kernels = builder.kernels
        return { part in
            let rows = part.tiles(y.shape.rows), channels = x.shape.channels
            var sum = 0.0, squares = 0.0
            kernels.pointee.sums(x.shape.rows, channels, x.halves(0), x.stride, &sum, &squares)
            let count = Double(x.shape.count)
            let mean = sum / count
            let variance = max(squares / count - mean * mean, 0)
            let factor = 1 / (variance + Double(Self.epsilon)).squareRoot()
            let scaledGain = part.scratch(of: Float.self), scaledShift = scaledGain + channels
            for channel in 0..<channels {
                scaledGain[channel] = Float(factor * Double(gain[channel]))
                scaledShift[channel] = Float(Double(shift[channel]) - mean * factor * Double(gain[channel]))
            }
            kernels.pointee.affine(
                rows.count, channels, x.halves(rows.lowerBound), x.stride, scaledGain, scaledShift,
                y.halves(rows.lowerBound), y.stride)
        }
    }

    /// Every part computes mean and variance of the whole map: a pass over bytes costs less than one more barrier.
    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        try builder.requireRows(call, atMost: 1 << 16)
        let x = builder.map(call.input), y = builder.map(call.output), (gain, shift) = try builder.gain(call)
        let kernels = builder.kernels, (scales, zeros) = try builder.scalesAndZeros(call.input)
        return { part in
            let rows = part.tiles(y.shape.rows), channels = x.shape.channels
            let sums = part.scratch(of: Int32.self), squares = sums + channels
            ck_clear(sums, 2 * channels * MemoryLayout<Int32>.size)
            kernels.pointee.sums(x.shape.rows, channels, x.bytes(0), x.stride, sums, squares)
            let rowCount = Double(x.shape.rows), count = Double(x.shape.count)
            var total = 0.0, totalOfSquares = 0.0
            for channel in 0..<channels {
                let sum = Double(sums[channel]), scale = Double(scales[channel]), zero = Double(zeros[channel])
                total += scale * (sum - rowCount * zero)
                totalOfSquares += scale * scale * (Double(squares[channel]) - zero * (2 * sum - rowCount * zero))
            }
            let mean = total / count
            let variance = max(totalOfSquares / count - mean * mean, 0)
            let factor = Float(1 / (variance + Double(Self.epsilon)).squareRoot()), offset = Float(mean)
            let scaledGain = UnsafeMutableRawPointer(squares + channels).assumingMemoryBound(to: Float.self)
            let scaledShift = scaledGain + channels
            for channel in 0..<channels {
                let perUnit = factor * gain[channel]
                scaledGain[channel] = perUnit * scales[channel]
                scaledShift[channel] = shift[channel] - perUnit * (offset + scales[channel] * zeros[channel])
            }
            kernels.pointee.affine(
                rows.count, channels, x.bytes(rows.lowerBound), x.stride, scaledGain, scaledShift,
                y.bytes(rows.lowerBound), y.stride)
        }
    }
}

extension Graph {
    /// The whole map at once, with gain and shift by channel; epsilon 1e-5.
    public mutating func groupNorm(_ x: TensorID, _ name: Name) -> TensorID {
        add(GroupNorm(), UpToSix(x), name, origin: .normalisation)
    }
}
