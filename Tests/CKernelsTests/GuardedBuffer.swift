import Glibc
import TestSupport

/// Elements whose end (or start) touches an unmapped page, so that an overrun faults instead of reading a neighbour.
final class GuardedBuffer<Element: BitwiseCopyable> {
    let elements: UnsafeMutableBufferPointer<Element>
    private let mapping: UnsafeMutableRawPointer
    private let mappingSize: Int

    enum Edge: CaseIterable { case start, end }

    init(count: Int, at edge: Edge, fill: Element) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let size = count * MemoryLayout<Element>.stride
        let body = max((size + page - 1) / page * page, page)
        mappingSize = body + 2 * page
        mapping = mmap(nil, mappingSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        mprotect(mapping + page, body, PROT_READ | PROT_WRITE)
        let offset = edge == .start ? page : page + body - size
        elements = UnsafeMutableBufferPointer(
            start: (mapping + offset).bindMemory(to: Element.self, capacity: max(count, 1)), count: count)
        elements.initialize(repeating: fill)
    }

    deinit { munmap(mapping, mappingSize) }
}

/// Where the operands of one kernel call come from: random values beside unmapped pages.
struct OperandSource {
    var generator: SeededGenerator
    let edge: GuardedBuffer<Float>.Edge

    mutating func values(_ count: Int) -> GuardedBuffer<Float> {
        let buffer = GuardedBuffer<Float>(count: count, at: edge, fill: 0)
        for index in 0..<count { buffer.elements[index] = Float.random(in: -1...1, using: &generator) }
        return buffer
    }

    /// An output whose untouched elements stay NaN.
    func output(_ count: Int) -> GuardedBuffer<Float> {
        GuardedBuffer(count: count, at: edge, fill: .nan)
    }
}
