/// Bilinear resize by PyTorch's rule for `align_corners` (torch.nn.functional.interpolate).
public final class Resize: GraphOperation, @unchecked Sendable {
    private let extent: Extent
    private let alignCorners: Bool

    init(to extent: Extent, alignCorners: Bool) {
        self.extent = extent
        self.alignCorners = alignCorners
    }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        alignCorners = try attributes.integer(in: 0...1) == 1
        extent = try attributes.extent()
    }

    static var kind: StaticString { "resize" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [alignCorners ? 1 : 0] + extent.attributes }
    public override var int8Output: Int8Output { .asInput }
    override var isNothingIfShapeStays: Bool { true }

    override func shape(of inputs: UpToSix<MapShape>) -> MapShape { extent.shape(for: inputs[0]) }

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
    /// [h, w, c] -> [height, width, c] of `extent`, bilinear by PyTorch's rule for `alignCorners`; x itself where it has
    /// that size.
    public mutating func resize(_ x: TensorID, to extent: Extent, alignCorners: Bool, _ name: Name) -> TensorID {
        add(Resize(to: extent, alignCorners: alignCorners), UpToSix(x), name)
    }
}
