import TestSupport

/// Makes images that have JPEG's structure, though no image: segments, embedded thumbnails, several scans, restarts,
/// stuffed zeros and fill bytes.
struct JPEGMaker {
    var random: SeededGenerator

    mutating func image(thumbnails: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = [0xFF, 0xD8]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            var payload = blob(0...40)
            // What a parser that looks for FF D9 alone would trip over.
            if thumbnails, Bool.random(using: &random) { payload += image(thumbnails: false) + blob(0...9) }
            bytes += segment([0xE0, 0xE1, 0xDB, 0xC4, 0xFE].randomElement(using: &random)!, payload)
        }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            bytes += segment(0xC4, blob(0...9))
            bytes += segment(0xDA, blob(1...6)) + entropy()
        }
        return bytes + fill() + [0xFF, 0xD9]
    }

    /// An image that ends inside its entropy-coded data.
    mutating func cutImage() -> [UInt8] {
        [0xFF, 0xD8] + segment(0xE0, blob(0...20)) + segment(0xDA, blob(1...6)) + entropy() + [0x12]
    }

    /// Bytes without an SOI.
    mutating func garbage(_ count: ClosedRange<Int> = 0...60) -> [UInt8] {
        blob(count).map { $0 == 0xD8 ? 0xD9 : $0 }
    }

    mutating func blob(_ count: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: count, using: &random)).map { _ in
            Int.random(in: 0..<4, using: &random) == 0 ? 0xFF : UInt8.random(in: 0...255, using: &random)
        }
    }

    private mutating func segment(_ code: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count + 2
        return fill() + [0xFF, code, UInt8(length >> 8), UInt8(length & 255)] + payload
    }

    private mutating func fill() -> [UInt8] {
        Int.random(in: 0..<5, using: &random) == 0 ? [0xFF, 0xFF] : []
    }

    private mutating func entropy() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes += [0xFF, 0x00]
            case 1: bytes += [0xFF, UInt8.random(in: 0xD0...0xD7, using: &random)]
            default: bytes.append(UInt8.random(in: 0...0xFE, using: &random))
            }
        }
        return bytes
    }
}
