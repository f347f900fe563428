import CKernels
import Foundation
import TestSupport
import Testing

/// Every kernel against the plainest implementation in double precision, on random shapes, with every operand's end and
/// start beside an unmapped page, and rows wider than they need be.
@Suite struct KernelTests {
    static let seeds = Array(UInt64(1)...12)

    /// Runs `body` with operands at the ends and then at the starts of their pages.
    private func atBothEdges(seed: UInt64, _ body: (inout OperandSource) -> Void) {
        for edge in GuardedBuffer<Float>.Edge.allCases {
            var source = OperandSource(generator: SeededGenerator(seed: seed), edge: edge)
            body(&source)
        }
    }

    private func activate(_ x: Double, _ activation: ck_activation) -> Double {
        switch activation {
        case CK_RELU: max(x, 0)
        case CK_SILU: x / (1 + exp(-x))
        default: x
        }
    }

    private func activation(_ seed: UInt64) -> ck_activation { [CK_IDENTITY, CK_RELU, CK_SILU][Int(seed % 3)] }

    private func expectEqual(_ found: Float, _ expected: Double, _ what: @autoclosure () -> String) {
        #expect(abs(Double(found) - expected) <= 1e-5 * max(1, abs(expected)), "\(what()): \(found), not \(expected)")
    }

    @Test(arguments: seeds) func gemm(seed: UInt64) {
        atBothEdges(seed: seed) { source in
            let m = Int.random(in: 1...20, using: &source.generator)
            let n = Int.random(in: 1...35, using: &source.generator)
            let k = Int.random(in: 1...40, using: &source.generator)
            let pad = Int.random(in: 0...3, using: &source.generator)
            let (lda, ldr, ldc) = (k + pad, n + 2 * pad, n + pad)
            let a = source.values((m - 1) * lda + k), b = source.values(k * n), bias = source.values(n)
            let residual = source.values((m - 1) * ldr + n), c = source.output((m - 1) * ldc + n)
            let hasBias = Bool.random(using: &source.generator), adds = Bool.random(using: &source.generator)
            f32_gemm_6x8__scalar(
                m, n, k, a.elements.baseAddress, lda, b.elements.baseAddress, hasBias ? bias.elements.baseAddress : nil,
                adds ? residual.elements.baseAddress : nil, ldr, c.elements.baseAddress, ldc, activation(seed))
            for row in 0..<m {
                for column in 0..<n {
                    var sum = hasBias ? Double(bias.elements[column]) : 0
                    for p in 0..<k { sum += Double(a.elements[row * lda + p]) * Double(b.elements[p * n + column]) }
                    let expected = activate(sum, activation(seed))
                        + (adds ? Double(residual.elements[row * ldr + column]) : 0)
                    expectEqual(c.elements[row * ldc + column], expected, "\(m)x\(n)x\(k) at \(row), \(column)")
                }
                for column in n..<ldc where row + 1 < m { #expect(c.elements[row * ldc + column].isNaN) }
            }
        }
    }

    @Test(arguments: seeds) func convolution3x3(seed: UInt64) {
        atBothEdges(seed: seed) { source in
            let (h, w) = size(&source)
            let input = Int.random(in: 1...4, using: &source.generator)
            let output = Int.random(in: 1...40, using: &source.generator)
            let x = source.values(h * w * input), weights = source.values(9 * input * output)
            let bias = source.values(output)
            let (oh, ow) = ((h + 1) / 2, (w + 1) / 2)
            let y = source.output(oh * ow * output)
            f32_conv3x3_s2__scalar(
                h, w, input, output, x.elements.baseAddress, weights.elements.baseAddress, bias.elements.baseAddress,
                y.elements.baseAddress, output, activation(seed))
            for row in 0..<oh {
                for column in 0..<ow {
                    for channel in 0..<output {
                        var sum = Double(bias.elements[channel])
                        eachTap(row, column, stride: 2, h, w) { tap, pixel in
                            for i in 0..<input {
                                sum += Double(x.elements[pixel * input + i])
                                    * Double(weights.elements[(tap * input + i) * output + channel])
                            }
                        }
                        expectEqual(
                            y.elements[(row * ow + column) * output + channel], activate(sum, activation(seed)),
                            "\(h)x\(w), \(input) to \(output)")
                    }
                }
            }
        }
    }

    @Test(arguments: seeds) func depthwise(seed: UInt64) {
        atBothEdges(seed: seed) { source in
            let (h, w) = size(&source)
            let channels = Int.random(in: 1...70, using: &source.generator)
            let stride = Int.random(in: 1...2, using: &source.generator)
            let ldi = channels + Int.random(in: 0...2, using: &source.generator)
            let x = source.values((h * w - 1) * ldi + channels), weights = source.values(9 * channels)
            let bias = source.values(channels)
            let (oh, ow) = ((h + stride - 1) / stride, (w + stride - 1) / stride)
            let y = source.output(oh * ow * channels)
            f32_dwconv3x3__scalar(
                h, w, channels, stride, x.elements.baseAddress, ldi, weights.elements.baseAddress,
                bias.elements.baseAddress, y.elements.baseAddress, channels, activation(seed))
            for row in 0..<oh {
                for column in 0..<ow {
                    for channel in 0..<channels {
                        var sum = Double(bias.elements[channel])
                        eachTap(row, column, stride: stride, h, w) { tap, pixel in
                            sum += Double(x.elements[pixel * ldi + channel])
                                * Double(weights.elements[tap * channels + channel])
                        }
                        expectEqual(
                            y.elements[(row * ow + column) * channels + channel], activate(sum, activation(seed)),
                            "\(h)x\(w)x\(channels), stride \(stride)")
                    }
                }
            }
        }
    }

    @Test(arguments: seeds, [false, true]) func normalisation(seed: UInt64, wholeMap: Bool) {
        atBothEdges(seed: seed) { source in
            let rows = Int.random(in: 1...30, using: &source.generator)
            let channels = Int.random(in: 1...70, using: &source.generator)
            let ld = channels + Int.random(in: 0...2, using: &source.generator)
            let x = source.values((rows - 1) * ld + channels), gain = source.values(channels)
            let shift = source.values(channels), y = source.output(rows * channels)
            // Far from zero, where a difference of squares would cancel.
            for index in x.elements.indices { x.elements[index] += 30 }
            let kernel = wholeMap ? f32_groupnorm1__scalar : f32_layernorm__scalar
            kernel(
                rows, channels, x.elements.baseAddress, ld, gain.elements.baseAddress, shift.elements.baseAddress,
                1e-5, y.elements.baseAddress, channels)
            func value(_ row: Int, _ channel: Int) -> Double { Double(x.elements[row * ld + channel]) }
            for row in 0..<rows {
                let group = wholeMap ? 0..<rows : row..<row + 1
                let values = group.flatMap { r in (0..<channels).map { value(r, $0) } }
                let mean = values.reduce(0, +) / Double(values.count)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
                for channel in 0..<channels {
                    let expected = (value(row, channel) - mean) / (variance + 1e-5).squareRoot()
                        * Double(gain.elements[channel]) + Double(shift.elements[channel])
                    #expect(abs(Double(y.elements[row * channels + channel]) - expected) < 1e-4)
                }
            }
        }
    }

    @Test(arguments: seeds) func attention(seed: UInt64) {
        atBothEdges(seed: seed) { source in
            let tokens = Int.random(in: 1...50, using: &source.generator)
            let size = Int.random(in: 1...30, using: &source.generator)
            let ld = 3 * size
            let qkv = source.values(tokens * ld), scratch = source.output((size + 1) * tokens)
            for index in qkv.elements.indices { qkv.elements[index] *= 4 }
            let y = source.output(tokens * size), q = qkv.elements.baseAddress!
            f32_attention__scalar(
                tokens, size, q, q + size, q + 2 * size, ld, 0.3, y.elements.baseAddress, size,
                scratch.elements.baseAddress)
            for row in 0..<tokens {
                let scores = (0..<tokens).map { other in
                    (0..<size).reduce(0.0) { $0 + Double(q[row * ld + $1]) * Double(q[other * ld + size + $1]) } * 0.3
                }
                let powers = scores.map { exp($0 - scores.max()!) }
                for channel in 0..<size {
                    let weighted = (0..<tokens).reduce(0.0) { $0 + powers[$1] * Double(q[$1 * ld + 2 * size + channel]) }
                    expectEqual(
                        y.elements[row * size + channel], weighted / powers.reduce(0, +), "\(tokens) tokens of \(size)")
                }
            }
        }
    }

    @Test(arguments: seeds) func separableAttention(seed: UInt64) {
        atBothEdges(seed: seed) { source in
            let tokens = Int.random(in: 1...50, using: &source.generator)
            let channels = Int.random(in: 1...40, using: &source.generator)
            let ld = 1 + 2 * channels
            let qkv = source.values(tokens * ld), scratch = source.output(tokens + channels)
            let y = source.output(tokens * channels)
            f32_separable_attention__scalar(
                tokens, channels, qkv.elements.baseAddress, ld, y.elements.baseAddress, channels,
                scratch.elements.baseAddress)
            let queries = (0..<tokens).map { Double(qkv.elements[$0 * ld]) }
            let powers = queries.map { exp($0 - queries.max()!) }
            let sum = powers.reduce(0, +)
            for channel in 0..<channels {
                let context = (0..<tokens).reduce(0.0) {
                    $0 + Double(qkv.elements[$1 * ld + 1 + channel]) * powers[$1] / sum
                }
                for row in 0..<tokens {
                    let value = Double(qkv.elements[row * ld + 1 + channels + channel])
                    expectEqual(y.elements[row * channels + channel], max(value, 0) * context, "\(tokens)x\(channels)")
                }
            }
        }
    }

    @Test(arguments: seeds, [false, true]) func resize(seed: UInt64, alignCorners: Bool) {
        atBothEdges(seed: seed) { source in
            let (h, w) = size(&source), (oh, ow) = size(&source)
            let channels = Int.random(in: 1...9, using: &source.generator)
            let x = source.values(h * w * channels), y = source.output(oh * ow * channels)
            f32_resize_bilinear__scalar(
                h, w, channels, x.elements.baseAddress, channels, oh, ow, y.elements.baseAddress, channels,
                alignCorners ? 1 : 0)
            func position(_ index: Int, _ from: Int, _ to: Int) -> Double {
                if alignCorners { return to > 1 ? Double(index * (from - 1)) / Double(to - 1) : 0 }
                return min(max((Double(index) + 0.5) * Double(from) / Double(to) - 0.5, 0), Double(from - 1))
            }
            for row in 0..<oh {
                for column in 0..<ow {
                    let (sy, sx) = (position(row, h, oh), position(column, w, ow))
                    for channel in 0..<channels {
                        // The hat function of each source pixel, summed over all of them.
                        var expected = 0.0
                        for i in 0..<h {
                            for j in 0..<w {
                                let weight = max(0, 1 - abs(sy - Double(i))) * max(0, 1 - abs(sx - Double(j)))
                                expected += weight * Double(x.elements[(i * w + j) * channels + channel])
                            }
                        }
                        expectEqual(
                            y.elements[(row * ow + column) * channels + channel], expected, "\(h)x\(w) to \(oh)x\(ow)")
                    }
                }
            }
        }
    }

    @Test(arguments: seeds) func meanAndAdd(seed: UInt64) {
        atBothEdges(seed: seed) { source in
            let rows = Int.random(in: 1...30, using: &source.generator)
            let channels = Int.random(in: 1...40, using: &source.generator)
            let a = source.values(rows * channels), b = source.values(rows * channels)
            let mean = source.output(channels), sum = source.output(rows * channels)
            f32_mean__scalar(rows, channels, a.elements.baseAddress, channels, mean.elements.baseAddress)
            f32_add__scalar(
                rows, channels, a.elements.baseAddress, channels, b.elements.baseAddress, channels,
                sum.elements.baseAddress, channels)
            for channel in 0..<channels {
                let total = (0..<rows).reduce(0.0) { $0 + Double(a.elements[$1 * channels + channel]) }
                expectEqual(mean.elements[channel], total / Double(rows), "\(rows)x\(channels)")
            }
            for index in 0..<rows * channels {
                #expect(sum.elements[index] == a.elements[index] + b.elements[index])
            }
        }
    }

    /// All 65,536 half-precision values, against the compiler's own conversion.
    @Test func halfPrecision() {
        let patterns = (0...UInt16.max).map { $0 }
        var floats = [Float](repeating: 0, count: patterns.count)
        f16_to_f32__scalar(patterns.count, patterns, &floats)
        for pattern in patterns {
            let expected = Float(Float16(bitPattern: pattern)), found = floats[Int(pattern)]
            #expect(found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN), "\(pattern)")
        }
    }

    private func size(_ source: inout OperandSource) -> (Int, Int) {
        (Int.random(in: 1...9, using: &source.generator), Int.random(in: 1...9, using: &source.generator))
    }

    /// The taps of a padded 3x3 window that lie inside the picture, with the index of the pixel under each.
    private func eachTap(_ row: Int, _ column: Int, stride: Int, _ h: Int, _ w: Int, _ body: (Int, Int) -> Void) {
        for tap in 0..<9 {
            let (y, x) = (row * stride + tap / 3 - 1, column * stride + tap % 3 - 1)
            if y >= 0, y < h, x >= 0, x < w { body(tap, y * w + x) }
        }
    }
}
