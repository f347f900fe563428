/// The sum of two maps of the same shape.
public final class Addition: GraphOperation, @unchecked Sendable {
    static var kind: StaticString { "add" }
    public override var name: StaticString { Self.kind }
    override var inputCounts: ClosedRange<Int> { 2...2 }
    override var rowUse: RowUse { .independent }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        guard inputs[0] == inputs[1] else { throw .differentInputs(inputs[0], inputs[1]) }
        return inputs[0]
    }

    /// It becomes the epilogue of the layer that makes one of its sides, where nothing else reads that and the other side
    /// is there before.
    override func join(_ lowering: inout Lowering, _ index: Int) -> Bool {
        let node = lowering.graph.nodes[index]
        for side in 0..<2 {
            let sum = node.input(side), other = lowering.roots[node.input(1 - side).index]
            guard let maker = lowering.producer(of: sum), lowering.uses[sum.index] == 1,
                lowering.calls[maker].output == sum, lowering.calls[maker].residual == nil,
                lowering.calls[maker].operation.takesResidual, lowering.isComplete(other, before: maker),
                lowering.haveSameRows(sum, node.input(1 - side))
            else { continue }
            lowering.extend(maker, to: node.output, rowsOf: sum) { $0.residual = other }
            return true
        }
        return false
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let a = builder.map(call.input), b = builder.map(call.residual!), y = builder.map(call.output)
        return { part in
            let rows = part.slice(y.shape.rows), first = rows.lowerBound
            f32_add__scalar(
                rows.count, y.shape.channels, a.floats(first), a.stride, b.floats(first), b.stride, y.floats(first),
                y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let a = builder.map(call.input), b = builder.map(call.residual!), y = builder.map(call.output)
        let kernels = builder.kernels
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.add(
                rows.count, y.shape.channels, a.halves(first), a.stride, b.halves(first), b.stride, y.halves(first),
                y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let a = builder.map(call.input), b = builder.map(call.residual!), y = builder.map(call.output)
        let kernels = builder.kernels, channels = y.shape.channels
        let left = try builder.quantisation(call.input), right = try builder.quantisation(call.residual!)
        let to = try builder.quantisation(call.output)
        let leftGain = builder.allocate(channels, of: Float.self), rightGain = builder.allocate(channels, of: Float.self)
        let shift = builder.allocate(channels, of: Float.self)
        for channel in 0..<channels {
            let one = left.scale(channel) / to.scale(channel), two = right.scale(channel) / to.scale(channel)
            leftGain[channel] = Float(one)
            rightGain[channel] = Float(two)
            shift[channel] = Float(to.zero(channel) - left.zero(channel) * one - right.zero(channel) * two)
        }
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.add(
                rows.count, channels, a.bytes(first), a.stride, leftGain, b.bytes(first), b.stride, rightGain, shift,
                y.bytes(first), y.stride)
        }
    }
}

extension Graph {
    /// a + b, both of the same shape (precondition).
    public mutating func add(_ a: TensorID, _ b: TensorID, _ name: Name) -> TensorID { add(Addition(), UpToSix(a, b), name) }
}
