import CKernels
import CTestSupport

/// Every kernel against the plainest implementation in double precision: random shapes, rows wider than they need be,
/// and each operand's end, then its start, beside an unmapped page.
public enum KernelChecks {
    public static func all(seed: UInt64, _ check: inout Check) {
        for atEnd in [true, false] {
            var operands = Operands(generator: SeededGenerator(seed: seed), atEnd: atEnd)
            let activation = fusedActivation(ck_activation_set(ck_fused_activations), seed: seed)
            for number in 0..<UInt32(ck_f32_slot_count) {
                // A kernel without a check does not compile.
                switch ck_f32_slot(rawValue: number)! {
                case .gemm_6x8: gemm(&operands, activation, &check)
                case .dwconv: anyDepthwise(&operands, activation, &check)
                case .patches: anyPatches(&operands, &check)
                case .layernorm: normalisation(&operands, wholeMap: false, &check)
                case .groupnorm1: normalisation(&operands, wholeMap: true, &check)
                case .attention: attention(&operands, &check)
                case .separable_attention: separableAttention(&operands, &check)
                case .resize_bilinear:
                    resize(&operands, alignCorners: false, &check)
                    resize(&operands, alignCorners: true, &check)
                case .mean: mean(&operands, &check)
                case .activate: activate(&operands, &check)
                case .multiply: multiply(&operands, &check)
                case .add: add(&operands, &check)
                }
            }
        }
    }

    /// Calls a kernel once for each of `parts` ranges that make up 0..<count, as threads share the work.
    static func eachPart(of count: Int, _ parts: Int, _ body: (Int, Int) -> Void) {
        for part in 0..<parts { body(count * part / parts, count * (part + 1) / parts) }
    }

    private static func gemm(_ operands: inout Operands, _ activation: ck_activation, _ check: inout Check) {
        let m = operands.integer(1...20), n = operands.integer(1...35), k = operands.integer(1...40)
        let pad = operands.integer(0...3)
        let (lda, ldr, ldc) = (k + pad, n + 2 * pad, n + pad)
        let a = operands.values((m - 1) * lda + k), b = operands.values(k * n), bias = operands.values(n)
        let residual = operands.values((m - 1) * ldr + n), c = operands.output((m - 1) * ldc + n)
        let hasBias = operands.integer(0...1) == 1, adds = operands.integer(0...1) == 1
        f32_gemm_6x8__scalar(
            m, n, k, a.base, lda, b.base, hasBias ? bias.base : nil, adds ? residual.base : nil, ldr, c.base, ldc,
            activation)
        for row in 0..<m {
            for column in 0..<n {
                var sum = hasBias ? bias[column] : 0
                for p in 0..<k { sum += a[row * lda + p] * b[p * n + column] }
                let expected = activated(sum, activation) + (adds ? residual[row * ldr + column] : 0)
                check.expectClose(c.elements[row * ldc + column], expected, "gemm \(m)x\(n)x\(k) at \(row), \(column)")
            }
            for column in n..<ldc where row + 1 < m {
                check.expect(c.elements[row * ldc + column].isNaN, "gemm \(m)x\(n)x\(k) writes between rows")
            }
        }
    }

    /// A NaN, whatever its payload, stays a NaN in its own row and spoils no other.
    public static func notANumber(_ check: inout Check) {
        for pattern: UInt32 in [0x7FC0_0000, 0x7FC0_00FF, 0xFFFF_FFFF, 0x7F80_0001] {
            var input: [Float] = [Float(bitPattern: pattern), 1], output: [Float] = [0, 0]
            for activation in [CK_SILU, CK_GELU] {
                f32_gemm_6x8__scalar(2, 1, 1, &input, 1, [1], nil, nil, 0, &output, 1, activation)
                check.expect(
                    output[0].isNaN && output[1].isFinite,
                    "activation \(activation.rawValue) of a NaN: \(output[0]), \(output[1])")
            }
        }
    }

    private static func normalisation(_ operands: inout Operands, wholeMap: Bool, _ check: inout Check) {
        let rows = operands.integer(1...30), channels = operands.integer(1...70)
        let ld = channels + operands.integer(0...2)
        // Far from zero, where a difference of squares would cancel.
        let x = operands.values((rows - 1) * ld + channels, offset: 30)
        let gain = operands.values(channels), shift = operands.values(channels)
        let y = operands.output(rows * channels)
        if wholeMap {
            eachPart(of: rows, operands.integer(1...3)) { first, last in
                f32_groupnorm1__scalar(
                    rows, channels, x.base, ld, gain.base, shift.base, 1e-5, y.base, channels, first, last)
            }
        } else {
            f32_layernorm__scalar(rows, channels, x.base, ld, gain.base, shift.base, 1e-5, y.base, channels)
        }
        for row in 0..<rows {
            let group = wholeMap ? 0..<rows : row..<row + 1
            var mean = 0.0, variance = 0.0
            for r in group { for c in 0..<channels { mean += x[r * ld + c] } }
            mean /= Double(group.count * channels)
            for r in group { for c in 0..<channels { variance += (x[r * ld + c] - mean) * (x[r * ld + c] - mean) } }
            variance /= Double(group.count * channels)
            for c in 0..<channels {
                let normalised = (x[row * ld + c] - mean) / (variance + 1e-5).squareRoot()
                check.expectClose(
                    y.elements[row * channels + c], normalised * gain[c] + shift[c], tolerance: 1e-4,
                    "normalisation \(rows)x\(channels)")
            }
        }
    }

    private static func mean(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...30), channels = operands.integer(1...40)
        let x = operands.values(rows * channels), mean = operands.output(channels)
        f32_mean__scalar(rows, channels, x.base, channels, mean.base)
        for channel in 0..<channels {
            var total = 0.0
            for row in 0..<rows { total += x[row * channels + channel] }
            check.expectClose(mean.elements[channel], total / Double(rows), "mean \(rows)x\(channels)")
        }
    }

    private static func add(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...30), channels = operands.integer(1...40)
        let a = operands.values(rows * channels), b = operands.values(rows * channels)
        let sum = operands.output(rows * channels)
        f32_add__scalar(rows, channels, a.base, channels, b.base, channels, sum.base, channels)
        for index in 0..<rows * channels {
            check.expect(sum.elements[index] == a.elements[index] + b.elements[index], "add \(rows)x\(channels)")
        }
    }
}
