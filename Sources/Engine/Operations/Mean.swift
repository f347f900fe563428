/// Mean over all rows: [h, w, c] -> [1, 1, c].
public final class Mean: GraphOperation, @unchecked Sendable {
    static var kind: StaticString { "mean" }
    public override var name: StaticString { Self.kind }
    override var takesTokens: Bool { true }

    override func shape(of inputs: UpToSix<MapShape>) -> MapShape {
        MapShape(height: 1, width: 1, channels: inputs[0].channels)
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output)
        return { part in
            guard part.index == 0 else { return }
            f32_mean__scalar(x.shape.rows, x.shape.channels, x.floats(0), x.stride, y.floats(0))
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output)
        return { part in
            let channels = part.tiles(x.shape.channels), first = channels.lowerBound
            f16_mean__scalar(x.shape.rows, channels.count, x.halves(0) + first, x.stride, y.halves(0) + first)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        try builder.requireRows(call, atMost: 1 << 24)
        let from = try builder.quantisation(call.input), to = try builder.quantisation(call.output)
        let channels = builder.graph.shape(call.output).channels
        let rows = Double(builder.lowering.maps[call.input.index].rows)
        let gain = builder.allocate(channels, of: Float.self), shift = builder.allocate(channels, of: Float.self)
        for channel in 0..<channels {
            let ratio = from.scale(channel) / to.scale(channel)
            gain[channel] = Float(ratio / rows)
            shift[channel] = Float(to.zero(channel) - from.zero(channel) * ratio)
        }
        let x = builder.map(call.input), y = builder.map(call.output)
        return { part in
            let channels = part.tiles(x.shape.channels), first = channels.lowerBound
            qs8_mean__scalar(
                x.shape.rows, channels.count, x.bytes(0) + first, x.stride, gain + first, shift + first,
                y.bytes(0) + first)
        }
    }
}

extension Graph {
    /// Over all rows: [h, w, c] -> [1, 1, c].
    public mutating func mean(_ x: TensorID, _ name: Name) -> TensorID { add(Mean(), UpToSix(x), name) }
}
