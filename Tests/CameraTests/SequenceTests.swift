import Files
import Foundation
import TestSupport
import Testing

@testable import Camera

@Suite struct SequenceTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func events(of bytes: [UInt8], limit: Int = 1 << 20, chunk: Int) throws -> [Seen] {
        let path = try directory.write("sequence.mjpeg", bytes)
        return try FileSource(path: path, repeats: false, interrupt: -1, imageLimit: limit, chunk: chunk).all()
    }

    /// What goes into a stream must come out of it, whatever lies between and however it arrives.
    @Test func imagesComeOutByteForByte() throws {
        for seed in 0..<400 {
            var maker = JPEGMaker(random: SeededGenerator(seed: UInt64(seed)))
            var stream: [UInt8] = maker.garbage()
            var expected: [Seen] = []
            let pieces = Int.random(in: 1...8, using: &maker.random)
            for index in 0..<pieces {
                if Int.random(in: 0..<4, using: &maker.random) == 0 {
                    // Only an SOI or the end tells where it ends, hence no garbage after it. Whether anything but its end
                    // marker is missing is the decoder's business.
                    let image = maker.cutImage()
                    stream += image
                    expected.append(.frame(image, name: "\(index)", sequence: UInt64(index)))
                } else {
                    let image = maker.image()
                    stream += image
                    expected.append(.frame(image, name: "\(index)", sequence: UInt64(index)))
                    stream += maker.garbage()
                }
            }
            let chunk = Int.random(in: 1...100, using: &maker.random)
            let seen = try events(of: stream, chunk: chunk)
            #expect(seen == expected, "seed \(seed), chunk \(chunk)")
        }
    }

    /// Broken bytes give some images and some faults, the same for every way of arriving.
    @Test func brokenStreamsReadTheSameInAnyPieces() throws {
        var images = 0
        var faults = 0
        for seed in 0..<300 {
            var maker = JPEGMaker(random: SeededGenerator(seed: UInt64(seed) << 32))
            var stream: [UInt8] = []
            for _ in 0..<6 { stream += maker.image() + maker.garbage(0...8) }
            for _ in 0..<Int.random(in: 1...12, using: &maker.random) {
                stream[Int.random(in: 0..<stream.count, using: &maker.random)] =
                    [0xFF, 0xD8, 0xD9, 0xDA, 0x00, 0xE1].randomElement(using: &maker.random)!
            }
            let limit = Int.random(in: 60...600, using: &maker.random)
            let whole = try events(of: stream, limit: limit, chunk: 1 << 16)
            for chunk in [1, 7, Int.random(in: 2...200, using: &maker.random)] {
                let seen = try events(of: stream, limit: limit, chunk: chunk)
                #expect(seen == whole, "seed \(seed), chunk \(chunk), limit \(limit)")
            }
            for event in whole {
                guard let image = event.image else {
                    faults += 1
                    continue
                }
                images += 1
                #expect(image.count <= limit && image.starts(with: [0xFF, 0xD8]))
            }
        }
        #expect(images > 500 && faults > 500)
    }

    @Test func largeImageIsLeftOutAndTheNextOneFound() throws {
        var maker = JPEGMaker(random: SeededGenerator(seed: 7))
        let small = maker.image(thumbnails: false)
        let large: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2] + [UInt8](repeating: 1, count: 1500) + [0xFF, 0xD9]
        let seen = try events(of: large + small, limit: 1000, chunk: 64)
        #expect(seen == [.bad(.tooLarge(limit: 1000), name: "0"), .frame(small, name: "1", sequence: 1)])
    }

    @Test func endlessGarbageIsReportedAndBounded() throws {
        var maker = JPEGMaker(random: SeededGenerator(seed: 8))
        let image = maker.image()
        let seen = try events(of: [UInt8](repeating: 0x55, count: 3500) + image, limit: 1000, chunk: 64)
        let bad = Seen.bad(.noImage(bytes: 1000), name: "0")
        #expect(seen == [bad, bad, bad, .frame(image, name: "0", sequence: 0)])
    }

    /// However it arrives, the first bytes tell what a file without images is.
    @Test func whatHoldsNoImageIsNamed() throws {
        // What is compressed in other images may look like one of ours.
        let data = [0xFF, 0xD8, 0xFF, 0xDB, 0xFF] + [UInt8](repeating: 7, count: 90)
        for (bytes, kind) in [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + data, FileKind.png), (Array("GIF89a".utf8) + data, .gif),
            (Array("RIFF....WEBPVP8 ".utf8) + data, .webP), (Array("GGUF".utf8) + data, .gguf),
            (Array("%PDF-1.7".utf8) + data, .pdf), (Array("PK\u{3}\u{4}".utf8) + data, .archive),
            ([UInt8](repeating: 0, count: 9000), .unknown), ([], .empty), (Array("words".utf8), .text),
            ([0x1A, 0x45, 0xDF, 0xA3] + [UInt8](repeating: 0, count: 9000), .matroska),
        ] {
            for chunk in [1, 64, 1 << 16] {
                #expect(throws: CameraError.noImages(kind)) { try events(of: bytes, limit: 1000, chunk: chunk) }
            }
        }
    }

    @Test func anImageEndsWithoutItsEndMarkerToo() throws {
        var maker = JPEGMaker(random: SeededGenerator(seed: 3))
        let image = maker.image()
        for count in [1, 2] {
            let without = Array(image.dropLast(count))
            let seen = try events(of: without + image + without, chunk: 16)
            #expect(
                seen == [
                    .frame(without, name: "0", sequence: 0), .frame(image, name: "1", sequence: 1),
                    .frame(without, name: "2", sequence: 2),
                ])
        }
        // Without a scan there is nothing to decode.
        let header: [UInt8] = [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, 1, 2]
        #expect(
            try events(of: header + image + header, chunk: 16) == [
                .bad(.truncated, name: "0"), .frame(image, name: "1", sequence: 1), .bad(.truncated, name: "2"),
            ])
    }

    /// Bytes that are no markers, and an SOI among them, wherever markers are looked for.
    @Test func strayBytesBelongToTheirImage() throws {
        let parts: [[UInt8]] = [
            [0xFF, 0xD8], [0xFF, 0xE0, 0, 4, 1, 2], [0xFF, 0xDB, 0, 3, 9], [0xFF, 0xDA, 0, 2, 7, 7], [0xFF, 0xD9],
        ]
        let whole = Array(parts.joined())
        for stray in [[0], [0x55, 0xAA], [0xFF, 0x00], [0xFF, 0x00, 0xFF], [UInt8](repeating: 3, count: 15)] {
            for place in 1...3 {
                var junk = parts
                junk.insert(stray, at: place)
                let image = Array(junk.joined())
                let seen = try events(of: [9, 9] + image + whole, chunk: 5)
                #expect(seen == [.frame(image, name: "0", sequence: 0), .frame(whole, name: "1", sequence: 1)])
            }
        }
        let twice = try events(of: whole + [0xFF, 0xD8] + whole + [0xFF, 0xD8, 0xFF, 0xD8] + whole, chunk: 5)
        #expect(twice == (0..<3).map { .frame(whole, name: "\($0)", sequence: UInt64($0)) })
        let seen = try events(of: Array(parts[..<3].joined()) + [5] + whole, chunk: 5)
        #expect(seen == [.bad(.truncated, name: "0"), .frame(whole, name: "1", sequence: 1)])
    }

    @Test func repeatedSequenceCountsOn() throws {
        var maker = JPEGMaker(random: SeededGenerator(seed: 4))
        let (first, second) = (maker.image(), maker.image())
        let path = try directory.write("sequence.mjpeg", first + second)
        let source = try FileSource(path: path, repeats: true, interrupt: -1)
        #expect(source.kind == .sequence)
        let seen = try (0..<5).map { _ in Seen(try source.next()) }
        #expect(
            seen == [
                .frame(first, name: "0", sequence: 0), .frame(second, name: "1", sequence: 1), .passEnded,
                .frame(first, name: "0", sequence: 2), .frame(second, name: "1", sequence: 3),
            ])
    }

    /// Late callers must see that an image has waited, else its line would call it fresh.
    @Test func imageOfAStreamIsCapturedWhenItsLastByteHasCome() throws {
        let path = directory.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let source = try FileSource(path: path, repeats: false, interrupt: -1)
        let writer = open(path, O_WRONLY)
        defer { close(writer) }
        var maker = JPEGMaker(random: SeededGenerator(seed: 6))
        let sent = maker.image() + maker.image()
        #expect(write(writer, sent, sent.count) == sent.count)
        var times: [UInt64] = []
        for _ in 0..<2 {
            guard case .frame(let frame) = try source.next() else { return #expect(Bool(false), "no image") }
            times.append(frame.times.monotonic)
            usleep(2000)
        }
        #expect(times[0] == times[1])
    }

    @Test func fifoIsAStreamThatCanBeInterrupted() throws {
        let path = directory.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        #expect(throws: CameraError.cannotRepeatStream) {
            try FileSource(path: path, repeats: true, interrupt: -1)
        }
        let source = try FileSource(path: path, repeats: false, interrupt: ends[0])
        let writer = open(path, O_WRONLY)
        defer { close(writer) }
        var maker = JPEGMaker(random: SeededGenerator(seed: 5))
        let image = maker.image()
        let sent = Array(image + image.prefix(9))
        #expect(write(writer, sent, sent.count) == sent.count)
        #expect(Seen(try source.next()) == .frame(image, name: "0", sequence: 0))
        // The second image is incomplete: only the other thread ends this wait.
        let stop = ends[1]
        Thread.detachNewThread { [stop] in
            usleep(20_000)
            var byte: UInt8 = 1
            write(stop, &byte, 1)
        }
        #expect(Seen(try source.next()) == .interrupted)
    }
}
