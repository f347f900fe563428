import CKernels

extension KernelChecks {
    static func anyDepthwise(_ operands: inout Operands, _ activation: ck_activation, _ check: inout Check) {
        let random = RandomWindow { operands.integer($0) }, channels = operands.integer(1...70)
        let ldi = channels + operands.integer(0...2), ldo = channels + operands.integer(0...2)
        let x = operands.values((random.pixels - 1) * ldi + channels), weights = operands.values(random.taps * channels)
        let bias = operands.values(channels), y = operands.output((random.outPixels - 1) * ldo + channels)
        let hasBias = operands.integer(0...1) == 1
        var window = random.window
        eachPart(of: random.outHeight, operands.integer(1...3)) { first, last in
            f32_dwconv__scalar(
                &window, channels, x.base, ldi, weights.base, hasBias ? bias.base : nil, activation, y.base, ldo, first, last)
        }
        for pixel in 0..<random.outPixels {
            for c in 0..<channels {
                var sum = hasBias ? bias[c] : 0
                for tap in 0..<random.taps {
                    if let source = random.source(pixel, tap) { sum += x[source * ldi + c] * weights[tap * channels + c] }
                }
                check.expectClose(
                    y.elements[pixel * ldo + c], activated(sum, activation), "depthwise of \(channels), \(random.text)")
            }
            for c in channels..<ldo where pixel + 1 < random.outPixels {
                check.expect(y.elements[pixel * ldo + c].isNaN, "depthwise writes between pixels")
            }
        }
    }

    static func anyPatches(_ operands: inout Operands, _ check: inout Check) {
        let random = RandomWindow { operands.integer($0) }
        // Of one of several groups.
        let channels = operands.integer(1...20), before = operands.integer(0...9),
            ldi = before + channels + operands.integer(0...9)
        let x = operands.values((random.pixels - 1) * ldi + before + channels)
        let count = random.taps * channels, ldp = count + operands.integer(0...3)
        var window = random.window
        for line in 0..<random.outHeight {
            let patches = operands.output(random.window.out_width * ldp)
            f32_patches__scalar(&window, channels, x.base + before, ldi, line, patches.base, ldp)
            for index in patches.elements.indices {
                let (column, value) = (index / ldp, index % ldp)
                let source = value < count ? random.source(line * window.out_width + column, value / channels) : nil
                let expected = source.map { x.elements[$0 * ldi + before + value % channels] } ?? 0
                check.expect(patches.elements[index] == expected, "patches of \(channels), \(random.text)")
            }
        }
    }
}
