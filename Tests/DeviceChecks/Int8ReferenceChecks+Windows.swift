import CKernels

extension Int8ReferenceChecks {
    /// The sums by way of the identity, as `depthwise` has them.
    static func anyDepthwise(_ operands: inout Int8Operands, _ check: inout Check) {
        let random = RandomWindow { operands.integer($0) }, channels = 8 * operands.integer(1...4)
        let ldi = channels + operands.integer(0...3), ldo = channels + operands.integer(0...3)
        let x = operands.values((random.pixels - 1) * ldi + channels, .any), padding = operands.values(channels, .any)
        let weights = operands.values(random.taps * channels, .any), parameters = plainChannels(channels / 8)
        // Sums that fit 16 bits.
        for index in weights.elements.indices { weights.elements[index] /= 16 }
        let y = operands.output((random.outPixels - 1) * ldo + channels)
        var window = random.window
        KernelChecks.eachPart(of: random.outHeight, operands.integer(1...3)) { first, last in
            scalar.dwconv(
                &window, channels, x.base, ldi, padding.base, weights.base, parameters, CK_IDENTITY, y.base, ldo, first, last)
        }
        for pixel in 0..<random.outPixels {
            for c in 0..<channels {
                var sum = 0
                for tap in 0..<random.taps {
                    let value = random.source(pixel, tap).map { x.elements[$0 * ldi + c] } ?? padding.elements[c]
                    sum += Int(value) * Int(weights.elements[tap * channels + c])
                }
                expectNear(
                    y.elements[pixel * ldo + c], Double(sum) / 1024, tolerance: 0.52, &check,
                    "depthwise of \(channels), \(random.text)")
            }
            for c in channels..<ldo where pixel + 1 < random.outPixels {
                check.expect(y.elements[pixel * ldo + c] == 0x55, "depthwise writes between pixels")
            }
        }
    }

    static func anyPatches(_ operands: inout Int8Operands, _ check: inout Check) {
        let random = RandomWindow { operands.integer($0) }
        // Of one of several groups.
        let channels = operands.integer(1...20), before = operands.integer(0...9),
            ldi = before + channels + operands.integer(0...9)
        let x = operands.values((random.pixels - 1) * ldi + before + channels, .any)
        let padding = operands.values(channels, .any)
        let count = random.taps * channels, ldp = (count + 3) / 4 * 4
        var window = random.window
        for line in 0..<random.outHeight {
            let patches = operands.output(random.window.out_width * ldp)
            scalar.patches(&window, channels, x.base + before, ldi, padding.base, line, patches.base, ldp)
            for index in patches.elements.indices {
                let (column, value) = (index / ldp, index % ldp)
                let outside = value < count ? padding.elements[value % channels] : 0
                let source = value < count ? random.source(line * window.out_width + column, value / channels) : nil
                let expected = source.map { x.elements[$0 * ldi + before + value % channels] } ?? outside
                check.expect(patches.elements[index] == expected, "patches of \(channels), \(random.text)")
            }
        }
    }

    static func add(_ operands: inout Int8Operands, _ check: inout Check) {
        let rows = operands.integer(1...20), channels = operands.integer(1...40)
        let (lda, ldb, ldo) = (
            channels + operands.integer(0...2), channels + operands.integer(0...2), channels + operands.integer(0...2)
        )
        let a = operands.values((rows - 1) * lda + channels, .any), b = operands.values((rows - 1) * ldb + channels, .any)
        let first = operands.floats(channels, -2...2), second = operands.floats(channels, -2...2)
        let shift = operands.floats(channels, -100...100), y = operands.output((rows - 1) * ldo + channels)
        scalar.add(
            rows, channels, a.base, lda, first.base, b.base, ldb, second.base, shift.base, y.base, ldo)
        for row in 0..<rows {
            for c in 0..<channels {
                let expected =
                    Double(a.elements[row * lda + c]) * Double(first.elements[c])
                    + Double(b.elements[row * ldb + c]) * Double(second.elements[c]) + Double(shift.elements[c])
                expectNear(y.elements[row * ldo + c], expected, tolerance: 0.501, &check, "add \(rows)x\(channels)")
            }
            for c in channels..<ldo where row + 1 < rows {
                check.expect(y.elements[row * ldo + c] == 0x55, "add writes between rows")
            }
        }
    }
}
