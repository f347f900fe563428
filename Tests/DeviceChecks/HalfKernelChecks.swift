import CKernels
import CTestSupport
import Engine
import Kernels

/// The fp16 kernels of one path against the plainest implementation in double precision: random shapes, rows wider than
/// they need be, ragged tails, and each operand's end, then its start, beside an unmapped page.
public struct HalfKernelChecks {
    public let name: StaticString
    let kernels: ck_f16_kernels
    /// Of sums, relative to the sum of their terms' magnitudes, beyond what rounding the result costs.
    let sumTolerance: Double
    /// Of one operation in the path's precision.
    let tolerance: Double

    /// The paths that this processor has.
    public static var paths: [HalfKernelChecks] {
        KernelPath.available(for: .fp16).map { path in
            let isHalf = path == .neonfp16
            return HalfKernelChecks(
                name: path.name, kernels: ck_f16_kernels_of(path.listed)!.pointee,
                sumTolerance: isHalf ? 2e-3 : 1e-6, tolerance: isHalf ? 3e-3 : 6e-4)
        }
    }

    /// Fails where the processor has a path of fp16 kernels that is not among `paths`.
    public static func allPathsAreThere(_ check: inout Check) {
        // What the builds for ARM run on all has it.
        #if arch(arm) || arch(arm64)
            check.expect(KernelPath.supported.contains(.neon), "this processor is not known to have NEON")
        #endif
        // Those without fp16 kernels.
        let others: [KernelPath] = [.neondot, .avx512vnni]
        let expected = KernelPath.supported.filter { !others.contains($0) }
        check.expect(paths.count == expected.count, "\(expected.count) paths, of which \(paths.count) have fp16 kernels")
    }

    public func all(seed: UInt64, _ check: inout Check) {
        for atEnd in [true, false] {
            var operands = Operands(generator: SeededGenerator(seed: seed), atEnd: atEnd)
            let activation = fusedActivation(kernels.activations, seed: seed)
            for number in 0..<UInt32(ck_f16_slot_count) {
                // A slot without a check does not compile.
                switch ck_f16_slot(rawValue: number)! {
                case .gemm: gemm(&operands, activation, maximumDepth: seed % 4 == 0 ? 600 : 60, &check)
                case .dwconv3x3: depthwise(&operands, activation, &check)
                case .patches3x3_s2: patches(&operands, &check)
                case .attention:
                    attention(&operands, scale: 1, &check)
                    attention(&operands, scale: 8, &check)
                case .separable_attention: separableAttention(&operands, &check)
                case .layernorm: layerNormalisation(&operands, &check)
                case .sums: sums(&operands, &check)
                case .affine: affine(&operands, &check)
                case .resize_bilinear: resize(&operands, &check)
                case .mean: mean(&operands, &check)
                case .dwconv: anyDepthwise(&operands, activation, &check)
                case .patches: anyPatches(&operands, &check)
                case .add: add(&operands, &check)
                case .activate: activate(&operands, &check)
                }
            }
        }
    }

    /// `magnitude` is the sum of the terms' magnitudes.
    func expect(
        _ found: Double, _ expected: Double, magnitude: Double = 0, _ check: inout Check,
        _ what: @autoclosure () -> String
    ) {
        let allowed = tolerance * max(1, expected.magnitude) + sumTolerance * magnitude
        check.expect((found - expected).magnitude <= allowed, "\(name) \(what()): \(found), expected \(expected)")
    }

    private func gemm(
        _ operands: inout Operands, _ activation: ck_activation, maximumDepth: Int, _ check: inout Check
    ) {
        let m = operands.integer(1...37), n = operands.integer(1...41), k = operands.integer(1...maximumDepth)
        let pad = operands.integer(0...3)
        let (lda, ldr, ldc) = (k + pad, n + 2 * pad, n + pad)
        let a = operands.halves((m - 1) * lda + k), b = operands.halves(k * n), bias = operands.values(n)
        let residual = operands.halves((m - 1) * ldr + n), c = operands.halfOutput((m - 1) * ldc + n)
        let hasBias = operands.integer(0...1) == 1, adds = operands.integer(0...1) == 1
        kernels.gemm(
            m, n, k, a.base, lda, b.base, hasBias ? bias.base : nil, activation, adds ? residual.base : nil, ldr,
            c.base, ldc)
        for row in 0..<m {
            for column in 0..<n {
                var sum = hasBias ? bias[column] : 0, magnitude = 0.0
                for p in 0..<k {
                    let product = a[row * lda + p] * b[p * n + column]
                    sum += product
                    magnitude += product.magnitude
                }
                let expected = activated(sum, activation) + (adds ? residual[row * ldr + column] : 0)
                expect(
                    c[row * ldc + column], expected, magnitude: magnitude, &check,
                    "gemm \(m)x\(n)x\(k) at \(row), \(column)")
            }
            for column in n..<ldc where row + 1 < m {
                check.expect(c[row * ldc + column].isNaN, "\(name) gemm \(m)x\(n)x\(k) writes between rows")
            }
        }
        guard adds else { return }
        // The same in place of the residual.
        kernels.gemm(
            m, n, k, a.base, lda, b.base, hasBias ? bias.base : nil, activation, residual.base, ldr, residual.base, ldr)
        for row in 0..<m {
            for column in 0..<n {
                check.expect(
                    residual.elements[row * ldr + column] == c.elements[row * ldc + column],
                    "\(name) gemm in place \(m)x\(n)x\(k)")
            }
        }
    }

    private func depthwise(_ operands: inout Operands, _ activation: ck_activation, _ check: inout Check) {
        let width = operands.integer(1...11), channels = operands.integer(1...35), stride = operands.integer(1...2)
        let (ldi, ldo) = (channels + operands.integer(0...2), channels + operands.integer(0...2))
        let pixels = stride * (width - 1) + 3
        let rows = [0, 1, 2].map { _ in operands.halves((pixels - 1) * ldi + channels) }
        let weights = operands.halves(9 * channels), bias = operands.values(channels)
        let output = operands.halfOutput((width - 1) * ldo + channels)
        var pointers: (UnsafePointer<UInt16>?, UnsafePointer<UInt16>?, UnsafePointer<UInt16>?)
        pointers = (UnsafePointer(rows[0].base), UnsafePointer(rows[1].base), UnsafePointer(rows[2].base))
        withUnsafePointer(to: &pointers) {
            $0.withMemoryRebound(to: UnsafePointer<UInt16>?.self, capacity: 3) {
                kernels.dwconv3x3(
                    width, channels, stride, $0, ldi, weights.base, bias.base, activation, output.base, ldo)
            }
        }
        for x in 0..<width {
            for channel in 0..<channels {
                var sum = bias[channel], magnitude = 0.0
                for tap in 0..<9 {
                    let product =
                        rows[tap / 3][(stride * x + tap % 3) * ldi + channel] * weights[tap * channels + channel]
                    sum += product
                    magnitude += product.magnitude
                }
                expect(
                    output[x * ldo + channel], activated(sum, activation), magnitude: magnitude, &check,
                    "depthwise \(width)x\(channels), stride \(stride)")
            }
            for channel in channels..<ldo where x + 1 < width {
                check.expect(output[x * ldo + channel].isNaN, "\(name) depthwise writes between pixels")
            }
        }
    }

    private func patches(_ operands: inout Operands, _ check: inout Check) {
        let height = operands.integer(1...9), width = operands.integer(1...30), count = (width + 1) / 2
        let stride = ck_f16_patch_stride
        let image = GuardedBytes(count: height * width * 3, atEnd: operands.atEnd)
        for index in image.elements.indices { image.elements[index] = UInt8(operands.integer(0...255)) }
        let gain: [Float] = [1 / 58.4, 1 / 57.1, 1 / 57.4], bias: [Float] = [-2.12, -2.04, -1.8]
        let output = operands.halfOutput(ck_f16_patches_count(width))
        for y in 0..<(height + 1) / 2 {
            kernels.patches3x3_s2(height, width, image.elements.baseAddress, gain, bias, y, output.base)
            for x in 0..<count {
                for index in 0..<27 {
                    let (row, column) = (2 * y + index / 9 - 1, 2 * x + index / 3 % 3 - 1)
                    var expected = 0.0
                    if row >= 0, row < height, column >= 0, column < width {
                        let byte = Double(image.elements[(row * width + column) * 3 + index % 3])
                        expected = byte * Double(gain[index % 3]) + Double(bias[index % 3])
                    }
                    expect(output[x * Int(stride) + index], expected, &check, "patches \(height)x\(width)")
                }
                check.expect(output[x * Int(stride) + 27] == 0, "\(name) patches end in 0")
            }
        }
    }

    private func layerNormalisation(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...30), channels = operands.integer(1...70)
        let ld = channels + operands.integer(0...2)
        // Far from zero, where a difference of squares would cancel.
        let x = operands.halves((rows - 1) * ld + channels, offset: operands.integer(0...1) == 0 ? 0 : 20)
        let gain = operands.values(channels), shift = operands.values(channels)
        let y = operands.halfOutput((rows - 1) * ld + channels)
        kernels.layernorm(rows, channels, x.base, ld, gain.base, shift.base, 1e-2, y.base, ld)
        for row in 0..<rows {
            var mean = 0.0, variance = 0.0
            for c in 0..<channels { mean += x[row * ld + c] }
            mean /= Double(channels)
            for c in 0..<channels { variance += (x[row * ld + c] - mean) * (x[row * ld + c] - mean) }
            variance /= Double(channels)
            for c in 0..<channels {
                let normalised = (x[row * ld + c] - mean) / (variance + 1e-2).squareRoot()
                expect(
                    y[row * ld + c], normalised * gain[c] + shift[c], magnitude: normalised.magnitude, &check,
                    "layer normalisation \(rows)x\(channels)")
            }
            for c in channels..<ld where row + 1 < rows {
                check.expect(y[row * ld + c].isNaN, "\(name) layer normalisation writes between rows")
            }
        }
    }

    private func sums(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...30), channels = operands.integer(1...70)
        let ld = channels + operands.integer(0...2)
        let x = operands.halves((rows - 1) * ld + channels, offset: operands.integer(0...1) == 0 ? 0 : 20)
        var sum = 0.0, squares = 0.0
        for row in 0..<rows {
            for c in 0..<channels {
                let value = x[row * ld + c]
                sum += value
                squares += value * value
            }
        }
        var foundSum = 1.0, foundSquares = 2.0
        kernels.sums(rows, channels, x.base, ld, &foundSum, &foundSquares)
        check.expect((foundSum - 1 - sum).magnitude <= 1e-6 * (squares + 1), "\(name) sum \(rows)x\(channels)")
        check.expect((foundSquares - 2 - squares).magnitude <= 1e-6 * (squares + 1), "\(name) squares")
    }

    private func affine(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...30), channels = operands.integer(1...70)
        let ld = channels + operands.integer(0...2)
        let x = operands.halves((rows - 1) * ld + channels, offset: operands.integer(0...1) == 0 ? 0 : 20)
        let gain = operands.values(channels), shift = operands.values(channels)
        let y = operands.halfOutput((rows - 1) * ld + channels)
        kernels.affine(rows, channels, x.base, ld, gain.base, shift.base, y.base, ld)
        for row in 0..<rows {
            for c in 0..<channels {
                let product = x[row * ld + c] * gain[c]
                expect(
                    y[row * ld + c], product + shift[c], magnitude: product.magnitude, &check,
                    "affine \(rows)x\(channels)")
            }
        }
    }
}
