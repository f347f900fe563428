import TestSupport
import Testing
import Vision

@Suite struct JPEGTests {
    private let smooth = Pixels.smooth(width: 45, height: 30)

    @Test func aSmoothPictureSurvivesEncodingAndDecoding() throws {
        var decoder = JPEGDecoder()
        let (pixels, full) = try decoder.decode(try jpeg(smooth))
        #expect(full == smooth.size && pixels.size == smooth.size && decoder.warnings == 0)
        let worst = zip(pixels.bytes, smooth.bytes).map { abs(Int($0) - Int($1)) }.max()
        #expect(worst! <= 6)
    }

    @Test func decodesAtTheSmallestScaleThatIsLargeEnough() throws {
        let bytes = try jpeg(smooth)
        var decoder = JPEGDecoder()
        for (atLeast, expected) in [
            ((45, 30), (45, 30)), ((24, 15), (45, 30)), ((23, 16), (45, 30)), ((23, 15), (23, 15)),
            ((12, 8), (12, 8)), ((6, 4), (6, 4)), ((1, 1), (6, 4)), ((100, 100), (45, 30)),
        ] {
            let (pixels, full) = try decoder.decode(
                bytes, atLeast: PictureSize(width: atLeast.0, height: atLeast.1))
            #expect(full == smooth.size)
            #expect(pixels.size == PictureSize(width: expected.0, height: expected.1), "at least \(atLeast)")
        }
    }

    @Test func greyPicturesHaveThreeEqualChannels() throws {
        var decoder = JPEGDecoder()
        let (pixels, _) = try decoder.decode(try fixtureBytes("vision/grey-27x19.jpg"))
        #expect(pixels.size == PictureSize(width: 27, height: 19))
        var differing = 0
        for index in stride(from: 0, to: pixels.bytes.count, by: 3)
        where pixels.bytes[index] != pixels.bytes[index + 1] || pixels.bytes[index] != pixels.bytes[index + 2] {
            differing += 1
        }
        #expect(differing == 0 && Set(pixels.bytes).count > 50)
    }

    /// The planes' way gives what the decoded picture's way gives, apart from libjpeg's smoothing of chroma.
    @Test(arguments: [(45, 30), (22, 15), (11, 8), (64, 64)]) func planesAreTheSamePicture(size: (Int, Int)) throws {
        let target = PictureSize(width: size.0, height: size.1)
        var decoder = JPEGDecoder()
        var ingest = Ingest(format: InputFormat(size: target, channelOrder: .rgb, scale: 1), rule: .fast)
        var found = [UInt8](repeating: 0, count: target.width * target.height * 3)
        for bytes in [try jpeg(smooth), try fixtureBytes("vision/grey-27x19.jpg"), try fixtureBytes("jpeg/drawn-61x47.jpg")] {
            var planes = PlanarPicture(), picture = Picture()
            let full = try bytes.withUnsafeBytes { try decoder.decodePlanes($0, into: &planes, atLeast: target) }
            _ = try bytes.withUnsafeBytes { try decoder.decode($0, into: &picture, atLeast: target) }
            #expect(full != nil)
            found.withUnsafeMutableBufferPointer { ingest.fill($0, from: planes.view) }
            var expected = found
            expected.withUnsafeMutableBufferPointer { ingest.fill($0, from: picture) }
            let differences = zip(found, expected).map { Double(abs(Int($0) - Int($1))) }
            #expect(differences.reduce(0, +) / Double(differences.count) < 3)
        }
    }

    // MARK: - Orientation

    /// Where the stored picture's corners (top left, top right, bottom left, bottom right) are in the upright one, in
    /// the words of the EXIF standard: the 0th row is at ..., the 0th column at ...
    @Test(arguments: [
        (UInt8(1), "top", "left"), (2, "top", "right"), (3, "bottom", "right"), (4, "bottom", "left"),
        (5, "left", "top"), (6, "right", "top"), (7, "right", "bottom"), (8, "left", "bottom"),
    ]) func exifOrientationIsApplied(value: UInt8, firstRow: String, firstColumn: String) throws {
        for littleEndian in [true, false] {
            let bytes = withEXIF(try jpeg(smooth), orientation: value, littleEndian: littleEndian)
            var decoder = JPEGDecoder()
            let stored = try decoder.decode(try jpeg(smooth)).pixels
            let (upright, full) = try decoder.decode(bytes)
            let rowsAreColumns = firstRow == "left" || firstRow == "right"
            #expect(full.width == (rowsAreColumns ? 30 : 45) && upright.size == full)
            #expect(decoder.orientation.rawValue == value)
            for (x, y) in [(0, 0), (44, 0), (0, 29), (44, 29), (10, 3)] {
                // The stored row's distance from the side that the first row lies at, and the column's.
                var place = (x: 0, y: 0)
                for (side, distance) in [(firstRow, y), (firstColumn, x)] {
                    switch side {
                    case "left": place.x = distance
                    case "right": place.x = full.width - 1 - distance
                    case "top": place.y = distance
                    default: place.y = full.height - 1 - distance
                    }
                }
                #expect(upright[place.x, place.y] == stored[x, y])
            }
        }
    }

    @Test func scaledDecodingCountsInTheUprightPicture() throws {
        var decoder = JPEGDecoder()
        let bytes = withEXIF(try jpeg(smooth), orientation: 6, littleEndian: true)
        let (pixels, full) = try decoder.decode(bytes, atLeast: PictureSize(width: 15, height: 23))
        #expect(full == PictureSize(width: 30, height: 45) && pixels.size == PictureSize(width: 15, height: 23))
    }

    @Test func anOrientationThatMakesNoSenseIsLeftOut() throws {
        var decoder = JPEGDecoder()
        for value in [UInt8(0), 9, 255] {
            #expect(try decoder.decode(withEXIF(try jpeg(smooth), orientation: value)).full == smooth.size)
        }
    }

    // MARK: - What is refused

    @Test func everyCutIsNoticed() throws {
        var decoder = JPEGDecoder()
        for bytes in [try jpeg(smooth), try fixtureBytes("vision/progressive-rotated-32x24.jpg")] {
            _ = try decoder.decode(bytes)
            for count in 0..<bytes.count {
                #expect(throws: JPEGError.self) { try decoder.decode(Array(bytes[..<count])) }
            }
        }
        // A camera that gives up in mid-picture but writes an end marker.
        let bytes = try jpeg(Pixels(width: 60, height: 60, seed: 1))
        #expect(throws: JPEGError.truncated) { try decoder.decode(Array(bytes[..<(bytes.count / 2)]) + [0xFF, 0xD9]) }
    }

    @Test func refusesWhatItCannotShow() throws {
        var decoder = JPEGDecoder()
        #expect(throws: JPEGError.notJPEG) { try decoder.decode([]) }
        #expect(throws: JPEGError.notJPEG) { try decoder.decode(Array("GIF89a and more".utf8)) }
        #expect(throws: JPEGError.colourSpace(components: 4)) {
            try decoder.decode(try fixtureBytes("vision/cmyk-32x24.jpg"))
        }
        for (width, height) in [(16_385, 10), (10, 16_385), (16_384, 2049), (65_500, 65_500)] {
            let bytes = withSize(try jpeg(smooth), width, height)
            #expect(throws: JPEGError.tooLarge(PictureSize(width: width, height: height))) {
                try decoder.decode(bytes)
            }
        }
        // A decoder goes on after all that.
        #expect(try decoder.decode(try jpeg(smooth)).full == smooth.size)
    }

    @Test func aPictureOfEndlessScansIsStopped() throws {
        let bytes = try fixtureBytes("vision/progressive-rotated-32x24.jpg")
        // The first scan sets the coefficients anew however often it comes; it ends where the next segment begins.
        func marker(_ code: UInt8, after start: Int) -> Int {
            bytes.indices.first { $0 >= start && bytes[$0] == 0xFF && bytes[$0 + 1] == code }!
        }
        let start = marker(0xDA, after: 0)
        let end = min(marker(0xDA, after: start + 2), marker(0xC4, after: start + 2))
        func repeated(_ count: Int) -> [UInt8] {
            Array(bytes[..<start]) + (0..<count).flatMap { _ in bytes[start..<end] } + Array(bytes[end...])
        }
        var decoder = JPEGDecoder()
        #expect(throws: Never.self) { try decoder.decode(repeated(80)) }
        #expect(throws: JPEGError.tooManyScans) { try decoder.decode(repeated(200)) }
    }

    @Test func damageThatLibjpegDecodesAroundIsCounted() throws {
        let bytes = try jpeg(smooth)
        var decoder = JPEGDecoder()
        _ = try decoder.decode(Array(bytes.dropLast(2)) + [UInt8](repeating: 0x55, count: 9) + [0xFF, 0xD9])
        #expect(decoder.warnings == 1)
        _ = try decoder.decode(bytes)
        #expect(decoder.warnings == 1)
    }

    @Test func anEmptyPictureIsNotEncoded() {
        #expect(throws: JPEGError.tooLarge(PictureSize(width: 0, height: 0))) {
            try jpeg(Pixels(width: 0, height: 0, bytes: []))
        }
    }

    // MARK: - Surgery

    /// Puts an EXIF segment with one tag before and one after the orientation behind the start marker.
    private func withEXIF(_ jpeg: [UInt8], orientation: UInt8, littleEndian: Bool = true) -> [UInt8] {
        func short(_ value: Int) -> [UInt8] {
            let bytes = [UInt8(value & 255), UInt8(value >> 8)]
            return littleEndian ? bytes : bytes.reversed()
        }
        func long(_ value: Int) -> [UInt8] {
            littleEndian ? short(value) + short(0) : short(0) + short(value)
        }
        let tiff =
            Array(littleEndian ? "II".utf8 : "MM".utf8) + short(42) + long(8) + short(3)
            + short(0x0100) + short(4) + long(1) + long(45)
            + short(0x0112) + short(3) + long(1) + short(Int(orientation)) + short(0)
            + short(0x0128) + short(3) + long(1) + short(2) + short(0) + long(0)
        let payload = Array("Exif\0\0".utf8) + tiff
        let length = payload.count + 2
        return [0xFF, 0xD8, 0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + payload + jpeg[2...]
    }

    /// Writes another size into the frame header.
    private func withSize(_ jpeg: [UInt8], _ width: Int, _ height: Int) -> [UInt8] {
        var bytes = jpeg
        let frame = bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 }!
        let size = [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
        bytes.replaceSubrange(frame + 5..<frame + 9, with: size)
        return bytes
    }
}
