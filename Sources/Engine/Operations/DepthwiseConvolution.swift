import CKernels
import ModelFile

/// Depthwise 3x3 convolution, padding 1.
public final class DepthwiseConvolution: GraphOperation, @unchecked Sendable {
    private let stride: Int
    private let epilogue: Activation

    init(stride: Int, _ activation: Activation) {
        self.stride = stride
        epilogue = activation
    }

    public override var name: StaticString { "depthwise" }
    public override var weights: Weights { .depthwise(height: 3, width: 3) }
    public override var activation: Activation { epilogue }
    override var bandStride: Int? { stride }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        guard stride > 0 else { throw .attribute }
        return MapShape(
            height: (inputs[0].height - 1) / stride + 1, width: (inputs[0].width - 1) / stride + 1,
            channels: inputs[0].channels)
    }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        Int64(output.rows) * Int64(output.channels) * 9
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let parameters = builder.parameters(call.node), x = builder.map(call.input), y = builder.map(call.output)
        let stride = stride, activation = activation.kernelValue
        return { part in
            let lines = part.slice(y.shape.height)
            f32_dwconv3x3__scalar(
                x.shape.height, x.shape.width, x.shape.channels, stride, x.floats(0), x.stride, parameters.weight,
                parameters.bias, y.floats(0), y.stride, activation, lines.lowerBound, lines.upperBound)
        }
    }
}

extension Graph {
    /// Depthwise 3x3 convolution with folded batch norm.
    public mutating func depthwise3x3(
        _ x: TensorID, _ name: Name, stride: Int = 1, _ activation: Activation = .identity
    ) -> TensorID {
        add(DepthwiseConvolution(stride: stride, activation), UpToSix(x), name, origin: .convolutionWithBatchNorm)
    }
}
