/// The sizes of a band: [1x1 expansion], 3x3 depthwise, 1x1 projection, computed together by rows of the output.
///
/// Of the depthwise layer's input only the rows under the filter exist, in a ring, each with a pixel of padding at
/// either end; of its output only as many rows as one GEMM takes.
struct BandShape {
    /// The band's input; with an expansion, the depthwise layer's has `middleChannels`.
    var input: MapShape
    var middleChannels: Int
    var stride: Int
    var output: MapShape

    init(_ graph: Graph, _ lowering: Lowering, _ operation: Lowering.Operation) {
        let depthwise = graph.nodes[operation.depthwise!]
        guard case .depthwise3x3(let stride, _) = depthwise.operation else { preconditionFailure() }
        self.stride = stride
        input = lowering.maps[operation.input.index]
        output = lowering.maps[operation.output.index]
        middleChannels = graph.shape(depthwise.output).channels
    }

    static var ringRows: Int { 3 }

    /// Elements of a row of the depthwise layer's input with its padding.
    var paddedRowCount: Int { (input.width + 2) * middleChannels }
    var ringCount: Int { Self.ringRows * paddedRowCount }

    /// Output rows that go through one GEMM: enough for at least 16 pixels, with which it runs at full speed.
    var blockRows: Int { min((16 + output.width - 1) / output.width, output.height) }
    var blockCount: Int { blockRows * output.width * middleChannels }
}
