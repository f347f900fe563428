import CKernels
import CTestSupport

extension KernelChecks {
    static func attention(_ operands: inout Operands, _ check: inout Check) {
        let tokens = operands.integer(1...50), size = operands.integer(1...30), ld = 3 * size
        let q = operands.values(tokens * ld, scale: 4)
        let scratch = operands.output((size + 1) * tokens), y = operands.output(tokens * size)
        f32_attention__scalar(
            tokens, size, q.base, q.base + size, q.base + 2 * size, ld, 0.3, y.base, size, scratch.base)
        for row in 0..<tokens {
            var scores = [Double](repeating: 0, count: tokens)
            for other in 0..<tokens {
                for c in 0..<size { scores[other] += q[row * ld + c] * q[other * ld + size + c] * 0.3 }
            }
            let weights = softmax(scores)
            for c in 0..<size {
                var expected = 0.0
                for other in 0..<tokens { expected += weights[other] * q[other * ld + 2 * size + c] }
                // A score's rounding, of a sum of products, moves its weight by as much again.
                check.expectClose(
                    y.elements[row * size + c], expected, tolerance: 2e-5, "attention, \(tokens) tokens of \(size)")
            }
        }
    }

    static func separableAttention(_ operands: inout Operands, _ check: inout Check) {
        let tokens = operands.integer(1...50), channels = operands.integer(1...40), ld = 1 + 2 * channels
        let qkv = operands.values(tokens * ld), scratch = operands.output(tokens + channels)
        let y = operands.output(tokens * channels)
        f32_separable_attention__scalar(tokens, channels, qkv.base, ld, y.base, channels, scratch.base)
        var queries: [Double] = []
        for token in 0..<tokens { queries.append(qkv[token * ld]) }
        let weights = softmax(queries)
        for c in 0..<channels {
            var context = 0.0
            for token in 0..<tokens { context += qkv[token * ld + 1 + c] * weights[token] }
            for token in 0..<tokens {
                check.expectClose(
                    y.elements[token * channels + c], max(qkv[token * ld + 1 + channels + c], 0) * context,
                    "separable attention \(tokens)x\(channels)")
            }
        }
    }

    static func resize(_ operands: inout Operands, alignCorners: Bool, _ check: inout Check) {
        let h = operands.integer(1...9), w = operands.integer(1...9)
        let oh = operands.integer(1...9), ow = operands.integer(1...9), channels = operands.integer(1...9)
        let x = operands.values(h * w * channels), y = operands.output(oh * ow * channels)
        eachPart(of: oh, operands.integer(1...3)) { first, last in
            f32_resize_bilinear__scalar(
                h, w, channels, x.base, channels, oh, ow, y.base, channels, alignCorners ? 1 : 0, first, last)
        }
        func position(_ index: Int, _ from: Int, _ to: Int) -> Double {
            if alignCorners { return to > 1 ? Double(index * (from - 1)) / Double(to - 1) : 0 }
            return min(max((Double(index) + 0.5) * Double(from) / Double(to) - 0.5, 0), Double(from - 1))
        }
        for row in 0..<oh {
            for column in 0..<ow {
                let (sy, sx) = (position(row, h, oh), position(column, w, ow))
                for c in 0..<channels {
                    // The hat function of every source pixel, summed over all of them.
                    var expected = 0.0
                    for i in 0..<h {
                        for j in 0..<w {
                            let weight = max(0, 1 - (sy - Double(i)).magnitude) * max(0, 1 - (sx - Double(j)).magnitude)
                            expected += weight * x[(i * w + j) * channels + c]
                        }
                    }
                    check.expectClose(
                        y.elements[(row * ow + column) * channels + c], expected, "resize \(h)x\(w) to \(oh)x\(ow)")
                }
            }
        }
    }

    /// All half-precision numbers, against the compiler's own conversion.
    public static func halfPrecision(_ check: inout Check) {
        let patterns = [UInt16](0...UInt16.max)
        var floats = [Float](repeating: 0, count: patterns.count)
        f16_to_f32__scalar(patterns.count, patterns, &floats)
        for pattern in patterns {
            let expected = Float(Float16(bitPattern: pattern)), found = floats[Int(pattern)]
            check.expect(
                found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN), "half \(pattern)")
        }
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
