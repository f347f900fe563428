import Pixels
import TestSupport
import Testing
import Vision

/// Damaged JPEGs: every one is decoded or rejected, within bounds of memory and time. Run under AddressSanitizer too.
@Suite struct JPEGMutationTests {
    private static let mutationsPerBatch = 500

    @Test(arguments: 0..<6) func damagedImagesAreDecodedOrRejected(batch: Int) throws {
        let originals = [
            try jpeg(.smooth(width: 40, height: 27)), try jpeg(Pixels(width: 24, height: 24, seed: 5), quality: 40),
            try fixtureBytes("vision/progressive-rotated-32x24.jpg"), try fixtureBytes("vision/grey-27x19.jpg"),
            try fixtureBytes("jpeg/drawn-61x47.jpg"),
        ]
        let limits = JPEGLimits(side: 4096, pixels: 1 << 20, memory: 64 << 20)
        var decoder = JPEGDecoder(limits: limits)
        let mutator = Mutator(seed: 0x4A50_4547)
        var decoded = 0
        var rejected = 0
        for index in batch * Self.mutationsPerBatch..<(batch + 1) * Self.mutationsPerBatch {
            let bytes = mutator.mutation(index, of: originals[index % originals.count], donors: originals)
            let atLeast = index % 3 == 0 ? ImageSize(width: 10, height: 10) : nil
            do {
                let (pixels, full) = try decoder.decode(bytes, atLeast: atLeast)
                #expect(full.width * full.height <= limits.pixels)
                #expect(pixels.width <= full.width && pixels.height <= full.height && pixels.width > 0)
                decoded += 1
            } catch {
                rejected += 1
            }
        }
        // Both ways are gone: mutations that all fail at the first byte would test nothing.
        #expect(decoded > Self.mutationsPerBatch / 20 && rejected > Self.mutationsPerBatch / 20)
        #expect(throws: Never.self) { try decoder.decode(originals[0]) }
    }

    /// The EXIF parser by itself, which sees few of the mutations above: the segment is a small part of a file.
    @Test func damagedEXIFIsReadWithinItsBounds() throws {
        let original = try fixtureBytes("vision/progressive-rotated-32x24.jpg")
        let name = Array("Exif\0\0".utf8)
        let start = try #require(original.indices.first { original[$0...].starts(with: name) }) + name.count
        let head = Array(original[start..<start + 60])
        #expect(head.withUnsafeBytes { Orientation(exif: $0) } == .rightTop)
        let mutator = Mutator(seed: 0x4558_4946)
        var turned = 0
        for index in 0..<2000 {
            // A copy of exactly the bytes' size, so that AddressSanitizer sees a read past them.
            let bytes = mutator.mutation(index, of: head)
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: bytes)
            if Orientation(exif: UnsafeRawBufferPointer(copy)) != .upright { turned += 1 }
        }
        #expect(turned > 100 && turned < 1900)
    }
}
