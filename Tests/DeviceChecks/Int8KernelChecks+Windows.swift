import CKernels
import Kernels

extension Int8KernelChecks {
    func anyDepthwise(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ activation: ck_activation, _ operands: inout Int8Operands,
        _ check: inout Check
    ) {
        let random = RandomWindow { operands.integer($0) }, channels = 8 * operands.integer(1...5)
        let ldi = channels + operands.integer(0...3), ldo = channels + operands.integer(0...3), kind = operands.kind()
        let x = operands.values((random.pixels - 1) * ldi + channels, kind), padding = operands.values(channels, kind)
        let weights = operands.values(random.taps * channels, .any), parameters = operands.channels(channels / 8)
        let count = (random.outPixels - 1) * ldo + channels, found = operands.output(count), expected = operands.output(count)
        var window = random.window
        for (table, y) in [(kernels, found), (scalar, expected)] {
            table.dwconv(
                &window, channels, x.base, ldi, padding.base, weights.base, parameters.base, activation, y.base, ldo, 0,
                random.outHeight)
        }
        expectEqual(found, expected, path, &check, "depthwise of \(channels), \(random.text)")
    }

    func anyPatches(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let random = RandomWindow { operands.integer($0) }, channels = operands.integer(1...40)
        let ldi = channels + operands.integer(0...3), ldp = random.taps * channels + operands.integer(0...3)
        let x = operands.values((random.pixels - 1) * ldi + channels, .any), padding = operands.values(channels, .any)
        let found = operands.output(random.window.out_width * ldp), expected = operands.output(random.window.out_width * ldp)
        let line = operands.integer(0...random.outHeight - 1)
        var window = random.window
        for (table, y) in [(kernels, found), (scalar, expected)] {
            table.patches(&window, channels, x.base, ldi, padding.base, line, y.base, ldp)
        }
        expectEqual(found, expected, path, &check, "patches of \(channels), \(random.text)")
    }

    func add(
        _ kernels: ck_qs8_kernels, _ path: KernelPath, _ operands: inout Int8Operands, _ check: inout Check
    ) {
        let rows = operands.integer(1...20), channels = operands.integer(1...70), ld = channels + operands.integer(0...3)
        let count = (rows - 1) * ld + channels
        let a = operands.values(count, operands.kind()), b = operands.values(count, operands.kind())
        let first = operands.floats(channels, -2...2), second = operands.floats(channels, -2...2)
        let shift = operands.floats(channels, -130...130)
        let found = operands.output(count), expected = operands.output(count)
        for (table, y) in [(kernels, found), (scalar, expected)] {
            table.add(rows, channels, a.base, ld, first.base, b.base, ld, second.base, shift.base, y.base, ld)
        }
        expectEqual(found, expected, path, &check, "add \(rows)x\(channels)")
    }
}
