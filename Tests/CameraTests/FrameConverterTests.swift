import CTestSupport
import CV4L
import Glibc
import Testing

@testable import Camera

/// What libv4l makes of a camera that delivers a Bayer pattern alone.
@Suite struct FrameConverterTests {
    private let descriptor = open("/dev/null", O_RDONLY)

    private func converter() throws -> FrameConverter {
        let converter = FrameConverter(descriptor: descriptor, replacement: ctest_bayer_device)
        return try #require(converter)
    }

    @Test func findsTheFormatToConvertFrom() throws {
        let mode = try #require(try converter().mode(width: 320, height: 320))
        #expect(mode.isConverted && mode.format == .yuv420 && (mode.width, mode.height) == (64, 48))
        // "GRBG".
        #expect(mode.fourcc == 0x4742_5247)
        close(descriptor)
    }

    /// One colour everywhere: BT.601 says what Y, Cb and Cr are.
    @Test func convertsColours() throws {
        let converter = try converter()
        try converter.prepare(source)
        let (red, green, blue) = (200.0, 100.0, 50.0)
        var frame = [UInt8](repeating: UInt8(green), count: 64 * 48)
        for y in 0..<48 {
            for x in 0..<64 where x % 2 != y % 2 { frame[y * 64 + x] = UInt8(y % 2 == 0 ? red : blue) }
        }
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue
        let expected = [
            16 + luma * 219 / 255, 128 + (blue - luma) / 1.772 * 224 / 255, 128 + (red - luma) / 1.402 * 224 / 255,
        ]
        let planes = try frame.withUnsafeBytes { Array(try converter.convert($0).get()) }
        #expect(planes.count == 64 * 48 * 3 / 2)
        for (start, count, value) in [(0, 3072, expected[0]), (3072, 768, expected[1]), (3840, 768, expected[2])] {
            // At the image's edges neighbours are missing.
            let width = count == 3072 ? 64 : 32
            for y in 2..<count / width - 2 {
                for x in 2..<width - 2 { #expect(abs(Double(planes[start + y * width + x]) - value) <= 2) }
            }
        }
        close(descriptor)
    }

    @Test func rejectsWhatIsNoFrame() throws {
        let converter = try converter()
        try converter.prepare(source)
        for count in [0, 1, 64 * 48 - 1] {
            let frame = [UInt8](repeating: 9, count: count)
            #expect(throws: BadCapture.self) { try frame.withUnsafeBytes { try converter.convert($0).get() } }
        }
        #expect(FrameConverter(descriptor: descriptor) == nil, "/dev/null is no camera")
        close(descriptor)
    }

    /// Rows that are shorter than their pixels led libv4l out of its memory, and a short frame of some formats too.
    @Test func aDriverIsNotToBeTrusted() throws {
        // RGBP, YVYU, S508, S501, GRBG.
        for fourcc in [0x5042_4752, 0x5559_5659, 0x3830_3553, 0x3130_3553, 0x4742_5247] as [UInt32] {
            for rowBytes in [0, 1, 16, 64, 128, 256] as [UInt32] {
                let converter = try converter()
                try converter.prepare(
                    cv4l_format(fourcc: fourcc, width: 64, height: 48, row_bytes: rowBytes, byte_count: 64 * 48))
                for count in [1, 64, 64 * 48, 2 * 64 * 48] {
                    let memory = try #require(ctest_map_guarded(count, 1))
                    defer { ctest_unmap_guarded(memory, count, 1) }
                    _ = converter.convert(UnsafeRawBufferPointer(start: memory, count: count))
                }
            }
            #expect(throws: CameraError.badBuffers) {
                try converter().prepare(
                    cv4l_format(fourcc: fourcc, width: 64, height: 48, row_bytes: 5000, byte_count: 64 * 48))
            }
        }
        close(descriptor)
    }

    /// Damaged data of these led libv4l out of its memory: S561, S910, M310, 905C, JPGL; and NV16.
    @Test func compressedFramesOfOldWebcamsAreNotConverted() throws {
        for fourcc in [0x3136_3553, 0x3031_3953, 0x3031_334D, 0x4335_3039, 0x4C47_504A, 0x3631_564E] as [UInt32] {
            #expect(throws: CameraError.noFormat) {
                try converter().prepare(
                    cv4l_format(fourcc: fourcc, width: 64, height: 48, row_bytes: 64, byte_count: 64 * 48))
            }
        }
        close(descriptor)
    }

    /// What a short frame lacks is never the frame before.
    @Test func nothingIsLeftOfTheFrameBefore() throws {
        let short = [UInt8](repeating: 7, count: 100)
        // S508.
        let format = cv4l_format(fourcc: 0x3830_3553, width: 64, height: 48, row_bytes: 64, byte_count: 64 * 48)
        let fresh = try converter(), used = try converter()
        try fresh.prepare(format)
        try used.prepare(format)
        _ = [UInt8](repeating: 200, count: 64 * 72).withUnsafeBytes { used.convert($0) }
        let expected = short.withUnsafeBytes { try? Array(fresh.convert($0).get()) }
        #expect(short.withUnsafeBytes { try? Array(used.convert($0).get()) } == expected)
        close(descriptor)
    }

    private var source: cv4l_format {
        cv4l_format(fourcc: 0x4742_5247, width: 64, height: 48, row_bytes: 64, byte_count: 64 * 48)
    }
}
