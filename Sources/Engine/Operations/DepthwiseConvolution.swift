/// Depthwise convolution: each channel by a filter of its own.
public final class DepthwiseConvolution: GraphOperation, @unchecked Sendable {
    private let window: Window
    private let epilogue: Activation

    init(_ window: Window, _ activation: Activation) {
        self.window = window
        epilogue = activation
    }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        epilogue = try attributes.activation()
        window = try Window(&attributes)
    }

    static var kind: StaticString { "depthwise" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [epilogue.number] + window.attributes }
    public override var weights: Weights { .depthwise(height: window.kernel.height, width: window.kernel.width) }
    public override var activation: Activation { epilogue }

    /// Bands have kernels for 3x3, every pixel or every other one.
    override var bandStride: Int? {
        let stride = window.stride.height
        return stride <= 2 && window == Window(3, stride: stride) ? stride : nil
    }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        try window.shape(of: inputs[0], channels: inputs[0].channels)
    }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        Int64(output.rows) * Int64(output.channels) * Int64(window.taps)
    }

    override func step(_ call: Lowering.Call, _ builder: Builder) throws(EngineError) -> Step {
        let padding = try builder.padding(call.input)
        let layer = try builder.layer(call.node, output: call.output)
        let x = builder.map(call.input), y = builder.map(call.output), window = window.over(x.shape, y.shape)
        return { part in layer.filter(window, x, padding: padding, y, lines: part.slice(y.shape.height)) }
    }
}

extension Graph {
    /// Depthwise 3x3 convolution with folded batch norm.
    public mutating func depthwise3x3(
        _ x: TensorID, _ name: Name, stride: Int = 1, _ activation: Activation = .identity
    ) -> TensorID {
        depthwise(x, name, Window(3, stride: stride), activation)
    }

    /// Depthwise convolution with folded batch norm.
    public mutating func depthwise(
        _ x: TensorID, _ name: Name, _ window: Window, _ activation: Activation = .identity
    ) -> TensorID {
        add(DepthwiseConvolution(window, activation), UpToSix(x), name, origin: .convolutionWithBatchNorm)
    }
}
