import Arena
import CKernels

/// An inverted residual or another depthwise convolution with the pointwise layers around it; see `BandShape`.
struct Int8Band {
    var shape: BandShape
    var expansion: Int8Layer?
    var depthwise: Int8Layer
    var projection: Int8Layer
    /// What stands for 0 in the depthwise layer's input: one byte per channel.
    var padding: UnsafePointer<Int8>
    var input: Int8Map
    var residual: Int8Map?
    var output: Int8Map

    /// Computes the output's lines `lines`, with `scratch` for the rows in between.
    func run(_ kernels: UnsafePointer<ck_qs8_kernels>, lines: Range<Int>, scratch: UnsafeMutableRawPointer) {
        guard !lines.isEmpty else { return }
        let ring = scratch.assumingMemoryBound(to: Int8.self)
        let block = ring + LifetimePlanner.aligned(shape.ringCount)
        let channels = shape.middleChannels, width = shape.output.width
        for row in 0..<BandShape.ringRows {
            let start = ring + row * shape.paddedRowCount
            ck_copy(start, padding, channels)
            ck_copy(start + (shape.input.width + 1) * channels, padding, channels)
        }
        var next = shape.stride * lines.lowerBound - 1
        var blockStart = lines.lowerBound
        for line in lines {
            let top = shape.stride * line - 1
            while next <= top + 2 {
                fill(kernels, line: next, slot(next, ring) + channels)
                next += 1
            }
            var rows: (UnsafePointer<Int8>?, UnsafePointer<Int8>?, UnsafePointer<Int8>?) = (nil, nil, nil)
            rows.0 = UnsafePointer(slot(top, ring))
            rows.1 = UnsafePointer(slot(top + 1, ring))
            rows.2 = UnsafePointer(slot(top + 2, ring))
            withUnsafePointer(to: &rows) {
                $0.withMemoryRebound(to: UnsafePointer<Int8>?.self, capacity: 3) {
                    kernels.pointee.dwconv3x3(
                        width, channels, shape.stride, $0, depthwise.weights, depthwise.channels, depthwise.activation,
                        block + (line - blockStart) * width * channels)
                }
            }
            guard line + 1 - blockStart == shape.blockRows || line + 1 == lines.upperBound else { continue }
            let first = blockStart * width
            projection.run(
                kernels, rows: (line + 1 - blockStart) * width, block, inputStride: channels,
                residual: residual.map { UnsafePointer($0.byteRow(first)) }, residualStride: residual?.stride ?? 0,
                output.row(first), outputStride: output.stride)
            blockStart = line + 1
        }
    }

    /// Where line `line`, -1 being the one above the map, lies in the ring.
    private func slot(_ line: Int, _ ring: UnsafeMutablePointer<Int8>) -> UnsafeMutablePointer<Int8> {
        ring + (line + 1) % BandShape.ringRows * shape.paddedRowCount
    }

    /// One line of the depthwise layer's input, without its padding.
    private func fill(_ kernels: UnsafePointer<ck_qs8_kernels>, line: Int, _ row: UnsafeMutablePointer<Int8>) {
        let channels = shape.middleChannels, width = shape.input.width
        guard line >= 0, line < shape.input.height else {
            for x in 0..<width { ck_copy(row + x * channels, padding, channels) }
            return
        }
        let pixels = input.byteRow(line * width)
        if let expansion {
            expansion.run(
                kernels, rows: width, pixels, inputStride: input.stride, residual: nil, residualStride: 0, row,
                outputStride: channels)
        } else if input.stride == channels {
            ck_copy(row, pixels, width * channels)
        } else {
            for x in 0..<width { ck_copy(row + x * channels, pixels + x * input.stride, channels) }
        }
    }
}
