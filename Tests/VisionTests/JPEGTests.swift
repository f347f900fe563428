import CTestSupport
import Pixels
import TestSupport
import Testing
import Vision

@Suite struct JPEGTests {
    private let smooth = Pixels.smooth(width: 45, height: 30)

    @Test func aSmoothImageSurvivesEncodingAndDecoding() throws {
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
                bytes, atLeast: ImageSize(width: atLeast.0, height: atLeast.1))
            #expect(full == smooth.size)
            #expect(pixels.size == ImageSize(width: expected.0, height: expected.1), "at least \(atLeast)")
        }
    }

    @Test func greyImagesHaveThreeEqualChannels() throws {
        var decoder = JPEGDecoder()
        let (pixels, _) = try decoder.decode(try fixtureBytes("vision/grey-27x19.jpg"))
        #expect(pixels.size == ImageSize(width: 27, height: 19))
        var differing = 0
        for index in stride(from: 0, to: pixels.bytes.count, by: 3)
        where pixels.bytes[index] != pixels.bytes[index + 1] || pixels.bytes[index] != pixels.bytes[index + 2] {
            differing += 1
        }
        #expect(differing == 0 && Set(pixels.bytes).count > 50)
    }

    /// The planes' way gives what the decoded image's way gives, apart from libjpeg's smoothing of chroma.
    @Test(arguments: [(45, 30), (22, 15), (11, 8), (64, 64)]) func planesAreTheSameImage(size: (Int, Int)) throws {
        let target = ImageSize(width: size.0, height: size.1)
        var decoder = JPEGDecoder()
        var ingest = Ingest(format: InputFormat(size: target, channelOrder: .rgb, scale: 1), rule: .fast)
        var found = [UInt8](repeating: 0, count: target.width * target.height * 3)
        for bytes in [try jpeg(smooth), try fixtureBytes("vision/grey-27x19.jpg"), try fixtureBytes("jpeg/drawn-61x47.jpg")] {
            var planes = PlanarImage(), image = Image()
            let full = try bytes.withUnsafeBytes { try decoder.decodePlanes($0, into: &planes, atLeast: target) }
            _ = try bytes.withUnsafeBytes { try decoder.decode($0, into: &image, atLeast: target) }
            #expect(full != nil)
            found.withUnsafeMutableBufferPointer { ingest.fill($0, from: planes.view) }
            var expected = found
            expected.withUnsafeMutableBufferPointer { ingest.fill($0, from: image) }
            let differences = zip(found, expected).map { Double(abs(Int($0) - Int($1))) }
            #expect(differences.reduce(0, +) / Double(differences.count) < 3)
        }
    }

    // MARK: - Orientation

    /// Where the stored image's corners (top left, top right, bottom left, bottom right) are in the upright one, in
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

    @Test func scaledDecodingCountsInTheUprightImage() throws {
        var decoder = JPEGDecoder()
        let bytes = withEXIF(try jpeg(smooth), orientation: 6, littleEndian: true)
        let (pixels, full) = try decoder.decode(bytes, atLeast: ImageSize(width: 15, height: 23))
        #expect(full == ImageSize(width: 30, height: 45) && pixels.size == ImageSize(width: 15, height: 23))
    }

    @Test func anOrientationThatMakesNoSenseIsLeftOut() throws {
        var decoder = JPEGDecoder()
        for value in [UInt8(0), 9, 255] {
            #expect(try decoder.decode(withEXIF(try jpeg(smooth), orientation: value)).full == smooth.size)
        }
    }

    /// As Pillow reads it: whole numbers of two and four bytes, one of them.
    @Test(arguments: [true, false]) func theOrientationIsAWholeNumber(littleEndian: Bool) throws {
        var decoder = JPEGDecoder()
        for value in UInt8(1)...8 {
            for type in 1...12 {
                for count in [0, 1, 2] {
                    let bytes = withEXIF(
                        try jpeg(smooth), orientation: value, type: type, count: count, littleEndian: littleEndian)
                    _ = try decoder.decode(bytes)
                    let isRead = [3, 4, 8, 9].contains(type) && count == 1
                    #expect(decoder.orientation.rawValue == (isRead ? value : 1), "type \(type), \(count) of them")
                }
            }
        }
    }

    @Test func exifIsFoundBehindOtherSegmentsAndStrayBytes() throws {
        var decoder = JPEGDecoder()
        let turned = withEXIF(try jpeg(smooth), orientation: 6)
        let other: [UInt8] = [0xFF, 0xE1, 0, 8] + Array("http:/".utf8)
        for between in [other, [0], [0xFF, 0xFF], [0xFF, 0xFE, 0, 2]] {
            _ = try decoder.decode([0xFF, 0xD8] + between + turned[2...])
            #expect(decoder.orientation == .rightTop, "\(between)")
        }
        // The first one holds.
        _ = try decoder.decode(withEXIF(turned, orientation: 3))
        #expect(decoder.orientation == .bottomRight)
        _ = try decoder.decode(try jpeg(smooth))
        #expect(decoder.orientation == .upright)
    }

    // MARK: - What is rejected

    /// A cut image is rejected, unless all that it lost is of no pixel.
    @Test func everyCutIsNoticed() throws {
        var decoder = JPEGDecoder()
        let baseline = try jpeg(smooth)
        let progressive = try fixtureBytes("vision/progressive-rotated-32x24.jpg")
        for bytes in [baseline, progressive, made { $0.restart = 2 }, made { $0.has_separate_scans = 1 }] {
            let whole = try decoder.decode(bytes).pixels
            var used = 0
            for count in 0..<bytes.count {
                do throws(JPEGError) {
                    #expect(try decoder.decode(Array(bytes[..<count])).pixels == whole)
                    used += 1
                } catch {
                    #expect(used == 0 && (error == .truncated || count < 2))
                }
            }
            // Without the end marker, or half of it.
            #expect(used == 2)
        }
        // A camera that gives up in mid-picture but writes an end marker.
        let bytes = try jpeg(Pixels(width: 60, height: 60, seed: 1))
        #expect(throws: JPEGError.truncated) { try decoder.decode(Array(bytes[..<(bytes.count / 2)]) + [0xFF, 0xD9]) }
    }

    /// Each scan of a progressive image brings something that no other does.
    @Test(arguments: [1, 3]) func everyMissingScanIsNoticed(components: Int32) throws {
        let bytes = made {
            $0.is_progressive = 1
            $0.components = components
        }
        // A scan goes with the tables before it: all tables stay, so that nothing else is missing.
        var segments: [[UInt8]] = []
        var start = 2
        while start < bytes.count - 2 {
            var end = start + 2 + (Int(bytes[start + 2]) << 8 | Int(bytes[start + 3]))
            if bytes[start + 1] == 0xDA {
                while bytes[end] != 0xFF || bytes[end + 1] == 0 { end += 1 }
            }
            segments.append(Array(bytes[start..<end]))
            start = end
        }
        func joined(_ segments: [[UInt8]]) -> [UInt8] { [0xFF, 0xD8] + segments.flatMap { $0 } + [0xFF, 0xD9] }
        var decoder = JPEGDecoder()
        #expect(try decoder.decode(joined(segments)).pixels == decoder.decode(bytes).pixels)
        let scans = segments.indices.filter { segments[$0][1] == 0xDA }
        #expect(scans.count == (components == 1 ? 6 : 10))
        for scan in scans {
            var missing = segments
            missing.remove(at: scan)
            #expect(throws: JPEGError.truncated) { try decoder.decode(joined(missing)) }
            #expect(throws: JPEGError.truncated) { try decoder.decode(joined(Array(segments[..<scan]))) }
        }
    }

    /// Images of few bytes and many pixels take what the limit allows, or are rejected by it.
    @Test func memoryHasABound() throws {
        let small = made { $0.is_progressive = 1 }
        var decoder = JPEGDecoder(limits: JPEGLimits(memory: 1 << 20))
        let size = ImageSize(width: 1600, height: 1600)
        #expect(throws: JPEGError.tooMuchMemory(size)) {
            try decoder.decode(withSize(small, size.width, size.height, frame: 0xC2))
        }
        // At an eighth, its pixels have room, its coefficients have not.
        #expect(throws: JPEGError.tooMuchMemory(size)) {
            try decoder.decode(
                withSize(small, size.width, size.height, frame: 0xC2), atLeast: ImageSize(width: 200, height: 200))
        }
        #expect(throws: Never.self) { try decoder.decode(small) }
        // Bytes that libjpeg skips do not hide the size.
        let large = withSize(small, size.width, size.height, frame: 0xC2)
        let frame = large.indices.first { large[$0] == 0xFF && large[$0 + 1] == 0xC2 }!
        for junk in [[0], [10], [0xFF, 0xE0, 0, 1], [0xFF, 0], [UInt8](repeating: 0, count: 40_000)] {
            #expect(throws: JPEGError.tooMuchMemory(size)) {
                try decoder.decode(Array(large[..<frame]) + junk + large[frame...])
            }
        }
        // A camera's largest frame at full size, and any baseline one at the network's.
        var live = JPEGDecoder(limits: .live)
        let ultraHD = made { ($0.width, $0.height) = (3840, 2160) }
        #expect(try live.decode(ultraHD).pixels.size == ImageSize(width: 3840, height: 2160))
    }

    @Test func rejectsWhatItCannotShow() throws {
        var decoder = JPEGDecoder()
        #expect(throws: JPEGError.notJPEG(.empty)) { try decoder.decode([]) }
        #expect(throws: JPEGError.notJPEG(.gif)) { try decoder.decode(Array("GIF89a and more".utf8)) }
        #expect(throws: JPEGError.arithmetic) { try decoder.decode(made { $0.is_arithmetic = 1 }) }
        #expect(throws: JPEGError.colourSpace(components: 4)) {
            try decoder.decode(try fixtureBytes("vision/cmyk-32x24.jpg"))
        }
        let withoutHeight = withSize(try jpeg(smooth), 45, 0)
        #expect { try decoder.decode(withoutHeight) } throws: {
            if case .unsupported = $0 as? JPEGError { true } else { false }
        }
        for (width, height) in [(16_385, 10), (10, 16_385), (16_384, 2049), (65_500, 65_500)] {
            let bytes = withSize(try jpeg(smooth), width, height)
            #expect(throws: JPEGError.tooLarge(ImageSize(width: width, height: height))) {
                try decoder.decode(bytes)
            }
        }
        // A decoder continues after all that.
        #expect(try decoder.decode(try jpeg(smooth)).full == smooth.size)
    }

    @Test func anImageOfEndlessScansIsStopped() throws {
        let bytes = try fixtureBytes("vision/progressive-rotated-32x24.jpg")
        // The first scan sets the coefficients again however often it comes; it ends where the next segment begins.
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
        // A buffer's padding is none, with an end marker before it or without.
        for bytes in [bytes, Array(bytes.dropLast(2)), made { $0.is_progressive = 1 }] {
            let whole = try decoder.decode(bytes).pixels
            for count in [1, 2, 9, 4096] {
                #expect(try decoder.decode(bytes + [UInt8](repeating: 0, count: count)).pixels == whole)
            }
        }
        #expect(decoder.warnings == 1)
    }

    /// Without the right interval all is lost behind the first restart marker, or in most intervals a part: that is no
    /// image. One interval that is lost is damage.
    @Test func aWrongRestartIntervalMakesNoImage() throws {
        let bytes = made { ($0.width, $0.height, $0.restart) = (160, 128, 5) }
        let place = bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDD }!
        func with(interval: UInt8) -> [UInt8] { Array(bytes[..<(place + 5)]) + [interval] + bytes[(place + 6)...] }
        var decoder = JPEGDecoder()
        let whole = try decoder.decode(with(interval: 5)).pixels
        #expect(decoder.warnings == 0)
        for wrong in [UInt8(0), 1, 2, 4, 6, 10, 200] {
            #expect(throws: JPEGError.self, "\(wrong) instead of 5") { try decoder.decode(with(interval: wrong)) }
        }
        #expect(throws: JPEGError.self) { try decoder.decode(Array(bytes[..<place]) + bytes[(place + 6)...]) }
        // The data of the fourth interval, all but its first bytes.
        let restarts = bytes.indices.dropLast().filter { bytes[$0] == 0xFF && (0xD0...0xD7).contains(bytes[$0 + 1]) }
        let warnings = decoder.warnings
        let damaged = try decoder.decode(Array(bytes[..<(restarts[2] + 8)]) + bytes[restarts[3]...]).pixels
        #expect(damaged != whole && decoder.warnings == warnings + 1)
    }

    /// What came before an image is no part of it.
    @Test func anImageBeginsAtItsSOI() throws {
        let bytes = try jpeg(smooth)
        var decoder = JPEGDecoder()
        let whole = try decoder.decode(bytes).pixels
        let header = Array("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n".utf8)
        for junk in [[], [0xFF], [0], header, [0xFF, 0xD8], [0xFF, 0xD8, 0xFF, 0xD8], [0, 0xFF, 0xD8]] {
            #expect(try decoder.decode(junk + bytes).pixels == whole, "\(junk)")
            #expect(decoder.start == junk.count && decoder.warnings == 0)
        }
        #expect(throws: JPEGError.notJPEG(.unknown)) { try decoder.decode([UInt8](repeating: 0, count: 1025) + bytes) }
    }

    /// A camera's frame of another size than it was set to: libjpeg's warnings tell a damaged header from another size.
    @Test func aHeaderThatClaimsAnotherSizeIsNoticed() throws {
        for (across, down) in [(Int32(1), Int32(1)), (2, 1), (2, 2)] {
            let bytes = made {
                ($0.width, $0.height) = (160, 128)
                ($0.across, $0.down) = (across, down)
            }
            for (width, height) in [(80, 64), (160, 112), (144, 128), (64, 128), (8, 8)] {
                var decoder = JPEGDecoder()
                _ = try decoder.decode(withSize(bytes, width, height))
                #expect(decoder.warnings > 0, "\(width)x\(height)")
            }
            for (width, height) in [(320, 256), (160, 144), (192, 128)] {
                var decoder = JPEGDecoder()
                #expect(throws: JPEGError.truncated) { try decoder.decode(withSize(bytes, width, height)) }
            }
        }
    }

    @Test func anEmptyImageIsNotEncoded() {
        #expect(throws: JPEGError.tooLarge(ImageSize(width: 0, height: 0))) {
            try jpeg(Pixels(width: 0, height: 0, bytes: []))
        }
    }

    // MARK: - Surgery

    /// 45x30 pixels, 4:2:0.
    private func made(_ change: (inout ctest_jpeg) -> Void) -> [UInt8] {
        var options = ctest_jpeg()
        (options.width, options.height, options.components, options.across, options.down) = (45, 30, 3, 2, 2)
        (options.seed, options.quality) = (7, 80)
        change(&options)
        return [UInt8](unsafeUninitializedCapacity: 1 << 24) { buffer, count in
            withUnsafePointer(to: options) { count = ctest_make_jpeg($0, buffer.baseAddress!, 1 << 24) }
        }
    }

    /// Puts an EXIF segment with one tag before and one after the orientation behind the start marker.
    private func withEXIF(
        _ jpeg: [UInt8], orientation: UInt8, type: Int = 3, count: Int = 1, littleEndian: Bool = true
    ) -> [UInt8] {
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
            + short(0x0112) + short(type) + long(count)
            + (type == 4 || type == 9 ? long(Int(orientation)) : short(Int(orientation)) + short(0))
            + short(0x0128) + short(3) + long(1) + short(2) + short(0) + long(0)
        let payload = Array("Exif\0\0".utf8) + tiff
        let length = payload.count + 2
        return [0xFF, 0xD8, 0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + payload + jpeg[2...]
    }

    /// Writes another size into the frame header.
    private func withSize(_ jpeg: [UInt8], _ width: Int, _ height: Int, frame code: UInt8 = 0xC0) -> [UInt8] {
        var bytes = jpeg
        let frame = bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == code }!
        let size = [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
        bytes.replaceSubrange(frame + 5..<frame + 9, with: size)
        return bytes
    }
}
