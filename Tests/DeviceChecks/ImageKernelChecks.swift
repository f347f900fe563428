import CKernels
import Kernels

/// Every path's kernels for images against their formulas: random rows whose end, then start, lies beside an unmapped page.
public struct ImageKernelChecks {
    private var generator: SeededGenerator
    private let atEnd: Bool

    /// One set of random rows.
    public init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        atEnd = seed % 2 == 0
    }

    /// All paths that the processor has.
    public mutating func paths(_ check: inout Check) {
        for path in KernelPath.supported {
            for number in 0..<UInt32(ck_u8_slot_count) {
                // A slot without a check does not compile.
                switch ck_u8_slot(rawValue: number)! {
                case .blend_rows: blend(path, &check)
                case .resize_fast_channel: channel(path, &check)
                case .ycc_to_rgb: colours(path, &check)
                case .interleave: interleave(path, &check)
                }
            }
        }
    }

    private mutating func row(_ count: Int) -> GuardedArray<UInt8> {
        let array = GuardedArray(count: count, atEnd: atEnd, repeating: UInt8(0))
        for index in 0..<count { array.elements[index] = UInt8(generator.integer(0...255)) }
        return array
    }

    private mutating func blend(_ path: KernelPath, _ check: inout Check) {
        let count = generator.integer(1...200), weight = generator.integer(0...255)
        let upper = row(count), lower = row(count)
        let blended = GuardedArray(count: count, atEnd: atEnd, repeating: UInt16(0))
        path.imageKernels.pointee.blend_rows(count, upper.base, lower.base, UInt32(weight), blended.base)
        for index in 0..<count {
            let expected = Int(upper.elements[index]) * (256 - weight) + Int(lower.elements[index]) * weight
            check.expect(Int(blended.elements[index]) == expected, "\(path.name): \(count) bytes blended")
        }
    }

    /// Taps as near and as far apart as any camera's, and elements that end beside an unmapped page as soon as the kernel
    /// permits.
    private mutating func channel(_ path: KernelPath, _ check: inout Check) {
        let width = generator.integer(1...70), samples = generator.integer(1...200), step = generator.integer(1...4)
        let taps = (0..<width).map { x in
            let position = min(max((2 * x + 1) * samples * 256 / (2 * width) - 128, 0), (samples - 1) * 256)
            let left = position / 256, weight = position % 256
            return ck_tap(
                left: UInt32(left * step), right: UInt32(min(left + 1, samples - 1) * step),
                left_weight: Int32(256 - weight), right_weight: Int32(weight))
        }
        var blocks = [ck_tap_block](repeating: ck_tap_block(), count: width / 8)
        let fits = ck_make_tap_blocks(width, taps, &blocks) != 0
        check.expect(fits || (7 * samples + 2 * width) * step > 31 * width, "taps of \(samples) by \(step) to \(width) fit")
        let blended = GuardedArray(count: (samples - 1) * step + 32, atEnd: true, repeating: UInt16(0))
        for index in 0..<blended.elements.count { blended.elements[index] = UInt16(generator.integer(0...65_280)) }
        for withBlocks in fits ? [true, false] : [false] {
            let found = GuardedArray(count: width, atEnd: atEnd, repeating: UInt8(0))
            path.imageKernels.pointee.resize_fast_channel(
                width, blended.base, taps, withBlocks ? blocks : nil, found.base)
            for x in 0..<width {
                let left = Double(blended.elements[Int(taps[x].left)]) * Double(taps[x].left_weight)
                let right = Double(blended.elements[Int(taps[x].right)]) * Double(taps[x].right_weight)
                let expected = ((left + right) / 65_536 + 0.5).rounded(.down)
                check.expect(
                    Double(found.elements[x]) == expected, "\(path.name): \(samples) samples by \(step) to \(width)")
            }
        }
    }

    private mutating func colours(_ path: KernelPath, _ check: inout Check) {
        let width = generator.integer(1...70), y = row(width), cb = row(width), cr = row(width)
        var matrix = ck_ycc(
            black: 16, luma: 9539, red_by_cr: 14688, green_by_cb: -1747, green_by_cr: -4366, blue_by_cb: 17305)
        if generator.integer(0...1) == 0 {
            matrix = ck_ycc(
                black: 0, luma: 8192, red_by_cr: 11485, green_by_cb: -2819, green_by_cr: -5850, blue_by_cb: 14516)
        }
        func byte(_ sum: Int) -> UInt8 { UInt8(min(max((Double(sum) / 8192 + 0.5).rounded(.down), 0), 255)) }
        for reversed in [false, true] {
            let found = row(3 * width)
            path.imageKernels.pointee.ycc_to_rgb(
                width, y.base, cb.base, cr.base, &matrix, reversed ? 1 : 0, found.base)
            for x in 0..<width {
                let luma = (Int(y.elements[x]) - Int(matrix.black)) * Int(matrix.luma)
                let blue = Int(cb.elements[x]) - 128, red = Int(cr.elements[x]) - 128
                let pixel = [
                    byte(luma + red * Int(matrix.red_by_cr)),
                    byte(luma + blue * Int(matrix.green_by_cb) + red * Int(matrix.green_by_cr)),
                    byte(luma + blue * Int(matrix.blue_by_cb)),
                ]
                for index in 0..<3 {
                    check.expect(
                        found.elements[3 * x + index] == pixel[reversed ? 2 - index : index],
                        "\(path.name): colours of \(width) pixels")
                }
            }
        }
    }

    private mutating func interleave(_ path: KernelPath, _ check: inout Check) {
        let width = generator.integer(1...70), channels = [row(width), row(width), row(width)], found = row(3 * width)
        path.imageKernels.pointee.interleave(
            width, channels[0].base, channels[1].base, channels[2].base, found.base)
        for index in 0..<3 * width {
            check.expect(
                found.elements[index] == channels[index % 3].elements[index / 3], "\(path.name): \(width) pixels interleaved")
        }
    }
}
