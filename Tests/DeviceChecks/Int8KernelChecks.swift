import CKernels
import CTestSupport
import Kernels

/// Every int8 kernel path against the scalar one: equal bytes on random shapes and extreme values, each operand's end,
/// then its start, beside an unmapped page, and nothing written elsewhere.
public struct Int8KernelChecks {
    /// How many kernels of each path ran.
    private var calls = [Int](repeating: 0, count: KernelPath.allCases.count)

    public init() {}

    /// Compares all paths that the processor has.
    public mutating func paths(seed: UInt64, _ check: inout Check) {
        for index in KernelPath.allCases.indices {
            let path = KernelPath.allCases[index]
            guard KernelPath.supported.contains(path), let kernels = Self.kernels(path) else { continue }
            for atEnd in [true, false] {
                var operands = Int8Operands(generator: SeededGenerator(seed: seed), atEnd: atEnd)
                let activation = fusedActivation(kernels.pointee.activations, seed: seed)
                for number in 0..<UInt32(ck_qs8_slot_count) {
                    compare(ck_qs8_slot(rawValue: number)!, kernels.pointee, path, activation, &operands, &check)
                    calls[index] += 1
                }
            }
        }
    }

    /// A slot without a check does not compile.
    private func compare(
        _ slot: ck_qs8_slot, _ kernels: ck_qs8_kernels, _ path: KernelPath, _ activation: ck_activation,
        _ operands: inout Int8Operands, _ check: inout Check
    ) {
        switch slot {
        case .gemm: gemm(kernels, path, activation, &operands, &check)
        case .gemm_f16: values(kernels, path, &operands, &check)
        case .dwconv3x3: depthwise(kernels, path, activation, &operands, &check)
        case .attention: attention(kernels, path, &operands, &check)
        case .separable_attention: separableAttention(kernels, path, &operands, &check)
        case .layernorm, .affine: normalisation(slot, kernels, path, &operands, &check)
        case .sums: sums(kernels, path, &operands, &check)
        case .resize_bilinear: resize(kernels, path, &operands, &check)
        case .mean: mean(kernels, path, &operands, &check)
        case .dwconv: anyDepthwise(kernels, path, activation, &operands, &check)
        case .patches: anyPatches(kernels, path, &operands, &check)
        case .add: add(kernels, path, &operands, &check)
        case .lookup: lookup(kernels, path, &operands, &check)
        }
    }

    /// Compares the avx512vnni path's own kernels, emulated, with the scalar ones. Checks nothing on other architectures.
    public func emulatedPath(seed: UInt64, _ check: inout Check) {
        guard ctest_emulates_avx512vnni() != 0 else { return }
        var kernels = scalar
        kernels.gemm = ctest_emulated_gemm
        kernels.gemm_f16 = ctest_emulated_gemm_f16
        for atEnd in [true, false] {
            var operands = Int8Operands(generator: SeededGenerator(seed: seed), atEnd: atEnd)
            gemm(kernels, .avx512vnni, fusedActivation(kernels.activations, seed: seed), &operands, &check)
            values(kernels, .avx512vnni, &operands, &check)
        }
    }

    /// Fails where the processor has a path of int8 kernels and `paths` did not call them.
    public func allPathsRan(_ check: inout Check) {
        // What the builds for ARM run on all has it.
        #if arch(arm) || arch(arm64)
            check.expect(KernelPath.supported.contains(.neon), "this processor is not known to have NEON")
        #endif
        for index in KernelPath.allCases.indices {
            let path = KernelPath.allCases[index]
            // The one path without int8 kernels.
            guard path != .neonfp16, KernelPath.supported.contains(path) else { continue }
            check.expect(calls[index] > 0, "this processor has \(path.name), whose int8 kernels did not run")
        }
    }

    private static func kernels(_ path: KernelPath) -> UnsafePointer<ck_qs8_kernels>? {
        ck_qs8_kernels_of(path.listed)
    }

    let scalar = ck_qs8_kernels_of(.scalar)!.pointee

    func expectEqual<Element: BitwiseCopyable & Equatable>(
        _ found: GuardedArray<Element>, _ expected: GuardedArray<Element>, _ path: KernelPath, _ check: inout Check,
        _ what: @autoclosure () -> String
    ) {
        for index in 0..<expected.elements.count where found.elements[index] != expected.elements[index] {
            check.expect(false, "\(path.name): \(what()) differs from scalar at \(index)")
            return
        }
        check.expect(true, "")
    }

    private func gemm(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ activation: ck_activation, _ operands: inout Int8Operands,
        _ check: inout Check
    ) {
        let rows = operands.integer(1...40), blocks = operands.integer(1...5)
        // Now and then beyond what a path packs at a time.
        let k = 4 * (operands.happens(oneIn: 8) ? operands.integer(120...300) : operands.integer(1...24))
        let n = 8 * blocks, pad = operands.integer(0...3)
        let (lda, ldr, ldc) = (k + pad, n + 2 * pad, n + pad)
        let a = operands.values((rows - 1) * lda + k, operands.kind())
        let weights = operands.weights(k, blocks), channels = operands.channels(blocks)
        let residual = operands.values((rows - 1) * ldr + n, operands.kind())
        let added = operands.happens(oneIn: 2) ? residual.base : nil
        let found = operands.output((rows - 1) * ldc + n), expected = operands.output((rows - 1) * ldc + n)
        kernels.gemm(
            rows, blocks, k, a.base, lda, weights.base, channels.base, activation, added, ldr, found.base, ldc)
        scalar.gemm(
            rows, blocks, k, a.base, lda, weights.base, channels.base, activation, added, ldr, expected.base, ldc)
        let what = "gemm \(rows)x\(n)x\(k), activation \(activation.rawValue)"
        expectEqual(found, expected, path, &check, what)

        // The residual in place of the output.
        let inPlace = operands.values((rows - 1) * ldr + n, .any)
        let other = operands.output((rows - 1) * ldr + n)
        for index in 0..<inPlace.elements.count { other.elements[index] = inPlace.elements[index] }
        for (table, c) in [(kernels, inPlace), (scalar, other)] {
            table.gemm(
                rows, blocks, k, a.base, lda, weights.base, channels.base, activation, c.base, ldr, c.base, ldr)
        }
        expectEqual(inPlace, other, path, &check, "in place, \(what)")
    }

    private func values(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let rows = operands.integer(1...30), n = operands.integer(1...40), blocks = (n + 7) / 8
        let k = 4 * operands.integer(1...40), lda = k + operands.integer(0...3), ldc = n + operands.integer(0...3)
        let a = operands.values((rows - 1) * lda + k, operands.kind()), weights = operands.weights(k, blocks)
        let channels = GuardedArray(count: blocks, atEnd: operands.atEnd, repeating: ck_qs8_values())
        // From what half precision rounds to 0 to what it can't hold.
        let scales = operands.floats(8 * blocks, operands.happens(oneIn: 4) ? 0...1e-9 : 0...1)
        for index in 0..<8 * blocks {
            ck_qs8_set_value(
                channels.base + index / 8, index % 8, Int32(operands.integer(-100_000...100_000)),
                scales.elements[index])
        }
        let count = (rows - 1) * ldc + n
        let found = GuardedArray(count: count, atEnd: operands.atEnd, repeating: UInt16(0x5555))
        let expected = GuardedArray(count: count, atEnd: operands.atEnd, repeating: UInt16(0x5555))
        kernels.gemm_f16(rows, n, k, a.base, lda, weights.base, channels.base, found.base, ldc)
        scalar.gemm_f16(rows, n, k, a.base, lda, weights.base, channels.base, expected.base, ldc)
        expectEqual(found, expected, path, &check, "gemm to half precision \(rows)x\(n)x\(k)")
    }

    private func depthwise(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ activation: ck_activation, _ operands: inout Int8Operands,
        _ check: inout Check
    ) {
        for stride in 1...2 {
            let width = operands.integer(1...12), channels = 8 * operands.integer(1...7)
            let pixels = stride * (width - 1) + 3, kind = operands.kind()
            let inputs = [
                operands.values(pixels * channels, kind), operands.values(pixels * channels, kind),
                operands.values(pixels * channels, kind),
            ]
            let weights = GuardedArray(count: 9 * channels, atEnd: operands.atEnd, repeating: Int8(0))
            for index in 0..<9 * channels { weights.elements[index] = Int8(operands.integer(-127...127)) }
            let parameters = operands.channels(channels / 8)
            let found = operands.output(width * channels), expected = operands.output(width * channels)
            let rows: [UnsafePointer<Int8>?] = inputs.map { UnsafePointer($0.base) }
            withExtendedLifetime(inputs) {
                rows.withUnsafeBufferPointer { rows in
                    kernels.dwconv3x3(
                        width, channels, stride, rows.baseAddress, weights.base, parameters.base, activation, found.base)
                    scalar.dwconv3x3(
                        width, channels, stride, rows.baseAddress, weights.base, parameters.base, activation,
                        expected.base)
                }
            }
            expectEqual(
                found, expected, path, &check,
                "depthwise \(width)x\(channels), stride \(stride), activation \(activation.rawValue)")
        }
    }

    private func normalisation(
        _ slot: ck_qs8_slot, _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands,
        _ check: inout Check
    ) {
        let rows = operands.integer(1...20)
        let channels = operands.happens(oneIn: 6) ? operands.integer(250...600) : operands.integer(1...100)
        let ldi = channels + operands.integer(0...3), ldo = channels + operands.integer(0...3)
        let x = operands.values((rows - 1) * ldi + channels, operands.kind())
        let steep = operands.happens(oneIn: 4)
        let gain = operands.floats(channels, steep ? -140...140 : -4...4)
        let shift = operands.floats(channels, steep ? -2500...2500 : -130...130)
        let count = (rows - 1) * ldo + channels
        let found = operands.output(count), expected = operands.output(count)
        for (table, y) in [(kernels, found), (scalar, expected)] {
            if slot == .layernorm {
                table.layernorm(rows, channels, x.base, ldi, 1e-5, gain.base, shift.base, y.base, ldo)
            } else {
                table.affine(rows, channels, x.base, ldi, gain.base, shift.base, y.base, ldo)
            }
        }
        let what = slot == .layernorm ? "layer normalisation" : "affine map"
        expectEqual(found, expected, path, &check, "\(what) \(rows)x\(channels)")
    }

    private func sums(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let rows = operands.integer(1...20)
        let channels = operands.happens(oneIn: 6) ? operands.integer(250...600) : operands.integer(1...100)
        let ldi = channels + operands.integer(0...3)
        let x = operands.values((rows - 1) * ldi + channels, operands.kind())
        let atEnd = operands.atEnd
        func totals(_ table: ck_qs8_kernels) -> (GuardedArray<Int32>, GuardedArray<Int32>) {
            let sums = GuardedArray(count: channels, atEnd: atEnd, repeating: Int32(7))
            let squares = GuardedArray(count: channels, atEnd: atEnd, repeating: Int32(9))
            table.sums(rows, channels, x.base, ldi, sums.base, squares.base)
            return (sums, squares)
        }
        let (sums, squares) = totals(kernels), (expectedSums, expectedSquares) = totals(scalar)
        expectEqual(sums, expectedSums, path, &check, "sums of \(rows)x\(channels)")
        expectEqual(squares, expectedSquares, path, &check, "squares of \(rows)x\(channels)")
    }

    private func resize(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let h = operands.integer(1...9), w = operands.integer(1...9), channels = operands.integer(1...40)
        let oh = operands.integer(1...9), ow = operands.integer(1...9), ld = channels + operands.integer(0...3)
        let x = operands.values((h * w - 1) * ld + channels, operands.kind())
        let count = (oh * ow - 1) * ld + channels
        let found = operands.output(count), expected = operands.output(count)
        let alignCorners = Int32(operands.integer(0...1)), first = operands.integer(0...oh - 1)
        kernels.resize_bilinear(h, w, channels, x.base, ld, oh, ow, found.base, ld, alignCorners, first, oh)
        scalar.resize_bilinear(h, w, channels, x.base, ld, oh, ow, expected.base, ld, alignCorners, first, oh)
        expectEqual(found, expected, path, &check, "resize \(h)x\(w) to \(oh)x\(ow)")
    }

    private func mean(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let rows = operands.integer(1...80), channels = operands.integer(1...40), ld = channels + operands.integer(0...3)
        let x = operands.values((rows - 1) * ld + channels, operands.kind())
        let gain = operands.floats(channels, -1...1), shift = operands.floats(channels, -130...130)
        let found = operands.output(channels), expected = operands.output(channels)
        kernels.mean(rows, channels, x.base, ld, gain.base, shift.base, found.base)
        scalar.mean(rows, channels, x.base, ld, gain.base, shift.base, expected.base)
        expectEqual(found, expected, path, &check, "mean of \(rows)x\(channels)")
    }

    private func attention(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let size = 4 * operands.integer(operands.happens(oneIn: 8) ? 11...20 : 1...10), kind = operands.kind()
        let (tokens, span) = operands.tokens(columns: size), count = tokens.height * tokens.width
        let q = operands.values(span, kind), k = operands.values(span, kind), v = operands.values(span, kind)
        let most = Int(ck_qs8_max_multiplier(size))
        let exact = Int32(operands.happens(oneIn: 4) ? most : operands.integer(0...min(most, 1 << 24)))
        // Now and then with more bits than a path may rely on.
        let multiplier = operands.happens(oneIn: 4) ? exact : ck_qs8_round_multiplier(exact)
        let gain = operands.floats(size, 0...4), zero = operands.floats(size, -200...200)
        let scratch = operands.scratch(ck_qs8_attention_scratch(count, size))
        let column = size + operands.integer(0...3)
        let row = tokens.width * column + operands.integer(0...3)
        let outputs = (tokens.height - 1) * row + (tokens.width - 1) * column + size
        let found = operands.output(outputs), expected = operands.output(outputs)
        for (table, output) in [(kernels, found), (scalar, expected)] {
            var head = ck_qs8_attention(
                tokens: tokens, q: q.base, k: k.base, v: v.base, size: size, multiplier: multiplier,
                gain: gain.base, zero: zero.base, output: output.base, output_row_stride: row,
                output_column_stride: column, scratch: scratch.base)
            table.attention(&head)
        }
        expectEqual(found, expected, path, &check, "attention, \(tokens.height)x\(tokens.width) tokens of \(size)")
    }

    private func separableAttention(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let channels = operands.integer(1...70)
        let (tokens, span) = operands.tokens(columns: channels), count = tokens.height * tokens.width
        let q = operands.values(span - channels + 1, operands.kind()), kind = operands.kind()
        let k = operands.values(span, kind), v = operands.values(span, .any)
        let multiplier = operands.happens(oneIn: 4) ? Int(Int32.max) : operands.integer(0...1 << 28)
        let gain = operands.floats(channels, -1...1), zero = operands.floats(channels, -130...130)
        let scratch = operands.scratch(ck_qs8_separable_scratch(count, channels))
        let column = channels + operands.integer(0...3)
        let row = tokens.width * column + operands.integer(0...3)
        let outputs = (tokens.height - 1) * row + (tokens.width - 1) * column + channels
        let found = operands.output(outputs), expected = operands.output(outputs)
        for (table, output) in [(kernels, found), (scalar, expected)] {
            var position = ck_qs8_separable(
                tokens: tokens, q: q.base, k: k.base, v: v.base, channels: channels, multiplier: Int32(multiplier),
                gain: gain.base, zero: zero.base, output: output.base, output_row_stride: row,
                output_column_stride: column, scratch: scratch.base)
            table.separable_attention(&position)
        }
        expectEqual(
            found, expected, path, &check,
            "separable attention, \(tokens.height)x\(tokens.width) tokens of \(channels)")
    }
}
