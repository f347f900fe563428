import CKernels
import ModelFile

/// Bilinear resize by PyTorch's rule for `align_corners` (torch.nn.functional.interpolate).
public final class Resize: GraphOperation, @unchecked Sendable {
    private let height: Int
    private let width: Int
    private let alignCorners: Bool

    init(height: Int, width: Int, alignCorners: Bool) {
        self.height = height
        self.width = width
        self.alignCorners = alignCorners
    }

    public override var name: StaticString { "resize" }
    public override var int8Output: Int8Output { .asInput }

    override func shape(of inputs: UpToSix<MapShape>) -> MapShape {
        MapShape(height: height, width: width, channels: inputs[0].channels)
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        step(call, builder) { x, y, corners, first, last in
            f32_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.floats(0), x.stride, y.shape.height, y.shape.width,
                y.floats(0), y.stride, corners, first, last)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        step(call, builder) { x, y, corners, first, last in
            f16_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.halves(0), x.stride, y.shape.height, y.shape.width,
                y.halves(0), y.stride, corners, first, last)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        step(call, builder) { x, y, corners, first, last in
            qs8_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.bytes(0), x.stride, y.shape.height, y.shape.width,
                y.bytes(0), y.stride, corners, first, last)
        }
    }

    private func step(
        _ call: Lowering.Call, _ builder: Builder,
        _ resize: @escaping (_ x: Map, _ y: Map, _ alignCorners: Int32, _ firstLine: Int, _ endLine: Int) -> Void
    ) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), corners: Int32 = alignCorners ? 1 : 0
        return { part in
            let lines = part.slice(y.shape.height)
            resize(x, y, corners, lines.lowerBound, lines.upperBound)
        }
    }
}

extension Graph {
    /// [h, w, c] -> [height, width, c], bilinear by PyTorch's rule for `alignCorners`.
    public mutating func resize(
        _ x: TensorID, height: Int, width: Int, alignCorners: Bool, _ name: Name
    ) -> TensorID {
        add(Resize(height: height, width: width, alignCorners: alignCorners), UpToSix(x), name)
    }
}
