import CKernels

/// One prepared operation in int8: every pointer and size is known, so that running it decides nothing.
struct Int8Step {
    enum Operation {
        case stem(Int8Layer, padding: (UInt8, UInt8, UInt8))
        case pointwise(Int8Layer, residual: Int8Map?)
        case band(Int8Band)
        /// Gain and shift make stored bytes of normalised values; epsilon is in squares of the input's step.
        case layerNorm(gain: UnsafePointer<Float>, shift: UnsafePointer<Float>, epsilon: Float)
        /// `scale` and `zero` are the input's, by channel.
        case groupNorm(
            gain: UnsafePointer<Float>, shift: UnsafePointer<Float>, scale: UnsafePointer<Float>,
            zero: UnsafePointer<Float>, epsilon: Float)
        /// A multiplier per head; gain and zero per channel.
        case attention(
            heads: Int, multipliers: UnsafePointer<Int32>, gain: UnsafePointer<Float>, zero: UnsafePointer<Float>)
        case separableAttention(multiplier: Int32, gain: UnsafePointer<Float>, zero: UnsafePointer<Float>)
        case resize(alignCorners: Bool)
        case mean(gain: UnsafePointer<Float>, shift: UnsafePointer<Float>)
    }

    var kernels: UnsafePointer<ck_qs8_kernels>
    var operation: Operation
    var input: Int8Map
    var output: Int8Map
    /// Working memory, `scratchByteCount` for each part.
    var scratch: UnsafeMutableRawPointer?
    var scratchByteCount = 0

    /// Rows that GEMM kernels take at a time: parts begin at whole tiles.
    private static var tileRows: Int { 8 }

    /// Computes one of `parts` equal parts of the output.
    func run(part: Int, of parts: Int) {
        let x = input, y = output
        func slice(_ count: Int, unit: Int = 1) -> Range<Int> {
            Step.slice(count, unit: unit, part: part, of: parts)
        }
        switch operation {
        case .stem(let layer, let padding): runStem(layer, padding, lines: slice(y.shape.height), scratch(of: part)!)
        case .pointwise(let layer, let residual):
            let rows = slice(y.shape.rows, unit: Self.tileRows), first = rows.lowerBound
            layer.run(
                kernels, rows: rows.count, x.byteRow(first), inputStride: x.stride,
                residual: residual.map { UnsafePointer($0.byteRow(first)) }, residualStride: residual?.stride ?? 0,
                y.row(first), outputStride: y.stride)
        case .band(let band): band.run(kernels, lines: slice(y.shape.height), scratch: scratch(of: part)!)
        case .layerNorm(let gain, let shift, let epsilon):
            let rows = slice(y.shape.rows, unit: Self.tileRows), first = rows.lowerBound
            kernels.pointee.layernorm(
                rows.count, x.shape.channels, x.byteRow(first), x.stride, epsilon, gain, shift, y.byteRow(first),
                y.stride)
        case .groupNorm(let gain, let shift, let scale, let zero, let epsilon):
            let rows = slice(y.shape.rows, unit: Self.tileRows)
            runGroupNorm(gain, shift, scale, zero, epsilon, rows, scratch(of: part)!)
        case .attention(let heads, let multipliers, let gain, let zero):
            for index in slice(4 * heads) {
                attend(position: index / heads, head: index % heads, heads, multipliers, gain, zero, scratch(of: part))
            }
        case .separableAttention(let multiplier, let gain, let zero):
            for position in slice(4) { attend(position: position, multiplier, gain, zero, scratch(of: part)) }
        case .resize(let alignCorners):
            let lines = slice(y.shape.height)
            qs8_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.bytes, x.stride, y.shape.height, y.shape.width,
                y.bytes, y.stride, alignCorners ? 1 : 0, lines.lowerBound, lines.upperBound)
        case .mean(let gain, let shift):
            let channels = slice(x.shape.channels, unit: Self.tileRows), first = channels.lowerBound
            qs8_mean__scalar(
                x.shape.rows, channels.count, x.bytes + first, x.stride, gain + first, shift + first, y.bytes + first)
        }
    }

    private func scratch(of part: Int) -> UnsafeMutableRawPointer? { scratch.map { $0 + part * scratchByteCount } }

    private func runStem(
        _ layer: Int8Layer, _ padding: (UInt8, UInt8, UInt8), lines: Range<Int>, _ scratch: UnsafeMutableRawPointer
    ) {
        let patches = scratch.assumingMemoryBound(to: Int8.self)
        let image = input.pointer.assumingMemoryBound(to: UInt8.self)
        for line in lines {
            withUnsafeBytes(of: padding) {
                u8_patches3x3_s2__scalar(
                    input.shape.height, input.shape.width, image, $0.baseAddress!.assumingMemoryBound(to: UInt8.self),
                    line, patches)
            }
            layer.run(
                kernels, rows: output.shape.width, patches, inputStride: PackedStorage.stemRowCount, residual: nil,
                residualStride: 0, output.row(line * output.shape.width), outputStride: output.stride)
        }
    }

    /// Every part computes mean and variance of the whole map: a pass over bytes costs less than to meet once more.
    private func runGroupNorm(
        _ gain: UnsafePointer<Float>, _ shift: UnsafePointer<Float>, _ scale: UnsafePointer<Float>,
        _ zero: UnsafePointer<Float>, _ epsilon: Float, _ rows: Range<Int>, _ scratch: UnsafeMutableRawPointer
    ) {
        let channels = input.shape.channels
        let sums = scratch.assumingMemoryBound(to: Int32.self), squares = sums + channels
        ck_clear(scratch, 2 * channels * MemoryLayout<Int32>.size)
        kernels.pointee.sums(input.shape.rows, channels, input.bytes, input.stride, sums, squares)
        let rowCount = Double(input.shape.rows), count = Double(input.shape.count)
        var total = 0.0, totalOfSquares = 0.0
        for channel in 0..<channels {
            let sum = Double(sums[channel]), scale = Double(scale[channel]), zero = Double(zero[channel])
            total += scale * (sum - rowCount * zero)
            totalOfSquares += scale * scale * (Double(squares[channel]) - zero * (2 * sum - rowCount * zero))
        }
        let mean = total / count
        let variance = max(totalOfSquares / count - mean * mean, 0)
        let factor = Float(1 / (variance + Double(epsilon)).squareRoot()), offset = Float(mean)
        let scaledGain = UnsafeMutableRawPointer(squares + channels).assumingMemoryBound(to: Float.self)
        let scaledShift = scaledGain + channels
        for channel in 0..<channels {
            let perUnit = factor * gain[channel]
            scaledGain[channel] = perUnit * scale[channel]
            scaledShift[channel] = shift[channel] - perUnit * (offset + scale[channel] * zero[channel])
        }
        kernels.pointee.affine(
            rows.count, channels, input.byteRow(rows.lowerBound), input.stride, scaledGain, scaledShift,
            output.byteRow(rows.lowerBound), output.stride)
    }

    /// The pixels of one of the four patch positions.
    private func tokens(_ map: Int8Map) -> ck_tokens {
        ck_tokens(
            height: map.shape.height / 2, width: map.shape.width / 2, row_stride: 2 * map.shape.width * map.stride,
            column_stride: 2 * map.stride)
    }

    private func firstPixel(_ map: Int8Map, of position: Int) -> UnsafeMutablePointer<Int8> {
        map.byteRow(position / 2 * map.shape.width + position % 2)
    }

    /// One head at one patch position.
    private func attend(
        position: Int, head: Int, _ heads: Int, _ multipliers: UnsafePointer<Int32>, _ gain: UnsafePointer<Float>,
        _ zero: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer?
    ) {
        let channels = output.shape.channels, size = channels / heads, first = head * size
        let q = firstPixel(input, of: position) + first
        let to = tokens(output)
        var call = ck_qs8_attention(
            tokens: tokens(input), q: q, k: q + channels, v: q + 2 * channels, size: size,
            multiplier: multipliers[head], gain: gain + first, zero: zero + first,
            output: firstPixel(output, of: position) + first, output_row_stride: to.row_stride,
            output_column_stride: to.column_stride, scratch: scratch)
        kernels.pointee.attention(&call)
    }

    private func attend(
        position: Int, _ multiplier: Int32, _ gain: UnsafePointer<Float>, _ zero: UnsafePointer<Float>,
        _ scratch: UnsafeMutableRawPointer?
    ) {
        let channels = output.shape.channels
        let q = firstPixel(input, of: position)
        let to = tokens(output)
        var call = ck_qs8_separable(
            tokens: tokens(input), q: q, k: q + 1, v: q + 1 + channels, channels: channels, multiplier: multiplier,
            gain: gain, zero: zero, output: firstPixel(output, of: position), output_row_stride: to.row_stride,
            output_column_stride: to.column_stride, scratch: scratch)
        kernels.pointee.separable_attention(&call)
    }
}
