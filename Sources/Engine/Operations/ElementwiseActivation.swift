/// An activation of each value where no layer before it can apply it.
public final class ElementwiseActivation: GraphOperation, @unchecked Sendable {
    private let function: Activation

    /// Any but leaky ReLU.
    init(_ activation: Activation) { function = activation }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        function = try attributes.activation()
        guard function != .leakyReLU else { throw .attribute }
    }

    static var kind: StaticString { "activation" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [function.number] }
    public override var activation: Activation { function }
    override var rowUse: RowUse { .independent }
    /// In int8 a table of 256 bytes for each channel.
    override var int8TableByteCount: Int { 256 }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), activation = function.kernelValue
        return { part in
            let rows = part.slice(y.shape.rows), first = rows.lowerBound
            f32_activate__scalar(
                rows.count, x.shape.channels, x.floats(first), x.stride, activation, y.floats(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), kernels = builder.kernels
        let activation = function.kernelValue
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.activate(
                rows.count, x.shape.channels, x.halves(first), x.stride, activation, y.halves(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), kernels = builder.kernels
        let activation = function.kernelValue
        let (tables, stride) = try builder.tables(call) { value in
            var input = Float(value), output: Float = 0
            f32_activate__scalar(1, 1, &input, 1, activation, &output, 1)
            return Double(output)
        }
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.lookup(
                rows.count, x.shape.channels, x.bytes(first), x.stride, tables, stride, y.bytes(first), y.stride)
        }
    }
}

extension Graph {
    /// Of each value; `activation` is any but leaky ReLU (precondition).
    public mutating func activate(_ x: TensorID, _ name: Name, _ activation: Activation) -> TensorID {
        add(ElementwiseActivation(activation), UpToSix(x), name)
    }
}
