import Arena
import CKernels

/// An inverted residual or another depthwise convolution with the pointwise layers around it; see `BandShape`.
struct HalfBand {
    var shape: BandShape
    var expansion: HalfLayer?
    var depthwise: HalfLayer
    var projection: HalfLayer
    var input: HalfMap
    var residual: HalfMap?
    var output: HalfMap

    /// Computes the output's lines `lines`, with `scratch` for the rows in between.
    func run(_ kernels: UnsafePointer<ck_f16_kernels>, lines: Range<Int>, scratch: UnsafeMutableRawPointer) {
        guard !lines.isEmpty else { return }
        let ring = scratch.assumingMemoryBound(to: UInt16.self)
        let ringByteCount = LifetimePlanner.aligned(shape.ringCount * MemoryLayout<UInt16>.size)
        let block = (scratch + ringByteCount).assumingMemoryBound(to: UInt16.self)
        let channels = shape.middleChannels, width = shape.output.width
        let pixelByteCount = channels * MemoryLayout<UInt16>.size
        for row in 0..<BandShape.ringRows {
            let start = ring + row * shape.paddedRowCount
            ck_clear(start, pixelByteCount)
            ck_clear(start + (shape.input.width + 1) * channels, pixelByteCount)
        }
        var next = shape.stride * lines.lowerBound - 1
        var blockStart = lines.lowerBound
        for line in lines {
            let top = shape.stride * line - 1
            while next <= top + 2 {
                fill(kernels, line: next, slot(next, ring) + channels)
                next += 1
            }
            var rows: (UnsafePointer<UInt16>?, UnsafePointer<UInt16>?, UnsafePointer<UInt16>?)
            rows = (
                UnsafePointer(slot(top, ring)), UnsafePointer(slot(top + 1, ring)), UnsafePointer(slot(top + 2, ring))
            )
            withUnsafePointer(to: &rows) {
                $0.withMemoryRebound(to: UnsafePointer<UInt16>?.self, capacity: 3) {
                    kernels.pointee.dwconv3x3(
                        width, channels, shape.stride, $0, channels, depthwise.weights, depthwise.bias,
                        depthwise.activation, block + (line - blockStart) * width * channels, channels)
                }
            }
            guard line + 1 - blockStart == shape.blockRows || line + 1 == lines.upperBound else { continue }
            let first = blockStart * width
            projection.run(
                kernels, rows: (line + 1 - blockStart) * width, block, inputStride: channels,
                residual: residual.map { UnsafePointer($0.row(first)) }, residualStride: residual?.stride ?? 0,
                output.row(first), outputStride: output.stride)
            blockStart = line + 1
        }
    }

    /// Where line `line`, -1 being the one above the map, lies in the ring.
    private func slot(_ line: Int, _ ring: UnsafeMutablePointer<UInt16>) -> UnsafeMutablePointer<UInt16> {
        ring + (line + 1) % BandShape.ringRows * shape.paddedRowCount
    }

    /// One line of the depthwise layer's input, without its padding.
    private func fill(_ kernels: UnsafePointer<ck_f16_kernels>, line: Int, _ row: UnsafeMutablePointer<UInt16>) {
        let channels = shape.middleChannels, width = shape.input.width
        let pixelByteCount = channels * MemoryLayout<UInt16>.size
        guard line >= 0, line < shape.input.height else {
            ck_clear(row, width * pixelByteCount)
            return
        }
        let pixels = input.row(line * width)
        if let expansion {
            expansion.run(kernels, rows: width, pixels, inputStride: input.stride, row, outputStride: channels)
        } else if input.stride == channels {
            ck_copy(row, pixels, width * pixelByteCount)
        } else {
            for x in 0..<width { ck_copy(row + x * channels, pixels + x * input.stride, pixelByteCount) }
        }
    }
}
