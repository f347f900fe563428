/// A map in the arena, of the program's elements or, where predictions are written in int8, of halves.
struct Map {
    /// The first row; valid as long as the arena.
    var pointer: UnsafeMutableRawPointer
    /// [height, width, channels]; a row is one pixel's channels.
    var shape: MapShape
    /// The distance between rows in elements.
    var stride: Int
    var elementByteCount: Int

    func row(_ row: Int) -> UnsafeMutableRawPointer { pointer + row * stride * elementByteCount }

    func bytes(_ row: Int) -> UnsafeMutablePointer<Int8> { pointer.assumingMemoryBound(to: Int8.self) + row * stride }
    func halves(_ row: Int) -> UnsafeMutablePointer<UInt16> { pointer.assumingMemoryBound(to: UInt16.self) + row * stride }
    func floats(_ row: Int) -> UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) + row * stride }
    var pixels: UnsafeMutablePointer<UInt8> { pointer.assumingMemoryBound(to: UInt8.self) }
}

/// Gain and shift of a normalisation, by channel.
typealias GainAndShift = (gain: UnsafePointer<Float>, shift: UnsafePointer<Float>)

/// One prepared call: computes one part of its output. Every pointer and size is known, so that running it decides
/// nothing. Parts write different rows and may run at the same time; what they write does not depend on how many there
/// are.
typealias Step = (Part) -> Void

/// One of equal parts of a step.
struct Part {
    /// 0..<`count`.
    let index: Int
    let count: Int
    /// Working memory of this part, of a step that asked for it.
    let scratch: UnsafeMutableRawPointer?

    /// What this part computes of `total` rows, in whole units but for the last part.
    func slice(_ total: Int, unit: Int = 1) -> Range<Int> {
        let units = (total + unit - 1) / unit
        return min(units * index / count * unit, total)..<min(units * (index + 1) / count * unit, total)
    }

    /// The same in rows that kernels take at a time. All operations that work row by row split alike.
    func tiles(_ total: Int) -> Range<Int> { slice(total, unit: Self.tileRows) }

    /// Rows that GEMM kernels of int8 and fp16 take at a time.
    static var tileRows: Int { 8 }

    func scratch<Element>(of type: Element.Type) -> UnsafeMutablePointer<Element> {
        scratch!.assumingMemoryBound(to: type)
    }
}

/// The steps of one run, in order.
struct Schedule {
    private struct Entry {
        let step: Step
        let scratch: (start: UnsafeMutableRawPointer, byteCount: Int)?
        /// Whether all parts must be complete before any continues.
        let barrierAfter: Bool
    }

    private var entries: [Entry] = []

    init(capacity: Int) { entries.reserveCapacity(capacity) }

    var count: Int { entries.count }

    /// `scratch` is the memory of all parts, and the bytes that each has of it.
    mutating func append(
        _ step: @escaping Step, scratch: (start: UnsafeMutableRawPointer, byteCount: Int)?, barrierAfter: Bool
    ) {
        entries.append(Entry(step: step, scratch: scratch, barrierAfter: barrierAfter))
    }

    func run(_ index: Int, part: Int, of parts: Int) {
        let entry = entries[index]
        entry.step(Part(index: part, count: parts, scratch: entry.scratch.map { $0.start + part * $0.byteCount }))
    }

    func hasBarrier(after index: Int) -> Bool { entries[index].barrierAfter }
}
