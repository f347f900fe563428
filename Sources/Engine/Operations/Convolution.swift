import CKernels
import ModelFile

/// Dense 3x3 convolution of stride 2, padding 1, over the picture.
public final class Convolution: GraphOperation, @unchecked Sendable {
    private let channels: Int
    private let epilogue: Activation

    init(channels: Int, _ activation: Activation) {
        self.channels = channels
        epilogue = activation
    }

    public override var name: StaticString { "convolution" }
    public override var weights: Weights { .matrix(height: 3, width: 3, groups: 1) }
    public override var activation: Activation { epilogue }

    override func shape(of inputs: UpToSix<MapShape>) -> MapShape {
        MapShape(height: (inputs[0].height + 1) / 2, width: (inputs[0].width + 1) / 2, channels: channels)
    }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        Int64(output.rows) * Int64(output.channels) * Int64(input.channels) * 9
    }

    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ arithmetic: Arithmetic) -> Int {
        switch arithmetic {
        case .single: 0
        case .half: ck_f16_patches_count(lowering.maps[call.input.index].width) * arithmetic.elementByteCount
        case .int8: lowering.maps[call.output.index].width * Self.patchCount
        }
    }

    /// The values of one neighbourhood of the picture, filled up to a multiple of 4.
    private static var patchCount: Int { 28 }

    override func fitsInt8(input: MapShape, output: MapShape) -> Bool { input.channels == 3 }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let parameters = builder.parameters(call.node), x = builder.map(call.input), y = builder.map(call.output)
        let activation = activation.kernelValue
        return { part in
            let lines = part.slice(y.shape.height)
            f32_conv3x3_s2__scalar(
                x.shape.height, x.shape.width, x.shape.channels, y.shape.channels, x.floats(0), parameters.weight,
                parameters.bias, y.floats(0), y.stride, activation, lines.lowerBound, lines.upperBound)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let kernels = builder.kernels, scaling = builder.pixels
        return try step(call, builder, of: UInt16.self) { picture, line, patches in
            withUnsafeBytes(of: scaling) {
                let factors = $0.baseAddress!.assumingMemoryBound(to: Float.self)
                kernels.pointee.patches3x3_s2(
                    picture.shape.height, picture.shape.width, picture.pixels, factors, factors + 3, line, patches)
            }
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let padding = try builder.inputZeroPoints()
        return try step(call, builder, of: Int8.self) { picture, line, patches in
            withUnsafeBytes(of: padding) {
                u8_patches3x3_s2__scalar(
                    picture.shape.height, picture.shape.width, picture.pixels,
                    $0.baseAddress!.assumingMemoryBound(to: UInt8.self), line, patches)
            }
        }
    }

    /// One line of the output at a time: `gather` makes its patches, which are then multiplied.
    private func step<Element>(
        _ call: Lowering.Call, _ builder: Builder, of type: Element.Type,
        _ gather: @escaping (_ picture: Map, _ line: Int, _ patches: UnsafeMutablePointer<Element>) -> Void
    ) throws(EngineError) -> Step {
        // Patches are taken of bytes.
        guard call.input == builder.graph.input else { throw .operation(builder.name(call), name, builder.arithmetic) }
        let layer = try builder.layer(call.node, output: call.output, residual: nil)
        let x = builder.map(call.input), y = builder.map(call.output)
        return { part in
            let patches = part.scratch(of: type)
            for line in part.slice(y.shape.height) {
                gather(x, line, patches)
                layer.multiply(
                    rows: y.shape.width, patches, inputStride: Self.patchCount, y.row(line * y.shape.width),
                    outputStride: y.stride)
            }
        }
    }
}

extension Graph {
    /// Dense 3x3 convolution of stride 2 with folded batch norm.
    public mutating func convolution3x3(
        _ x: TensorID, _ name: Name, channels: Int, _ activation: Activation
    ) -> TensorID {
        add(Convolution(channels: channels, activation), UpToSix(x), name, origin: .convolutionWithBatchNorm)
    }
}
