import CTestSupport
import CV4L
import Glibc

@testable import Camera

/// Frames that libv4l converts, of every format that is let through to it. libv4l is Debian's, without a sanitizer: pages
/// that cannot be read lie behind the frame that came, and the converter's own memory ends where its mapping does.
struct ConverterTarget: FuzzTarget {
    static let name = "converter"
    static let longest = 16 << 10

    private static let formats: [StaticString] = [
        "BA81", "GBRG", "GRBG", "RGGB", "YV12", "S501", "S505", "S508", "YVYU", "VYUY", "RGBP", "RGBR", "Y10 ", "Y12 ", "Y16 ",
        "RGB4", "BGR4", "AR24", "XR24", "BA24", "BX24",
    ]

    private let descriptor = open("/dev/null", O_RDONLY)

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 4 else { return }
        guard let converter = FrameConverter(descriptor: descriptor, replacement: ctest_bayer_device) else {
            fatalError("no converter")
        }
        // The last bytes choose size and format.
        let frame = UnsafeRawBufferPointer(rebasing: bytes.dropLast(3))
        let format = Self.formats[Int(bytes[bytes.count - 1]) % Self.formats.count]
        let fourcc = (0..<4).reduce(UInt32(0)) { $0 | UInt32(format.utf8Start[$1]) << UInt32(8 * $1) }
        let width = UInt32(bytes[bytes.count - 2] & 63) * 2 + 8, height = UInt32(bytes[bytes.count - 3] & 63) * 2 + 8
        // What a driver says of its rows and sizes is its own word.
        try converter.prepare(
            cv4l_format(
                fourcc: fourcc, width: width, height: height, row_bytes: UInt32(bytes[0]) * 4, byte_count: UInt32(frame.count)))
        guard let memory = ctest_map_guarded(frame.count, 1) else { fatalError("no memory") }
        defer { ctest_unmap_guarded(memory, frame.count, 1) }
        memory.copyMemory(from: frame.baseAddress!, byteCount: frame.count)
        // Twice: the second finds the memory as the first left it.
        for _ in 0..<2 {
            guard case .success(let planes) = converter.convert(UnsafeRawBufferPointer(start: memory, count: frame.count))
            else { return }
            guard planes.count == Int(width * height / 2 * 3) else { fatalError("planes of another size") }
        }
    }
}
