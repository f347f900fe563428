/// Names for annotated images in one directory, no two alike: an image's own name, a sequence's with the place in it,
/// and a number behind it where that is taken. It remembers images and sequences, not a sequence's frames, of which
/// there may be any number.
struct AnnotatedNames {
    private var images: Set<[UInt8]> = []
    /// Each stands for all names that are it, a dash and a number.
    private var sequences: [[UInt8]] = []
    private var isInSequence = false

    mutating func beginSource() { isInSequence = false }

    /// Without an extension.
    mutating func name(for name: ImageName) -> [UInt8] {
        guard let frame = name.frame else {
            let image = Self.numbered(Self.stem(name.path)) { images.contains($0) || isInASequence($0) }
            images.insert(image)
            return image
        }
        if !isInSequence {
            isInSequence = true
            let stem = name.path == [UInt8(ascii: "-")] ? bytes("stdin") : Self.stem(name.path)
            sequences.append(
                Self.numbered(stem) { candidate in
                    sequences.contains(candidate) || images.contains { Self.isFrame($0, of: candidate) }
                })
        }
        return sequences[sequences.count - 1] + bytes("-") + Array("\(frame)".utf8)
    }

    private func isInASequence(_ name: [UInt8]) -> Bool { sequences.contains { Self.isFrame(name, of: $0) } }

    private static func isFrame(_ name: [UInt8], of sequence: [UInt8]) -> Bool {
        name.count > sequence.count + 1 && name.starts(with: sequence + bytes("-"))
            && name[(sequence.count + 1)...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func stem(_ path: [UInt8]) -> [UInt8] {
        let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        var stem = Array(path[start...])
        if let dot = stem.lastIndex(of: UInt8(ascii: ".")), dot > 0 { stem.removeSubrange(dot...) }
        return stem
    }

    private static func numbered(_ stem: [UInt8], isTaken: ([UInt8]) -> Bool) -> [UInt8] {
        var unique = stem
        var number = 2
        while isTaken(unique) {
            unique = stem + Array("-\(number)".utf8)
            number += 1
        }
        return unique
    }
}
