@testable import Camera

/// JPEGs one after the other, as a file or a pipe has them: found whole and in order, the same ones however they arrive.
struct SplitterTarget: FuzzTarget {
    static let name = "splitter"
    static let longest = 4096
    private static let limit = 1024

    func run(_ bytes: UnsafeRawBufferPointer) {
        let whole = images(in: bytes, arriving: bytes.count)
        // So many bytes at a time.
        let step = Int(bytes.last ?? 0) % 61 + 1
        guard images(in: bytes, arriving: step) == whole else { fatalError("other images in steps of \(step)") }
    }

    private func images(in bytes: UnsafeRawBufferPointer, arriving step: Int) -> [Range<Int>] {
        var splitter = JPEGSplitter(limit: Self.limit)
        var found: [Range<Int>] = []
        var arrived = 0
        // Each event takes the splitter on by a byte at least.
        var events = 2 * bytes.count + 2
        func take(_ event: JPEGSplitter.Event) {
            events -= 1
            guard events >= 0 else { fatalError("no progress") }
            guard case .image(let start, let end) = event else { return }
            guard start >= found.last?.upperBound ?? 0, start + 2 <= end, end <= arrived, end - start <= Self.limit,
                bytes[start] == 0xFF, bytes[start + 1] == 0xD8
            else { fatalError("no image at \(start)..<\(end)") }
            found.append(start..<end)
        }
        repeat {
            arrived = min(bytes.count, arrived + step)
            while true {
                let event = splitter.next(in: UnsafeRawBufferPointer(rebasing: bytes[..<arrived]))
                if event == .needsBytes { break }
                take(event)
            }
            guard splitter.firstNeeded >= 0 else { fatalError("bytes before the beginning") }
        } while arrived < bytes.count
        if let event = splitter.finish(in: bytes) { take(event) }
        return found
    }
}
