import TestSupport
import Testing

@testable import Camera

/// Damaged sequences of JPEGs: the splitter goes forward through them and stays within its bytes. AddressSanitizer sees
/// a read past the end, because every sequence is a heap block of exactly its size.
@Suite struct MJPEGMutationTests {
    private static let limit = 300

    @Test(arguments: 0..<4) func damagedSequencesAreSplitWithinTheirBounds(batch: Int) {
        let mutator = Mutator(seed: 0x4D4A_5047)
        var images = 0
        var faults = 0
        for index in batch * 1_000..<(batch + 1) * 1_000 {
            let bytes = mutator.mutation(index, of: Self.sequence(UInt64(index % 40)))
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { block.deallocate() }
            block.copyBytes(from: bytes)
            let ranges = Self.split(UnsafeRawBufferPointer(block), &faults, "index \(index)")
            images += ranges.count
        }
        #expect(images > 2_000 && faults > 500)
    }

    /// The same bytes, a few at a time in a block of exactly what has arrived, give the same images.
    @Test func arrivalChangesNothing() {
        let mutator = Mutator(seed: 0x5049_4543)
        for index in 0..<400 {
            let bytes = mutator.mutation(index, of: Self.sequence(UInt64(index % 40)))
            var faults = (whole: 0, pieces: 0)
            let whole = bytes.withUnsafeBytes { Self.split($0, &faults.whole, "index \(index)") }
            var splitter = JPEGSplitter(limit: Self.limit)
            var pieces: [Range<Int>] = []
            // Where the block begins in the sequence.
            var offset = 0
            var arrived = 0
            while arrived < bytes.count {
                arrived = min(bytes.count, arrived + 1 + (index + arrived) % 17)
                let block = UnsafeMutableRawBufferPointer.allocate(byteCount: arrived - offset, alignment: 1)
                defer { block.deallocate() }
                block.copyBytes(from: bytes[offset..<arrived])
                drain: while true {
                    switch splitter.next(in: UnsafeRawBufferPointer(block)) {
                    case .needsBytes: break drain
                    case .image(let start, let end): pieces.append(offset + start..<offset + end)
                    case .bad: faults.pieces += 1
                    }
                }
                let needed = min(splitter.firstNeeded, block.count)
                #expect(needed >= 0)
                #expect(block.count - needed <= Self.limit + JPEGSplitter.lookahead + 17, "index \(index)")
                splitter.discarded(needed)
                offset += needed
            }
            switch Array(bytes[offset...]).withUnsafeBytes({ splitter.finish(in: $0) }) {
            case .image(let start, let end): pieces.append(offset + start..<offset + end)
            case .bad: faults.pieces += 1
            case .needsBytes, nil: break
            }
            #expect(pieces == whole && faults.pieces == faults.whole, "index \(index)")
        }
    }

    /// The way from a file: reading, moving and growing of the buffer included.
    @Test func damagedFilesAreReadToTheirEnd() throws {
        let directory = try TemporaryDirectory()
        let mutator = Mutator(seed: 0x4649_4C45)
        for index in 0..<300 {
            let bytes = mutator.mutation(index, of: Self.sequence(UInt64(index % 40)))
            let path = try directory.write("sequence.mjpeg", bytes)
            let source = try FileSource(
                path: path, repeats: false, interrupt: -1, imageLimit: Self.limit, chunk: 1 + index % 90)
            var faults = 0
            let expected = bytes.withUnsafeBytes { Self.split($0, &faults, "index \(index)") }
            #expect(try source.all().compactMap(\.image) == expected.map { Array(bytes[$0]) }, "index \(index)")
        }
    }

    /// Some images, whole and cut, with other bytes between; a few longer than the limit.
    private static func sequence(_ seed: UInt64) -> [UInt8] {
        var maker = JPEGMaker(random: SeededGenerator(seed: seed))
        return (0..<4).flatMap { _ in maker.image() + maker.garbage(0...9) } + maker.cutImage() + maker.image()
    }

    /// The images' places. Each event must bring the splitter to its end in bounded time.
    private static func split(
        _ bytes: UnsafeRawBufferPointer, _ faults: inout Int, _ origin: String
    ) -> [Range<Int>] {
        var splitter = JPEGSplitter(limit: limit)
        var ranges: [Range<Int>] = []
        for _ in 0...2 * bytes.count {
            var event = splitter.next(in: bytes)
            let isLast = event == .needsBytes
            if isLast { event = splitter.finish(in: bytes) ?? .needsBytes }
            switch event {
            case .needsBytes: break
            case .bad: faults += 1
            case .image(let start, let end):
                let isSound =
                    start >= ranges.last?.upperBound ?? 0 && end > start && end <= bytes.count && end - start <= limit
                #expect(isSound, "\(origin): \(start)..<\(end) of \(bytes.count)")
                guard isSound else { return ranges }
                #expect(bytes[start] == 0xFF && bytes[start + 1] == 0xD8, "\(origin)")
                ranges.append(start..<end)
            }
            if isLast { return ranges }
        }
        Issue.record("\(origin): no progress")
        return ranges
    }
}
