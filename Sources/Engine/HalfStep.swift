import CKernels

/// One prepared operation in fp16: every pointer and size is known, so that running it decides nothing.
struct HalfStep {
    enum Operation {
        case stem(HalfLayer, PixelScaling, image: UnsafePointer<UInt8>)
        case pointwise(HalfLayer, residual: HalfMap?)
        case band(HalfBand)
        case layerNorm(gain: UnsafePointer<Float>, shift: UnsafePointer<Float>)
        case groupNorm(gain: UnsafePointer<Float>, shift: UnsafePointer<Float>)
        case attention(heads: Int)
        case separableAttention
        case resize(alignCorners: Bool)
        case mean
    }

    var kernels: UnsafePointer<ck_f16_kernels>
    var operation: Operation
    /// Of the stem, its shape is that of the image.
    var input: HalfMap
    var output: HalfMap
    /// Working memory, `scratchByteCount` for each part.
    var scratch: UnsafeMutableRawPointer?
    var scratchByteCount = 0

    /// Rows that GEMM kernels take at a time: parts begin at whole tiles.
    private static var tileRows: Int { 8 }
    /// Of both normalisations (network specification, section 1).
    private static var epsilon: Float { 1e-5 }

    /// Computes one of `parts` equal parts of the output.
    func run(part: Int, of parts: Int) {
        let x = input, y = output
        func slice(_ count: Int, unit: Int = 1) -> Range<Int> {
            Step.slice(count, unit: unit, part: part, of: parts)
        }
        switch operation {
        case .stem(let layer, let scaling, let image):
            runStem(layer, scaling, image, lines: slice(y.shape.height), scratch(of: part)!)
        case .pointwise(let layer, let residual):
            let rows = slice(y.shape.rows, unit: Self.tileRows), first = rows.lowerBound
            layer.run(
                kernels, rows: rows.count, x.row(first), inputStride: x.stride,
                residual: residual.map { UnsafePointer($0.row(first)) }, residualStride: residual?.stride ?? 0,
                y.row(first), outputStride: y.stride)
        case .band(let band): band.run(kernels, lines: slice(y.shape.height), scratch: scratch(of: part)!)
        case .layerNorm(let gain, let shift):
            let rows = slice(y.shape.rows, unit: Self.tileRows), first = rows.lowerBound
            kernels.pointee.layernorm(
                rows.count, x.shape.channels, x.row(first), x.stride, gain, shift, Self.epsilon, y.row(first), y.stride)
        case .groupNorm(let gain, let shift):
            let rows = slice(y.shape.rows, unit: Self.tileRows)
            runGroupNorm(gain, shift, rows, scratch(of: part)!.assumingMemoryBound(to: Float.self))
        case .attention(let heads):
            for index in slice(4 * heads) {
                attend(position: index / heads, head: index % heads, heads, scratch(of: part))
            }
        case .separableAttention:
            for position in slice(4) { attend(position: position, scratch(of: part)) }
        case .resize(let alignCorners):
            let lines = slice(y.shape.height)
            f16_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.pointer, x.stride, y.shape.height, y.shape.width,
                y.pointer, y.stride, alignCorners ? 1 : 0, lines.lowerBound, lines.upperBound)
        case .mean:
            let channels = slice(x.shape.channels, unit: Self.tileRows), first = channels.lowerBound
            f16_mean__scalar(x.shape.rows, channels.count, x.pointer + first, x.stride, y.pointer + first)
        }
    }

    private func scratch(of part: Int) -> UnsafeMutableRawPointer? { scratch.map { $0 + part * scratchByteCount } }

    private func runStem(
        _ layer: HalfLayer, _ scaling: PixelScaling, _ image: UnsafePointer<UInt8>, lines: Range<Int>,
        _ scratch: UnsafeMutableRawPointer
    ) {
        let patches = scratch.assumingMemoryBound(to: UInt16.self)
        for line in lines {
            withUnsafeBytes(of: scaling) {
                let factors = $0.baseAddress!.assumingMemoryBound(to: Float.self)
                kernels.pointee.patches3x3_s2(
                    input.shape.height, input.shape.width, image, factors, factors + 3, line, patches)
            }
            layer.run(
                kernels, rows: output.shape.width, patches, inputStride: PackedStorage.stemRowCount,
                output.row(line * output.shape.width), outputStride: output.stride)
        }
    }

    /// Every part computes mean and variance of the whole map: that costs less than to meet once more.
    private func runGroupNorm(
        _ gain: UnsafePointer<Float>, _ shift: UnsafePointer<Float>, _ rows: Range<Int>,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        let channels = input.shape.channels
        var sum = 0.0, squares = 0.0
        kernels.pointee.sums(input.shape.rows, channels, input.pointer, input.stride, &sum, &squares)
        let count = Double(input.shape.count)
        let mean = sum / count
        let variance = max(squares / count - mean * mean, 0)
        let factor = 1 / (variance + Double(Self.epsilon)).squareRoot()
        let scaledGain = scratch, scaledShift = scratch + channels
        for channel in 0..<channels {
            scaledGain[channel] = Float(factor * Double(gain[channel]))
            scaledShift[channel] = Float(Double(shift[channel]) - mean * factor * Double(gain[channel]))
        }
        kernels.pointee.affine(
            rows.count, channels, input.row(rows.lowerBound), input.stride, scaledGain, scaledShift,
            output.row(rows.lowerBound), output.stride)
    }

    /// The pixels of one of the four patch positions.
    private func tokens(_ map: HalfMap) -> ck_tokens {
        ck_tokens(
            height: map.shape.height / 2, width: map.shape.width / 2, row_stride: 2 * map.shape.width * map.stride,
            column_stride: 2 * map.stride)
    }

    private func firstPixel(_ map: HalfMap, of position: Int) -> UnsafeMutablePointer<UInt16> {
        map.row(position / 2 * map.shape.width + position % 2)
    }

    /// One head at one patch position.
    private func attend(position: Int, head: Int, _ heads: Int, _ scratch: UnsafeMutableRawPointer?) {
        let channels = output.shape.channels, size = channels / heads, first = head * size
        let q = firstPixel(input, of: position) + first
        let to = tokens(output)
        var call = ck_f16_attention(
            tokens: tokens(input), q: q, k: q + channels, v: q + 2 * channels, size: size,
            scale: 1 / Float(size).squareRoot(), output: firstPixel(output, of: position) + first,
            output_row_stride: to.row_stride, output_column_stride: to.column_stride, scratch: scratch)
        kernels.pointee.attention(&call)
    }

    private func attend(position: Int, _ scratch: UnsafeMutableRawPointer?) {
        let channels = output.shape.channels
        let q = firstPixel(input, of: position)
        let to = tokens(output)
        var call = ck_f16_separable(
            tokens: tokens(input), q: q, k: q + 1, v: q + 1 + channels, channels: channels,
            output: firstPixel(output, of: position), output_row_stride: to.row_stride,
            output_column_stride: to.column_stride, scratch: scratch)
        kernels.pointee.separable_attention(&call)
    }
}
