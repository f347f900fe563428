import CKernels

extension HalfKernelChecks {
    func anyDepthwise(_ operands: inout Operands, _ activation: ck_activation, _ check: inout Check) {
        let random = RandomWindow { operands.integer($0) }, channels = operands.integer(1...70)
        let ldi = channels + operands.integer(0...2), ldo = channels + operands.integer(0...2)
        let x = operands.halves((random.pixels - 1) * ldi + channels), weights = operands.halves(random.taps * channels)
        let bias = operands.values(channels), y = operands.halfOutput((random.outPixels - 1) * ldo + channels)
        let hasBias = operands.integer(0...1) == 1
        var window = random.window
        KernelChecks.eachPart(of: random.outHeight, operands.integer(1...3)) { first, last in
            kernels.dwconv(
                &window, channels, x.base, ldi, weights.base, hasBias ? bias.base : nil, activation, y.base, ldo, first, last)
        }
        for pixel in 0..<random.outPixels {
            for c in 0..<channels {
                var sum = hasBias ? bias[c] : 0, magnitude = 0.0
                for tap in 0..<random.taps {
                    guard let source = random.source(pixel, tap) else { continue }
                    let product = x[source * ldi + c] * weights[tap * channels + c]
                    sum += product
                    magnitude += product.magnitude
                }
                expect(
                    y[pixel * ldo + c], activated(sum, activation), magnitude: magnitude, &check,
                    "depthwise of \(channels), \(random.text)")
            }
            for c in channels..<ldo where pixel + 1 < random.outPixels {
                check.expect(y[pixel * ldo + c].isNaN, "\(name) depthwise writes between pixels")
            }
        }
    }

    func anyPatches(_ operands: inout Operands, _ check: inout Check) {
        let random = RandomWindow { operands.integer($0) }
        // Of one of several groups.
        let channels = operands.integer(1...20), before = operands.integer(0...9),
            ldi = before + channels + operands.integer(0...9)
        let x = operands.halves((random.pixels - 1) * ldi + before + channels)
        let count = random.taps * channels, ldp = count + operands.integer(0...3)
        var window = random.window
        for line in 0..<random.outHeight {
            let patches = operands.halfOutput(random.window.out_width * ldp)
            kernels.patches(&window, channels, x.base + before, ldi, line, patches.base, ldp)
            for index in patches.elements.indices {
                let (column, value) = (index / ldp, index % ldp)
                let source = value < count ? random.source(line * window.out_width + column, value / channels) : nil
                let expected = source.map { x.elements[$0 * ldi + before + value % channels] } ?? 0
                check.expect(patches.elements[index] == expected, "\(name) patches of \(channels), \(random.text)")
            }
        }
    }

    func add(_ operands: inout Operands, _ check: inout Check) {
        let rows = operands.integer(1...20), channels = operands.integer(1...40)
        let (lda, ldb, ldo) = (
            channels + operands.integer(0...2), channels + operands.integer(0...2), channels + operands.integer(0...2)
        )
        let a = operands.halves((rows - 1) * lda + channels), b = operands.halves((rows - 1) * ldb + channels, scale: 8)
        let y = operands.halfOutput((rows - 1) * ldo + channels)
        kernels.add(rows, channels, a.base, lda, b.base, ldb, y.base, ldo)
        for row in 0..<rows {
            for c in 0..<channels {
                let sum = a[row * lda + c] + b[row * ldb + c]
                expect(y[row * ldo + c], sum, &check, "add \(rows)x\(channels)")
            }
            for c in channels..<ldo where row + 1 < rows {
                check.expect(y[row * ldo + c].isNaN, "\(name) add writes between rows")
            }
        }
    }
}
