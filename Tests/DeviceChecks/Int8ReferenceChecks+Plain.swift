import CKernels

/// What needs no fixed point to be told.
extension Int8ReferenceChecks {
    /// Sums as half-precision values.
    static func values(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...6), n = operands.integer(1...8), k = 4 * operands.integer(1...16)
        let a = operands.values(rows * k, .any), weights = operands.weights(k, 1)
        let bias = operands.integer(-20_000...20_000), scale = operands.floats(1, 1e-4...1e-2).elements[0]
        var channels = ck_qs8_values()
        for j in 0..<8 { ck_qs8_set_value(&channels, j, Int32(bias), scale) }
        let c = GuardedHalves(count: rows * n, atEnd: operands.atEnd)
        scalar.gemm_f16(rows, n, k, a.base, k, weights.base, &channels, c.base, n)
        for index in 0..<rows * n {
            let (row, column) = (index / n, index % n)
            var sum = bias
            for p in 0..<k { sum += Int(a.elements[row * k + p]) * Int(weights.elements[p / 4 * 32 + 4 * column + p % 4]) }
            let expected = Double(sum) * Double(scale)
            check.expect(
                (c[index] - expected).magnitude <= 0x1p-11 * expected.magnitude + 0x1p-24,
                "gemm to half precision: \(c[index]), expected \(expected)")
        }
    }

    /// The identity with 1024 of the sums' units to a step of the output.
    static func plainChannels(_ blocks: Int) -> [ck_qs8_channels] {
        var parameters = [ck_qs8_channels](repeating: ck_qs8_channels(), count: blocks)
        for index in 0..<8 * blocks {
            // x is the sum, and v = mulh(x, 2048) is a 16th of it.
            let channel = ck_qs8_channel(bias: 0, shift: 16, gain: 2048, tau: 0, dip: 0, lift: 0, residual_gain: 0, zero: 0)
            ck_qs8_set_channel(&parameters[index / 8], index % 8, channel)
        }
        return parameters
    }

    /// The sums of the depthwise kernel by way of the identity: one of 1024 a step of the output.
    static func depthwise(_ operands: inout Int8Operands, _ check: inout Check) {
        let width = operands.integer(1...9), stride = operands.integer(1...2), pixels = stride * (width - 1) + 3
        let rows = [0, 1, 2].map { _ in operands.values(8 * pixels, .any) }, weights = operands.values(72, .any)
        let parameters = plainChannels(1)
        // Sums that fit 16 bits.
        for index in 0..<72 { weights.elements[index] /= 8 }
        let pointers: [UnsafePointer<Int8>?] = rows.map { UnsafePointer($0.base) }, y = operands.output(8 * width)
        withExtendedLifetime(rows) {
            scalar.dwconv3x3(width, 8, stride, pointers, weights.base, parameters, CK_IDENTITY, y.base)
        }
        for index in 0..<8 * width {
            var sum = 0
            for tap in 0..<9 {
                let pixel = stride * (index / 8) + tap % 3
                sum += Int(rows[tap / 3].elements[8 * pixel + index % 8]) * Int(weights.elements[8 * tap + index % 8])
            }
            expectNear(
                y.elements[index], Double(sum) / 1024, tolerance: 0.52, &check, "depthwise of \(width), stride \(stride)")
        }
    }

    static func sums(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...40), channels = operands.integer(1...40)
        let x = operands.values(rows * channels, operands.kind())
        let sums = GuardedArray(count: channels, atEnd: operands.atEnd, repeating: Int32(7))
        let squares = GuardedArray(count: channels, atEnd: operands.atEnd, repeating: Int32(9))
        scalar.sums(rows, channels, x.base, channels, sums.base, squares.base)
        for c in 0..<channels {
            let column = (0..<rows).map { Int32(x.elements[$0 * channels + c]) }
            check.expect(sums.elements[c] == 7 + column.reduce(0, +), "sum of \(rows)x\(channels)")
            check.expect(squares.elements[c] == 9 + column.reduce(0) { $0 + $1 * $1 }, "squares of \(rows)x\(channels)")
        }
    }

    static func resize(_ operands: inout Int8Operands, _ check: inout Check) {
        let h = operands.integer(1...9), w = operands.integer(1...9), channels = operands.integer(1...9)
        let oh = operands.integer(1...9), ow = operands.integer(1...9), alignCorners = operands.happens(oneIn: 2)
        let x = operands.values(h * w * channels, .any), y = operands.output(oh * ow * channels)
        scalar.resize_bilinear(
            h, w, channels, x.base, channels, oh, ow, y.base, channels, alignCorners ? 1 : 0, 0, oh)
        // Against the fp32 kernel, which has its own check.
        let values = (0..<h * w * channels).map { Float(x.elements[$0]) }
        var expected = [Float](repeating: 0, count: oh * ow * channels)
        f32_resize_bilinear__scalar(
            h, w, channels, values, channels, oh, ow, &expected, channels, alignCorners ? 1 : 0, 0, oh)
        for index in expected.indices {
            expectNear(
                y.elements[index], Double(expected[index]), tolerance: 0.501, &check, "resize \(h)x\(w) to \(oh)x\(ow)")
        }
    }

    static func mean(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...80), channels = operands.integer(1...40)
        let x = operands.values(rows * channels, .any), y = operands.output(channels)
        let gain = operands.floats(channels, -0.1...0.1), shift = operands.floats(channels, -50...50)
        scalar.mean(rows, channels, x.base, channels, gain.base, shift.base, y.base)
        for c in 0..<channels {
            let sum = (0..<rows).reduce(0) { $0 + Int(x.elements[$1 * channels + c]) }
            expectNear(
                y.elements[c], Double(sum) * Double(gain.elements[c]) + Double(shift.elements[c]), tolerance: 0.501, &check,
                "mean of \(rows)x\(channels)")
        }
    }
}
