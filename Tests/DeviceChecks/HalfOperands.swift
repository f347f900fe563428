import CKernels
import CTestSupport

/// Half-precision values whose end or start lies beside an unmapped page; not a number until they are written.
final class GuardedHalves {
    let elements: UnsafeMutableBufferPointer<UInt16>
    private let atEnd: Bool

    init(count: Int, atEnd: Bool) {
        let memory = ctest_map_guarded(count * MemoryLayout<UInt16>.size, atEnd ? 1 : 0)!
        elements = UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: UInt16.self), count: count)
        elements.initialize(repeating: 0x7E00)
        self.atEnd = atEnd
    }

    deinit {
        ctest_unmap_guarded(elements.baseAddress!, elements.count * MemoryLayout<UInt16>.size, atEnd ? 1 : 0)
    }

    var base: UnsafeMutablePointer<UInt16> { elements.baseAddress! }

    subscript(index: Int) -> Double {
        var value: Float = 0
        f16_to_f32__scalar(1, base + index, &value)
        return Double(value)
    }
}

/// IEEE half precision of a value within its normal range, rounded to nearest.
func halfBits(_ value: Float) -> UInt16 {
    let magnitude = value.magnitude
    guard magnitude >= 0x1p-14 else {
        return UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) | (value.sign == .minus ? 0x8000 : 0)
    }
    let bits = magnitude.bitPattern
    let rounded = bits + 0xFFF + (bits >> 13 & 1)
    return UInt16((rounded >> 13) - (112 << 10)) | (value.sign == .minus ? 0x8000 : 0)
}

extension Operands {
    mutating func halves(_ count: Int, scale: Float = 1, offset: Float = 0) -> GuardedHalves {
        let halves = GuardedHalves(count: count, atEnd: atEnd)
        for index in 0..<count {
            halves.elements[index] = halfBits(Float.random(in: -1...1, using: &generator) * scale + offset)
        }
        return halves
    }

    func halfOutput(_ count: Int) -> GuardedHalves { GuardedHalves(count: count, atEnd: atEnd) }
}

/// Bytes whose end or start lies beside an unmapped page.
final class GuardedBytes {
    let elements: UnsafeMutableBufferPointer<UInt8>
    private let atEnd: Bool

    init(count: Int, atEnd: Bool) {
        let memory = ctest_map_guarded(count, atEnd ? 1 : 0)!
        elements = UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: UInt8.self), count: count)
        self.atEnd = atEnd
    }

    deinit { ctest_unmap_guarded(elements.baseAddress!, elements.count, atEnd ? 1 : 0) }

    var aligned: UnsafeMutableRawPointer { UnsafeMutableRawPointer(elements.baseAddress!) }
}
