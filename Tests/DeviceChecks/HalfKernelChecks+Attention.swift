import CKernels
import CTestSupport

extension HalfKernelChecks {
    /// Tokens of one patch position in a map of qkv rows, as the engine walks them, in patches of any size.
    private struct TokenMap {
        var height: Int
        var width: Int
        var stride: Int
        var patchHeight: Int
        var patchWidth: Int

        init(_ operands: inout Operands, stride: Int) {
            height = operands.integer(1...7)
            width = operands.integer(1...9)
            patchHeight = operands.integer(1...4)
            patchWidth = operands.integer(1...4)
            self.stride = stride
        }

        private var rowStride: Int { patchHeight * patchWidth * width * stride }
        var tokens: ck_tokens {
            ck_tokens(height: height, width: width, row_stride: rowStride, column_stride: patchWidth * stride)
        }
        /// Elements from the first token's first channel to behind the last one's last.
        func extent(_ channels: Int) -> Int { offset(height * width - 1) + channels }
        func offset(_ token: Int) -> Int { token / width * rowStride + token % width * patchWidth * stride }
    }

    func attention(_ operands: inout Operands, scale: Float, _ check: inout Check) {
        let size = 4 * operands.integer(1...9)
        let map = TokenMap(&operands, stride: 3 * size + operands.integer(0...5))
        let count = map.height * map.width
        var output = map
        output.stride = size + operands.integer(0...3)
        let qkv = operands.halves(map.extent(3 * size), scale: scale), y = operands.halfOutput(output.extent(size))
        let scratch = GuardedBytes(count: ck_f16_attention_scratch(count, size), atEnd: operands.atEnd)
        var call = ck_f16_attention(
            tokens: map.tokens, q: qkv.base, k: qkv.base + size, v: qkv.base + 2 * size, size: size,
            scale: 1 / Float(size).squareRoot(), output: y.base, output_row_stride: output.tokens.row_stride,
            output_column_stride: output.tokens.column_stride, scratch: scratch.aligned)
        kernels.attention(&call)
        for token in 0..<count {
            var scores: [Double] = []
            for other in 0..<count {
                var score = 0.0
                for c in 0..<size { score += qkv[map.offset(token) + c] * qkv[map.offset(other) + size + c] }
                scores.append(score / Double(size).squareRoot())
            }
            let weights = Self.softmax(scores)
            // A score's rounding is relative to its magnitude, and moves the weights by as much.
            let spread = scores.reduce(0) { max($0, $1.magnitude) }
            for c in 0..<size {
                var expected = 0.0
                for other in 0..<count { expected += weights[other] * qkv[map.offset(other) + 2 * size + c] }
                let found = y[output.offset(token) + c]
                let allowed = tolerance * Double(scale) * 2 + sumTolerance * Double(scale) * (1 + spread)
                check.expect(
                    (found - expected).magnitude <= allowed,
                    "\(name) attention \(map.height)x\(map.width)x\(size): \(found), expected \(expected)")
            }
        }
        for token in 0..<count - 1 where output.stride > size {
            check.expect(y[output.offset(token) + size].isNaN, "\(name) attention writes between tokens")
        }
    }

    func separableAttention(_ operands: inout Operands, _ check: inout Check) {
        let channels = operands.integer(1...40)
        let map = TokenMap(&operands, stride: 1 + 2 * channels + operands.integer(0...5))
        let count = map.height * map.width
        var output = map
        output.stride = channels + operands.integer(0...3)
        let qkv = operands.halves(map.extent(1 + 2 * channels)), y = operands.halfOutput(output.extent(channels))
        let scratch = GuardedBytes(count: ck_f16_separable_scratch(count, channels), atEnd: operands.atEnd)
        var call = ck_f16_separable(
            tokens: map.tokens, q: qkv.base, k: qkv.base + 1, v: qkv.base + 1 + channels, channels: channels,
            output: y.base, output_row_stride: output.tokens.row_stride,
            output_column_stride: output.tokens.column_stride, scratch: scratch.aligned)
        kernels.separable_attention(&call)
        var queries: [Double] = []
        for token in 0..<count { queries.append(qkv[map.offset(token)]) }
        let weights = Self.softmax(queries)
        for c in 0..<channels {
            var context = 0.0
            for token in 0..<count { context += weights[token] * qkv[map.offset(token) + 1 + c] }
            for token in 0..<count {
                let expected = max(qkv[map.offset(token) + 1 + channels + c], 0) * context
                let found = y[output.offset(token) + c]
                check.expect(
                    (found - expected).magnitude <= tolerance,
                    "\(name) separable attention \(count)x\(channels): \(found), expected \(expected)")
            }
        }
    }

    func mean(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...80), channels = operands.integer(1...9)
        let x = operands.halves(rows * channels), mean = operands.halfOutput(channels)
        kernels.mean(rows, channels, x.base, channels, mean.base)
        for c in 0..<channels {
            var sum = 0.0
            for row in 0..<rows { sum += x[row * channels + c] }
            check.expect((mean[c] - sum / Double(rows)).magnitude <= 6e-4, "\(name) mean of \(rows)x\(channels)")
        }
    }

    func resize(_ operands: inout Operands, _ check: inout Check) {
        let h = operands.integer(1...9), w = operands.integer(1...9)
        let oh = operands.integer(1...9), ow = operands.integer(1...9), channels = operands.integer(1...9)
        let x = operands.halves(h * w * channels)
        var floats = [Float](repeating: 0, count: h * w * channels)
        f16_to_f32__scalar(floats.count, x.base, &floats)
        let alignCorners: Int32 = operands.integer(0...1) == 0 ? 0 : 1
        // Against the fp32 kernel, which has its own check.
        let y = operands.halfOutput(oh * ow * channels)
        var expected = [Float](repeating: 0, count: oh * ow * channels)
        f32_resize_bilinear__scalar(h, w, channels, floats, channels, oh, ow, &expected, channels, alignCorners, 0, oh)
        kernels.resize_bilinear(h, w, channels, x.base, channels, oh, ow, y.base, channels, alignCorners, 0, oh)
        for index in expected.indices {
            check.expect((y[index] - Double(expected[index])).magnitude <= 6e-4, "\(name) resize \(h)x\(w) to \(oh)x\(ow)")
        }
    }

    /// SiLU and GELU of every finite half, and what overflows or has nothing to normalise.
    public func extremes(_ check: inout Check) {
        let patterns = (UInt16(0)...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
        var output = [UInt16](repeating: 0, count: patterns.count), one: UInt16 = 0x3C00
        var inputs = [Float](repeating: 0, count: patterns.count), outputs = inputs
        f16_to_f32__scalar(patterns.count, patterns, &inputs)
        for activation in [CK_SILU, CK_GELU] {
            kernels.gemm(patterns.count, 1, 1, patterns, 1, &one, nil, activation, nil, 0, &output, 1)
            f16_to_f32__scalar(patterns.count, output, &outputs)
            for index in inputs.indices {
                let x = Double(inputs[index]), expected = activated(x, activation)
                check.expect(
                    (Double(outputs[index]) - expected).magnitude <= 0x1p-9 * max(1, expected.magnitude),
                    "\(name) activation \(activation.rawValue) of \(x): \(outputs[index]), expected \(expected)")
            }
        }
        // Equal values have no variance.
        let equal = [UInt16](repeating: halfBits(60000), count: 40), ones = [Float](repeating: 1, count: 40)
        var normalised = [UInt16](repeating: 0x7E00, count: 40)
        kernels.layernorm(1, 40, equal, 40, ones, ones, 1e-5, &normalised, 40)
        check.expect(normalised.allSatisfy { $0 == one }, "\(name) layer normalisation of equal values")
        // One token's score is far above all others: its value is the result.
        let size = 8, count = 33
        var qkv = [UInt16](repeating: 0, count: count * 3 * size)
        for token in 0..<count {
            for c in 0..<size {
                qkv[token * 3 * size + c] = halfBits(40)
                qkv[token * 3 * size + size + c] = halfBits(token == 20 ? 40 : -40)
                qkv[token * 3 * size + 2 * size + c] = halfBits(Float(token))
            }
        }
        var attended = [UInt16](repeating: 0x7E00, count: count * size)
        let scratch = GuardedBytes(count: ck_f16_attention_scratch(count, size), atEnd: false)
        qkv.withUnsafeBufferPointer { qkv in
            attended.withUnsafeMutableBufferPointer { attended in
                let q = qkv.baseAddress!
                var call = ck_f16_attention(
                    tokens: ck_tokens(height: 1, width: count, row_stride: 0, column_stride: 3 * size), q: q,
                    k: q + size, v: q + 2 * size, size: size, scale: 0.25, output: attended.baseAddress,
                    output_row_stride: 0, output_column_stride: size, scratch: scratch.aligned)
                kernels.attention(&call)
            }
        }
        check.expect(attended.allSatisfy { $0 == halfBits(20) }, "\(name) attention to one token")
    }

    private static func softmax(_ values: [Double]) -> [Double] {
        var largest = values[0]
        for value in values { largest = max(largest, value) }
        var powers: [Double] = [], sum = 0.0
        for value in values {
            powers.append(ctest_exp(value - largest))
            sum += powers.last!
        }
        return powers.map { $0 / sum }
    }
}
