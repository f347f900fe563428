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
        converter.prepare(source)
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
            // At the picture's edges neighbours are missing.
            let width = count == 3072 ? 64 : 32
            for y in 2..<count / width - 2 {
                for x in 2..<width - 2 { #expect(abs(Double(planes[start + y * width + x]) - value) <= 2) }
            }
        }
        close(descriptor)
    }

    @Test func refusesWhatIsNoFrame() throws {
        let converter = try converter()
        converter.prepare(source)
        for count in [0, 1, 64 * 48 - 1] {
            let frame = [UInt8](repeating: 9, count: count)
            #expect(throws: BadCapture.self) { try frame.withUnsafeBytes { try converter.convert($0).get() } }
        }
        #expect(FrameConverter(descriptor: descriptor) == nil, "/dev/null is no camera")
        close(descriptor)
    }

    private var source: cv4l_format {
        cv4l_format(fourcc: 0x4742_5247, width: 64, height: 48, row_bytes: 64, byte_count: 64 * 48)
    }
}
