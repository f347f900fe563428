import CKernels
import CTestSupport

/// Values whose end or start lies beside an unmapped page, so that a kernel's overrun faults.
final class GuardedArray<Element: BitwiseCopyable> {
    let elements: UnsafeMutableBufferPointer<Element>
    private let atEnd: Bool

    init(count: Int, atEnd: Bool, repeating value: Element) {
        let memory = ctest_map_guarded(count * MemoryLayout<Element>.stride, atEnd ? 1 : 0)!
        elements = UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: Element.self), count: count)
        elements.initialize(repeating: value)
        self.atEnd = atEnd
    }

    deinit {
        ctest_unmap_guarded(elements.baseAddress!, elements.count * MemoryLayout<Element>.stride, atEnd ? 1 : 0)
    }

    var base: UnsafeMutablePointer<Element> { elements.baseAddress! }
}

/// How a tensor's values are drawn.
enum Int8Values: CaseIterable {
    case any, least, most, small

    func value(_ generator: inout SeededGenerator) -> Int8 {
        switch self {
        case .any: Int8.random(in: -128...127, using: &generator)
        case .least: -128
        case .most: 127
        case .small: Int8.random(in: -3...3, using: &generator)
        }
    }
}

/// The operands of one int8 kernel call.
struct Int8Operands {
    var generator: SeededGenerator
    let atEnd: Bool

    mutating func integer(_ range: ClosedRange<Int>) -> Int { generator.integer(range) }

    /// Whether one of `chances` equally likely cases came up.
    mutating func happens(oneIn chances: Int) -> Bool { generator.integer(1...chances) == 1 }

    mutating func values(_ count: Int, _ kind: Int8Values) -> GuardedArray<Int8> {
        let array = GuardedArray(count: count, atEnd: atEnd, repeating: Int8(0))
        for index in 0..<count { array.elements[index] = kind.value(&generator) }
        return array
    }

    /// Now and then one value throughout: the largest sums there are.
    mutating func kind() -> Int8Values {
        switch integer(0...7) {
        case 0: .least
        case 1: .most
        case 2: .small
        default: .any
        }
    }

    /// Bytes that must be gone after a kernel has written its output.
    func output(_ count: Int) -> GuardedArray<Int8> { GuardedArray(count: count, atEnd: atEnd, repeating: 0x55) }

    /// 64-byte aligned memory of at least `size` bytes.
    func scratch(_ size: Int) -> GuardedArray<UInt8> {
        GuardedArray(count: (size + 63) / 64 * 64, atEnd: atEnd, repeating: 0xA5)
    }

    mutating func floats(_ count: Int, _ range: ClosedRange<Float>) -> GuardedArray<Float> {
        let array = GuardedArray(count: count, atEnd: atEnd, repeating: Float(0))
        for index in 0..<count { array.elements[index] = Float.random(in: range, using: &generator) }
        return array
    }

    /// A packed matrix that keeps to the bound on weights, and often to nothing below it.
    mutating func weights(_ k: Int, _ blocks: Int) -> GuardedArray<Int8> {
        let array = GuardedArray(count: 8 * blocks * k, atEnd: atEnd, repeating: Int8(0))
        let isExtreme = happens(oneIn: 4)
        for block in 0..<blocks {
            for column in 0..<8 {
                let sign = happens(oneIn: 2) ? 1 : -1
                for first in 0..<k where first % 16 < 4 {
                    var left = 254
                    for p in stride(from: first, to: min(first / 16 * 16 + 16, k), by: 4) {
                        let most = min(left, 127)
                        let weight = isExtreme ? sign * most : integer(-most...most)
                        left -= abs(weight)
                        array.elements[block * 8 * k + p / 4 * 32 + 4 * column + p % 4] = Int8(weight)
                    }
                }
            }
        }
        return array
    }

    /// Parameters far beyond what networks have.
    mutating func channels(_ blocks: Int) -> GuardedArray<ck_qs8_channels> {
        let array = GuardedArray(count: blocks, atEnd: atEnd, repeating: ck_qs8_channels())
        let goesLeft = happens(oneIn: 4)
        for index in 0..<8 * blocks {
            let shift = goesLeft && happens(oneIn: 3) ? integer(17...24) : integer(2...16)
            let channel = ck_qs8_channel(
                bias: Int32(integer(-1 << 16...1 << 16)), shift: Int32(shift), gain: Int16(integer(0...32767)),
                tau: Int16(integer(0...32767)), dip: Int16(integer(-32767...0)),
                lift: Int16(happens(oneIn: 3) ? integer(0...15) : integer(0...2)),
                residual_gain: Int16(integer(0...32767)),
                zero: Int16(happens(oneIn: 8) ? integer(-32768...32767) : integer(-8192...8128)))
            ck_qs8_set_channel(array.base + index / 8, index % 8, channel)
        }
        return array
    }

    /// Tokens as one patch position of a map walks them, in patches of up to 4x4, and how many bytes a tensor of theirs spans.
    mutating func tokens(columns: Int) -> (tokens: ck_tokens, span: Int) {
        let height = integer(1...8), width = integer(1...8), patch = (height: integer(1...4), width: integer(1...4))
        let pixel = columns + integer(0...3)
        let column = pixel * patch.width, row = column * width * patch.height + integer(0...5)
        let tokens = ck_tokens(height: height, width: width, row_stride: row, column_stride: column)
        return (tokens, (height - 1) * row + (width - 1) * column + columns)
    }
}
