/// Multi-head self-attention over the tokens of each patch position (Vaswani et al., 2017): [p, n, 3c] -> [p, n, c]. A row
/// of the input contains query, key and value, c channels each.
public final class Attention: GraphOperation, @unchecked Sendable {
    /// Each has c / heads channels.
    public let heads: Int

    init(heads: Int) { self.heads = heads }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) { heads = try attributes.integer() }

    static var kind: StaticString { "attention" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [heads] }
    public override var int8Input: Int8Input { .heads(heads) }
    public override var int8Output: Int8Output { .scalePerChannel }
    override var rowUse: RowUse { .kept }

    override var takesTokens: Bool { true }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        var shape = inputs[0]
        guard heads > 0, heads <= shape.channels else { throw .attribute }
        guard shape.channels % (3 * heads) == 0 else {
            throw .channels(found: shape.channels, multipleOf: 3 * heads, remainder: 0)
        }
        shape.channels /= 3
        return shape
    }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        let (count, overflows) = (2 * Int64(output.rows) * Int64(output.channels))
            .multipliedReportingOverflow(by: Int64(output.width))
        return overflows ? Int64.max : count
    }

    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int {
        let output = lowering.graph.shape(lowering.graph.nodes[call.node].output)
        let size = output.channels / heads
        return switch precision {
        case .fp32: (size + 1) * output.width * MemoryLayout<Float>.size
        case .fp16: ck_f16_attention_scratch(output.width, size)
        case .int8: ck_qs8_attention_scratch(output.width, size)
        }
    }

    override func fitsInt8(input: MapShape, output: MapShape) -> Bool {
        input.channels % 8 == 0 && output.channels / heads % 4 == 0 && output.channels % 8 == 0
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), heads = heads
        let tokens = x.shape.width, channels = y.shape.channels, size = channels / heads
        return { part in
            for index in part.slice(x.shape.height * heads) {
                let row = index / heads * tokens, first = index % heads * size
                let q = x.floats(row) + first
                f32_attention__scalar(
                    tokens, size, q, q + channels, q + 2 * channels, x.stride, 1 / Float(size).squareRoot(),
                    y.floats(row) + first, y.stride, part.scratch(of: Float.self))
            }
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        guard builder.graph.shape(call.output).channels / heads % 4 == 0 else { throw .channels(builder.name(call)) }
        let tokens = TokenMaps(call, builder), kernels = builder.kernels, heads = heads
        let channels = builder.graph.shape(call.output).channels, size = channels / heads
        return { part in
            for index in part.slice(tokens.positions * heads) {
                let first = index % heads * size
                let q = tokens.input(index / heads).assumingMemoryBound(to: UInt16.self) + first
                let y = tokens.output(index / heads).assumingMemoryBound(to: UInt16.self) + first
                var call = ck_f16_attention(
                    tokens: tokens.from, q: q, k: q + channels, v: q + 2 * channels, size: size,
                    scale: 1 / Float(size).squareRoot(), output: y, output_row_stride: tokens.to.row_stride,
                    output_column_stride: tokens.to.column_stride, scratch: part.scratch)
                kernels.pointee.attention(&call)
            }
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let from = try builder.quantisation(call.input), to = try builder.quantisation(call.output)
        let channels = builder.graph.shape(call.output).channels, size = channels / heads
        try from.requireZeroPointsOfZero(channels: 3 * channels)
        let multipliers = builder.allocate(heads, of: Int32.self)
        for head in 0..<heads {
            let q = try from.commonScale(head * size..<(head + 1) * size)
            let k = try from.commonScale(channels + head * size..<channels + (head + 1) * size)
            let factor = q * k * Int8Score.log2OfE / Double(size).squareRoot() * Int8Score.perPower
            let multiplier = try Int8Score.multiplier(factor, maximum: ck_qs8_max_multiplier(size), of: from)
            multipliers[head] = ck_qs8_round_multiplier(multiplier)
        }
        let gain = builder.allocate(channels, of: Float.self), zero = builder.allocate(channels, of: Float.self)
        for channel in 0..<channels {
            gain[channel] = Float(from.scale(2 * channels + channel) / to.scale(channel))
            zero[channel] = Float(to.zero(channel))
        }
        let tokens = TokenMaps(call, builder), kernels = builder.kernels, heads = heads
        return { part in
            for index in part.slice(tokens.positions * heads) {
                let head = index % heads, first = head * size
                let q = tokens.input(index / heads).assumingMemoryBound(to: Int8.self) + first
                let y = tokens.output(index / heads).assumingMemoryBound(to: Int8.self) + first
                var call = ck_qs8_attention(
                    tokens: tokens.from, q: q, k: q + channels, v: q + 2 * channels, size: size,
                    multiplier: multipliers[head], gain: gain + first, zero: zero + first, output: y,
                    output_row_stride: tokens.to.row_stride, output_column_stride: tokens.to.column_stride,
                    scratch: part.scratch)
                kernels.pointee.attention(&call)
            }
        }
    }
}

/// The scores of int8 attention count 16ths of a power of two.
enum Int8Score {
    static var log2OfE: Double { 1.4426950408889634 }
    static var perPower: Double { 16 }

    /// The factor from products to scores in 31-bit fixed point, for which scores must not become too large.
    static func multiplier(_ factor: Double, maximum: Int32, of tensor: Quantisation) throws(EngineError) -> Int32 {
        let multiplier = (factor * 0x1p31).rounded(.toNearestOrEven)
        guard multiplier <= Double(maximum) else { throw .model(.tensor(tensor.name.appending(".scale"), .badValues)) }
        return Int32(multiplier)
    }
}

extension Graph {
    /// [p, n, 3c] -> [p, n, c]; c is a multiple of `heads` (precondition).
    public mutating func attention(_ qkv: TensorID, heads: Int, _ name: Name) -> TensorID {
        add(Attention(heads: heads), UpToSix(qkv), name)
    }
}
