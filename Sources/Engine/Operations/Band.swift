/// An inverted residual or another depthwise convolution with the pointwise layers around it: [1x1 expansion], 3x3
/// depthwise, 1x1 projection, computed together by lines of the output, so that the maps between them never exist whole.
///
/// No node has it: lowering makes it. Of the depthwise layer's input only the lines under the filter exist, in a ring, each
/// with a pixel of padding at either end; of its output only as many lines as one GEMM takes.
final class Band: GraphOperation, @unchecked Sendable {
    private static let only = Band()

    override var name: StaticString { "band" }
    override var takesResidual: Bool { true }

    /// Makes a band of pointwise node `index` and the depthwise convolution before it, if that is the last call and
    /// nothing else reads what it makes; in front of both, where there is one, the pointwise layer that expands.
    static func complete(_ lowering: inout Lowering, _ index: Int) -> Bool {
        let graph = lowering.graph, node = graph.nodes[index]
        guard lowering.fusion == .all, let middle = lowering.calls.last,
            middle.operation.bandStride != nil, middle.output == node.input(0),
            lowering.uses[middle.output.index] == 1
        else { return false }
        var call = middle
        lowering.removeLastCall()
        if let first = lowering.calls.last, first.operation is Pointwise, first.output == middle.input,
            lowering.uses[middle.input.index] == 1, first.residual == nil
        {
            call.nodes = UpToSix(first.node, middle.node)
            call.input = first.input
            lowering.removeLastCall()
        }
        call.operation = only
        call.nodes.append(index)
        call.output = node.output
        lowering.append(call, rowsOf: node.input(0))
        return true
    }

    /// The sizes of one band.
    struct Geometry {
        /// The band's input; with an expansion, the depthwise layer's has `channels`.
        var input: MapShape
        var output: MapShape
        var stride: Int
        /// Of the depthwise layer.
        var channels: Int

        static var ringLines: Int { 3 }

        /// Elements of a line of the depthwise layer's input with its padding.
        var paddedLineCount: Int { (input.width + 2) * channels }
        var ringCount: Int { Self.ringLines * paddedLineCount }

        /// Output lines that go through one GEMM: enough for at least 16 pixels, with which it runs at full speed.
        var blockLines: Int { min((16 + output.width - 1) / output.width, output.height) }
        var blockCount: Int { blockLines * output.width * channels }
    }

    private static func depthwise(_ call: Lowering.Call, _ graph: Graph) -> Node { graph.nodes[call.nodes[call.nodes.count - 2]] }

    private func geometry(_ call: Lowering.Call, _ lowering: Lowering) -> Geometry {
        let depthwise = Self.depthwise(call, lowering.graph)
        return Geometry(
            input: lowering.maps[call.input.index], output: lowering.maps[call.output.index],
            stride: depthwise.operation.bandStride!, channels: lowering.graph.shape(depthwise.output).channels)
    }

    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int {
        let geometry = geometry(call, lowering), element = precision.elementByteCount
        return LifetimePlanner.aligned(geometry.ringCount * element)
            + LifetimePlanner.aligned(geometry.blockCount * element)
    }

    override func step(_ call: Lowering.Call, _ builder: Builder) throws(EngineError) -> Step {
        let nodes = call.nodes, depthwise = Self.depthwise(call, builder.graph)
        var expansion: Layer?
        if nodes.count == 3 {
            expansion = try builder.layer(nodes[0], output: builder.graph.nodes[nodes[0]].output)
        }
        let padding = try builder.padding(depthwise.input(0))
        let filter = try builder.layer(nodes[nodes.count - 2], output: depthwise.output)
        let projection = try builder.layer(call.node, output: call.output, residual: call.residual)
        let band = PreparedBand(
            geometry: geometry(call, builder.lowering), expansion: expansion, depthwise: filter, projection: projection,
            padding: padding, elementByteCount: builder.precision.elementByteCount, input: builder.map(call.input),
            residual: call.residual.map { builder.map($0) }, output: builder.map(call.output))
        return { band.run($0) }
    }
}

private struct PreparedBand {
    let geometry: Band.Geometry
    let expansion: Layer?
    let depthwise: Layer
    let projection: Layer
    /// A pixel that stands for 0 in the depthwise layer's input; nil where that is zeros.
    let padding: UnsafeRawPointer?
    /// Of an element between the layers.
    let elementByteCount: Int
    let input: Map
    let residual: Map?
    let output: Map

    func run(_ part: Part) {
        let lines = part.slice(output.shape.height)
        guard !lines.isEmpty, let ring = part.scratch else { return }
        let block = ring + LifetimePlanner.aligned(geometry.ringCount * elementByteCount)
        let channels = geometry.channels, width = geometry.output.width, pixel = channels * elementByteCount
        for line in 0..<Band.Geometry.ringLines {
            let start = ring + line * geometry.paddedLineCount * elementByteCount
            pad(start, pixels: 1)
            pad(start + (geometry.input.width + 1) * pixel, pixels: 1)
        }
        var next = geometry.stride * lines.lowerBound - 1
        var blockStart = lines.lowerBound
        for line in lines {
            let top = geometry.stride * line - 1
            while next <= top + 2 {
                fill(line: next, slot(next, ring) + pixel)
                next += 1
            }
            depthwise.filterLine(
                width: width, stride: geometry.stride,
                (
                    UnsafeRawPointer(slot(top, ring)), UnsafeRawPointer(slot(top + 1, ring)),
                    UnsafeRawPointer(slot(top + 2, ring))
                ), block + (line - blockStart) * width * pixel)
            guard line + 1 - blockStart == geometry.blockLines || line + 1 == lines.upperBound else { continue }
            let first = blockStart * width
            projection.multiply(
                rows: (line + 1 - blockStart) * width, block, inputStride: channels, residual: residual?.row(first),
                residualStride: residual?.stride ?? 0, output.row(first), outputStride: output.stride)
            blockStart = line + 1
        }
    }

    /// Where line `line`, -1 being the one above the map, lies in the ring.
    private func slot(_ line: Int, _ ring: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        ring + (line + 1) % Band.Geometry.ringLines * geometry.paddedLineCount * elementByteCount
    }

    /// One line of the depthwise layer's input, without its padding.
    private func fill(line: Int, _ row: UnsafeMutableRawPointer) {
        let width = geometry.input.width, pixel = geometry.channels * elementByteCount
        guard line >= 0, line < geometry.input.height else { return pad(row, pixels: width) }
        let pixels = input.row(line * width)
        if let expansion {
            expansion.multiply(
                rows: width, pixels, inputStride: input.stride, row, outputStride: geometry.channels)
        } else if input.stride == geometry.channels {
            ck_copy(row, pixels, width * pixel)
        } else {
            for x in 0..<width { ck_copy(row + x * pixel, pixels + x * input.stride * elementByteCount, pixel) }
        }
    }

    private func pad(_ row: UnsafeMutableRawPointer, pixels: Int) {
        let pixel = geometry.channels * elementByteCount
        guard let padding else { return ck_clear(row, pixels * pixel) }
        for x in 0..<pixels { ck_copy(row + x * pixel, padding, pixel) }
    }
}
