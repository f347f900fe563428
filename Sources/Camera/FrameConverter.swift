import CV4L

/// libv4l, for a camera that offers nothing which is read here: its frames become planar 4:2:0. One thread owns it.
final class FrameConverter {
    private let converter: OpaquePointer
    /// What frames are converted from and into, once a format is set.
    private var source = cv4l_format()
    private var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// A copy of the frame: libv4l reads as far as the format's size may take it, whatever has come. Behind the frame are
    /// zeros, which cost no memory.
    private var input = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var dirtyCount = 0

    /// nil where the device is none.
    init?(descriptor: Int32, replacement: cv4l_ioctl? = nil) {
        guard let converter = cv4l_create(descriptor, replacement) else { return nil }
        self.converter = converter
    }

    deinit {
        cv4l_destroy(converter)
        output.deallocate()
        unmapInput()
    }

    private func unmapInput() {
        if let address = input.baseAddress { _ = clinux_unmap(address, input.count) }
        input = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// The format of the device to make frames of about this size from; nil where there is none.
    func mode(width: Int, height: Int) -> CaptureMode? {
        var found = cv4l_format()
        (found.width, found.height) = (UInt32(width), UInt32(height))
        guard cv4l_find(converter, &found) == 0, Self.bytesPerPixel(found.fourcc) != nil else { return nil }
        let (width, height) = (Int(clamping: found.width), Int(clamping: found.height))
        guard ModeLister.sides.contains(width), ModeLister.sides.contains(height), width % 2 == 0, height % 2 == 0
        else { return nil }
        return CaptureMode(
            format: .yuv420, fourcc: found.fourcc, width: width, height: height, intervalNumerator: 0,
            intervalDenominator: 1, isConverted: true)
    }

    /// Makes room for frames of a format that the device granted. Its sides are even. What a driver says of the length of
    /// its rows is the device's own word, and libv4l believes it. Throws `noFormat` for one
    /// without rows, `badBuffers` where rows are too long.
    func prepare(_ source: cv4l_format) throws(CameraError) {
        self.source = source
        guard let pixel = Self.bytesPerPixel(source.fourcc) else { throw .noFormat }
        self.source.row_bytes = max(source.row_bytes, source.width * pixel)
        let maximum = 4 * source.width + Self.maximumPadding
        guard self.source.row_bytes <= maximum else { throw .badBuffers }
        // Formats of two planes have as many rows again.
        let rows = 2 * UInt64(source.height) + Self.rowsBehind
        guard let size = Int(exactly: UInt64(maximum) * rows) else { throw .badBuffers }
        unmapInput()
        var address: UnsafeMutableRawPointer?
        let error = clinux_map_anonymous(size, false, &address)
        guard error == 0 else { throw .outOfMemory(error) }
        input = UnsafeMutableRawBufferPointer(start: address, count: size)
        dirtyCount = 0
        output.deallocate()
        output = .allocate(byteCount: Int(source.width) * Int(source.height) / 2 * 3, alignment: 64)
    }

    /// Beyond four bytes for each pixel of a row; and rows of that behind a frame, which no format of libv4l's reads beyond.
    private static let maximumPadding: UInt32 = 4096
    private static let rowsBehind: UInt64 = 16

    /// Of formats in rows; nil for others. What libv4l decodes, as old webcams compress it, is not converted: damaged data
    /// leads its decoders out of their memory.
    private static func bytesPerPixel(_ fourcc: UInt32) -> UInt32? {
        switch fourcc {
        // Bayer: BA81, GBRG, GRBG, RGGB. Planes: YV12. SPCA501, 505 and 508.
        case 0x3138_4142, 0x4752_4247, 0x4742_5247, 0x4247_4752, 0x3231_5659, 0x3130_3553, 0x3530_3553,
            0x3830_3553:
            1
        // YVYU, VYUY, RGBP, RGBR, Y10, Y12, Y16, and Y16 of the other order.
        case 0x5559_5659, 0x5955_5956, 0x5042_4752, 0x5242_4752, 0x2030_3159, 0x2032_3159, 0x2036_3159, 0xA036_3159: 2
        // RGB4, BGR4, AR24, XR24, BA24, BX24.
        case 0x3442_4752, 0x3452_4742, 0x3432_5241, 0x3432_5258, 0x3432_4142, 0x3432_5842: 4
        default: nil
        }
    }

    /// The frame as planes one after the other without padding; valid until the next call.
    func convert(_ frame: UnsafeRawBufferPointer) -> Result<UnsafeRawBufferPointer, BadCapture> {
        guard let start = frame.baseAddress, frame.count > 0 else { return .failure(BadCapture(reason: .empty)) }
        guard let copy = input.baseAddress, frame.count <= input.count else {
            return .failure(BadCapture(reason: .brokenStructure))
        }
        copy.copyMemory(from: start, byteCount: frame.count)
        // Nothing of the frame before.
        if dirtyCount > frame.count {
            (copy + frame.count).initializeMemory(as: UInt8.self, repeating: 0, count: dirtyCount - frame.count)
        }
        dirtyCount = frame.count
        let error = withUnsafePointer(to: source) {
            cv4l_convert(
                converter, $0, copy, frame.count, output.baseAddress!.assumingMemoryBound(to: UInt8.self),
                output.count)
        }
        guard error == 0 else { return .failure(BadCapture(reason: .brokenStructure)) }
        return .success(UnsafeRawBufferPointer(output))
    }
}
