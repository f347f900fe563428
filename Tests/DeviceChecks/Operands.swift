import CTestSupport

/// Floats whose end or start lies beside an unmapped page, so that a kernel's overrun faults.
final class GuardedFloats {
    let elements: UnsafeMutableBufferPointer<Float>
    private let atEnd: Bool

    init(count: Int, atEnd: Bool) {
        let memory = ctest_map_guarded(count * MemoryLayout<Float>.size, atEnd ? 1 : 0)!
        elements = UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: Float.self), count: count)
        elements.initialize(repeating: .nan)
        self.atEnd = atEnd
    }

    deinit {
        ctest_unmap_guarded(elements.baseAddress!, elements.count * MemoryLayout<Float>.size, atEnd ? 1 : 0)
    }

    var base: UnsafeMutablePointer<Float> { elements.baseAddress! }
    subscript(index: Int) -> Double { Double(elements[index]) }
}

/// The operands of one kernel call: random values, and outputs that are NaN until they are written.
struct Operands {
    var generator: SeededGenerator
    let atEnd: Bool

    mutating func values(_ count: Int, scale: Float = 1, offset: Float = 0) -> GuardedFloats {
        let floats = GuardedFloats(count: count, atEnd: atEnd)
        for index in 0..<count {
            floats.elements[index] = Float.random(in: -1...1, using: &generator) * scale + offset
        }
        return floats
    }

    func output(_ count: Int) -> GuardedFloats { GuardedFloats(count: count, atEnd: atEnd) }

    mutating func integer(_ range: ClosedRange<Int>) -> Int { generator.integer(range) }
}
