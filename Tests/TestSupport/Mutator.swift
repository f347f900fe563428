/// Damages bytes in the ways that break parsers. The mutation with a given seed and index is always the same one, so
/// a failure is reproduced from these two numbers.
public struct Mutator: Sendable {
    public let seed: UInt64

    public init(seed: UInt64) { self.seed = seed }

    /// One to four random edits of `original`; `donors` are other files that splices take bytes from.
    public func mutation(_ index: Int, of original: [UInt8], donors: [[UInt8]] = []) -> [UInt8] {
        var generator = SeededGenerator(seed: seed ^ (UInt64(truncatingIfNeeded: index) &* 0xD1B5_4A32_D192_ED03))
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            Self.edit(&bytes, donors.isEmpty ? [original] : donors, &generator)
        }
        return bytes
    }

    private static func edit(_ bytes: inout [UInt8], _ donors: [[UInt8]], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else {
            bytes = [UInt8.random(in: 0...255, using: &generator)]
            return
        }
        let position = Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, position + Int.random(in: 1...32, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes.removeSubrange(position..<end)
        case 3: bytes.removeSubrange(position...)
        case 4: bytes.insert(contentsOf: bytes[position..<end], at: position)
        case 5:
            let inserted = (position..<end).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes.insert(contentsOf: inserted, at: position)
        case 6: splice(&bytes, at: position, donors, &generator)
        default: overwrite(&bytes, at: position, &generator)
        }
    }

    /// Replaces bytes by as many from anywhere in a donor.
    private static func splice(
        _ bytes: inout [UInt8], at position: Int, _ donors: [[UInt8]], _ generator: inout SeededGenerator
    ) {
        guard let donor = donors.randomElement(using: &generator), !donor.isEmpty else { return }
        let start = Int.random(in: 0..<donor.count, using: &generator)
        let count = min(Int.random(in: 1...64, using: &generator), donor.count - start, bytes.count - position)
        bytes.replaceSubrange(position..<position + count, with: donor[start..<start + count])
    }

    /// Writes a boundary value in 1, 2, 4 or 8 bytes, of either byte order.
    private static func overwrite(
        _ bytes: inout [UInt8], at position: Int, _ generator: inout SeededGenerator
    ) {
        let width = [1, 2, 4, 8].randomElement(using: &generator)!
        let top = UInt64(1) << (UInt64(width) * 8 - 1)
        let value = [0, 1, 0x7F, 0x80, 0xFF, top &- 1, top, top &+ 1, .max, .max - 1, UInt64(bytes.count)]
            .randomElement(using: &generator)!
        let swapped = Bool.random(using: &generator)
        for index in 0..<width where position + index < bytes.count {
            let shift = UInt64(swapped ? width - 1 - index : index) * 8
            bytes[position + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }
}
