/// x * relu6(x + 3) / 6 of each value (Howard et al., 2019, "Searching for MobileNetV3").
public final class HardSwish: GraphOperation, @unchecked Sendable {
    static var kind: StaticString { "hard-swish" }
    public override var name: StaticString { Self.kind }
    override var rowUse: RowUse { .independent }
    /// In int8 a table of 256 bytes for each channel.
    override var int8TableByteCount: Int { 256 }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output)
        return { part in
            let rows = part.slice(y.shape.rows), first = rows.lowerBound
            f32_hardswish__scalar(rows.count, x.shape.channels, x.floats(first), x.stride, y.floats(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), kernels = builder.kernels
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.hardswish(
                rows.count, x.shape.channels, x.halves(first), x.stride, y.halves(first), y.stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), kernels = builder.kernels
        let tables = try builder.tables(call) { $0 * min(max($0 + 3, 0), 6) / 6 }
        return { part in
            let rows = part.tiles(y.shape.rows), first = rows.lowerBound
            kernels.pointee.lookup(
                rows.count, x.shape.channels, x.bytes(first), x.stride, tables, 256, y.bytes(first), y.stride)
        }
    }
}

extension Graph {
    /// Of each value.
    public mutating func hardSwish(_ x: TensorID, _ name: Name) -> TensorID { add(HardSwish(), UpToSix(x), name) }
}
