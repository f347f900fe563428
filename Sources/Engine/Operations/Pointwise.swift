/// 1x1 convolution or linear layer: one GEMM over the rows.
public final class Pointwise: GraphOperation, @unchecked Sendable {
    private let channels: Int
    private let epilogue: Activation

    init(channels: Int, _ activation: Activation) {
        self.channels = channels
        epilogue = activation
    }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        channels = try attributes.integer()
        epilogue = try attributes.activation()
    }

    static var kind: StaticString { "pointwise" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [channels, epilogue.number] }
    public override var weights: Weights { .matrix(height: 1, width: 1, groups: 1) }
    public override var activation: Activation { epilogue }
    override var rowUse: RowUse { .independent }
    override var takesResidual: Bool { true }

    override func shape(of inputs: UpToSix<MapShape>) -> MapShape {
        MapShape(height: inputs[0].height, width: inputs[0].width, channels: channels)
    }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        Int64(output.rows) * Int64(output.channels) * Int64(input.channels)
    }

    /// After a depthwise convolution that nothing else reads it completes a band.
    override func join(_ lowering: inout Lowering, _ index: Int) -> Bool { Band.complete(&lowering, index) }

    override func step(_ call: Lowering.Call, _ builder: Builder) throws(EngineError) -> Step {
        let layer = try builder.layer(call.node, output: call.output, residual: call.residual)
        let x = builder.map(call.input), y = builder.map(call.output), residual = call.residual.map { builder.map($0) }
        return { part in
            let rows = part.slice(y.shape.rows, unit: layer.tileRows), first = rows.lowerBound
            layer.multiply(
                rows: rows.count, x.row(first), inputStride: x.stride, residual: residual?.row(first),
                residualStride: residual?.stride ?? 0, y.row(first), outputStride: y.stride)
        }
    }
}

extension Graph {
    /// 1x1 convolution or linear layer, by `origin`.
    public mutating func pointwise(
        _ x: TensorID, _ name: Name, channels: Int, _ activation: Activation = .identity,
        origin: ParameterOrigin = .convolutionWithBatchNorm
    ) -> TensorID {
        add(Pointwise(channels: channels, activation), UpToSix(x), name, origin: origin)
    }
}
