import CKernels
import CTestSupport

/// The scalar int8 kernels against double precision: what they may be off by is what rounding explains.
public enum Int8ReferenceChecks {
    static let scalar = ck_qs8_kernels_of(.scalar)!.pointee

    public static func all(seed: UInt64, _ check: inout Check) {
        var operands = Int8Operands(generator: SeededGenerator(seed: seed), atEnd: true)
        let activation = fusedActivation(scalar.activations, seed: seed)
        for number in 0..<UInt32(ck_qs8_slot_count) {
            // A slot without a check does not compile.
            switch ck_qs8_slot(rawValue: number)! {
            case .gemm: requantisation(&operands, activation, &check)
            case .gemm_f16: values(&operands, &check)
            case .dwconv3x3: depthwise(&operands, &check)
            case .attention: attention(&operands, &check)
            case .separable_attention: separableAttention(&operands, &check)
            case .layernorm: normalisation(&operands, &check)
            case .sums: sums(&operands, &check)
            case .affine: affine(&operands, &check)
            case .resize_bilinear: resize(&operands, &check)
            case .mean: mean(&operands, &check)
            case .dwconv: anyDepthwise(&operands, &check)
            case .patches: anyPatches(&operands, &check)
            case .add: add(&operands, &check)
            case .lookup: lookup(&operands, &check)
            }
        }
    }

    /// The look-up tables against the functions they stand for.
    public static func tables(_ check: inout Check) {
        for index in 0..<128 {
            let exact = 255 * power(-Double(index) / 16)
            check.expect(
                (Double(table(ck_exp2_table, index)) - exact).magnitude <= 0.5, "the weight at \(index) is not \(exact)")
        }
        for (activation, curve) in [(CK_SILU, ck_silu_curve), (CK_GELU, ck_gelu_curve)] {
            for t in 0..<4096 {
                let (node, fraction) = (t >> 6, t & 63)
                let r = 128 * Int(table(curve.base, node)) + Int(signed(curve.slope, node)) * fraction
                // Half a step of the table, and how far a chord lies below the curve; at the end what is cut off.
                let tolerance = activation == CK_GELU ? 0.0021 : node < 62 ? 0.0015 : 0.0031
                let found = Double(r) * 0.27846 / (128 * 255), exact = -activated(-Double(t) / 512, activation)
                check.expect((found - exact).magnitude <= tolerance, "the dip at \(t): \(found), not \(exact)")
            }
        }
    }

    private static func table<Tuple>(_ values: Tuple, _ index: Int) -> UInt8 {
        withUnsafeBytes(of: values) { $0[index] }
    }

    private static func signed<Tuple>(_ values: Tuple, _ index: Int) -> Int8 {
        Int8(bitPattern: table(values, index))
    }

    private static func power(_ exponent: Double) -> Double { ctest_exp(exponent * 0.693_147_180_559_945_3) }

    static func expectNear(
        _ found: Int8, _ value: Double, tolerance: Double, _ check: inout Check, _ what: @autoclosure () -> String
    ) {
        let expected = min(max(value, -128), 127)
        check.expect(
            (Double(found) - expected).magnitude <= tolerance, "\(what()): \(found), expected \(Float(expected))")
    }

    /// What a layer stores for real weights and scales.
    private static func requantisation(
        _ operands: inout Int8Operands, _ activation: ck_activation, _ check: inout Check
    ) {
        let rows = operands.integer(1...12), k = 4 * operands.integer(1...16)
        let a = operands.values(rows * k, .any), weights = operands.weights(k, 1)
        let residual = operands.values(rows * 8, .any), c = operands.output(rows * 8)
        let adds = operands.happens(oneIn: 2)
        // One unit of x, the sums' unit, and the output's and the residual's steps.
        let unit = power(-Double(operands.integer(10...11))), shift = operands.integer(5...12)
        let sumUnit = unit * power(Double(shift - 16))
        let step = 0.03 + 0.001 * Double(operands.integer(0...60)), residualStep = 0.8 * step
        let zero = Double(operands.integer(-60...60))
        var gain = unit * 64 / step * 32768, lift = 0
        while gain > 32767, ck_curve_of(activation) != nil { (gain, lift) = (gain / 2, lift + 1) }
        guard gain <= 32767 else { return }
        let isIdentity = activation == CK_IDENTITY
        let bias = operands.integer(-2000...2000)
        let zeroBias = isIdentity ? (zero * step / sumUnit).rounded() : 0
        var channels = ck_qs8_channels()
        for j in 0..<8 {
            ck_qs8_set_channel(
                &channels, j,
                ck_qs8_channel(
                    bias: Int32(bias) + Int32(zeroBias) + 1 << Int32(15 - shift), shift: Int32(shift),
                    gain: Int16(gain.rounded()), tau: Int16((unit * 512 * 32768).rounded(.down)),
                    dip: Int16(max(-64 / step / (128 * 255 / 0.27846) * 32768, -32767).rounded()), lift: Int16(lift),
                    residual_gain: Int16((residualStep / step * 16384).rounded()), zero: Int16(zero * 64)))
        }
        scalar.gemm(
            rows, 1, k, a.base, k, weights.base, &channels, activation, adds ? residual.base : nil, 8, c.base, 8)
        for row in 0..<rows {
            for j in 0..<8 {
                var sum = bias
                for p in 0..<k {
                    sum += Int(a.elements[row * k + p]) * Int(weights.elements[p / 4 * 32 + 4 * j + p % 4])
                }
                let x = Double(sum) * sumUnit
                let y = activated(x, activation)
                // x saturates where it leaves 16 bits, and so does what is far beyond the output's range.
                guard x.magnitude < 32000 * unit, y / step < 500 else { continue }
                let added = adds ? Double(residual.elements[row * 8 + j]) * residualStep : 0
                guard (y / step + zero).magnitude < 500 else { continue }
                expectNear(
                    c.elements[row * 8 + j], (y + added) / step + zero, tolerance: 0.75, &check,
                    "requantisation, activation \(activation.rawValue), k \(k)")
            }
        }
    }

    private static func normalisation(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...6), channels = operands.integer(8...90)
        let x = operands.values(rows * channels, .any), y = operands.output(rows * channels)
        let gain = operands.floats(channels, -20...20), shift = operands.floats(channels, -30...30)
        scalar.layernorm(rows, channels, x.base, channels, 1e-5, gain.base, shift.base, y.base, channels)
        for row in 0..<rows {
            var mean = 0.0, variance = 0.0
            for c in 0..<channels { mean += Double(x.elements[row * channels + c]) / Double(channels) }
            for c in 0..<channels {
                let difference = Double(x.elements[row * channels + c]) - mean
                variance += difference * difference / Double(channels)
            }
            for c in 0..<channels {
                let z = (Double(x.elements[row * channels + c]) - mean) / (variance + 1e-5).squareRoot()
                expectNear(
                    y.elements[row * channels + c], z * Double(gain.elements[c]) + Double(shift.elements[c]),
                    tolerance: 0.75, &check, "layer normalisation of \(channels)")
            }
        }
    }

    private static func affine(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...6), channels = operands.integer(8...90)
        let x = operands.values(rows * channels, .any), y = operands.output(rows * channels)
        let slope = operands.floats(channels, -3...3), shift = operands.floats(channels, -30...30)
        scalar.affine(rows, channels, x.base, channels, slope.base, shift.base, y.base, channels)
        for index in 0..<rows * channels {
            let c = index % channels
            expectNear(
                y.elements[index],
                Double(x.elements[index]) * Double(slope.elements[c]) + Double(shift.elements[c]), tolerance: 0.75,
                &check, "affine map of \(channels)")
        }
    }

    /// Weights are exp rounded to 255ths and scores rounded to 16ths of a power of two: 4 % of what is weighed.
    private static let weightError = 0.04

    private static func attention(_ operands: inout Int8Operands, _ check: inout Check) {
        let size = 4 * operands.integer(1...8), (tokens, span) = operands.tokens(columns: size)
        let count = tokens.height * tokens.width
        let q = operands.values(span, .any), k = operands.values(span, .small), v = operands.values(span, .small)
        let multiplier = operands.integer(0...1 << 26)
        let gain = operands.floats(size, 1...5), zero = operands.floats(size, -50...50)
        let scratch = operands.scratch(ck_qs8_attention_scratch(count, size)), output = operands.output(count * size)
        var head = ck_qs8_attention(
            tokens: tokens, q: q.base, k: k.base, v: v.base, size: size, multiplier: Int32(multiplier),
            gain: gain.base, zero: zero.base, output: output.base, output_row_stride: tokens.width * size,
            output_column_stride: size, scratch: scratch.base)
        scalar.attention(&head)
        for query in 0..<count {
            var scores: [Double] = []
            for key in 0..<count {
                var product = 0
                for c in 0..<size {
                    product += Int(q.elements[place(query, tokens) + c]) * Int(k.elements[place(key, tokens) + c])
                }
                scores.append(Double(product) * Double(multiplier) / 0x1p31 / 16)
            }
            let weights = softmax(scores)
            for c in 0..<size {
                var mean = 0.0
                for key in 0..<count { mean += weights[key] * Double(v.elements[place(key, tokens) + c]) }
                let factor = Double(gain.elements[c])
                expectNear(
                    output.elements[query * size + c], mean * factor + Double(zero.elements[c]),
                    tolerance: 0.5 + weightError * 3 * factor, &check, "attention, \(count) tokens of \(size)")
            }
        }
    }

    private static func separableAttention(_ operands: inout Int8Operands, _ check: inout Check) {
        let channels = operands.integer(1...40), (tokens, span) = operands.tokens(columns: channels)
        let count = tokens.height * tokens.width
        let q = operands.values(span, .any), k = operands.values(span, .small), v = operands.values(span, .any)
        let multiplier = operands.integer(0...1 << 26)
        let gain = operands.floats(channels, 0...0.5), zero = operands.floats(channels, -50...50)
        let scratch = operands.scratch(ck_qs8_separable_scratch(count, channels))
        let output = operands.output(count * channels)
        var position = ck_qs8_separable(
            tokens: tokens, q: q.base, k: k.base, v: v.base, channels: channels, multiplier: Int32(multiplier),
            gain: gain.base, zero: zero.base, output: output.base, output_row_stride: tokens.width * channels,
            output_column_stride: channels, scratch: scratch.base)
        scalar.separable_attention(&position)
        var scores: [Double] = []
        for token in 0..<count {
            scores.append(Double(q.elements[place(token, tokens)]) * 256 * Double(multiplier) / 0x1p31 / 16)
        }
        let weights = softmax(scores)
        for c in 0..<channels {
            var context = 0.0
            for token in 0..<count { context += weights[token] * Double(k.elements[place(token, tokens) + c]) }
            let factor = Double(gain.elements[c])
            for token in 0..<count {
                let value = Double(max(v.elements[place(token, tokens) + c], 0))
                expectNear(
                    output.elements[token * channels + c], value * context * factor + Double(zero.elements[c]),
                    tolerance: 0.75 + value * weightError * 3 * factor, &check,
                    "separable attention, \(count) tokens of \(channels)")
            }
        }
    }

    private static func place(_ token: Int, _ tokens: ck_tokens) -> Int {
        token / tokens.width * tokens.row_stride + token % tokens.width * tokens.column_stride
    }

    /// Powers of two, normalised.
    private static func softmax(_ scores: [Double]) -> [Double] {
        let largest = scores.max()!
        let weights = scores.map { power($0 - largest) }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
}
