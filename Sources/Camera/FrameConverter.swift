import CV4L

/// libv4l, for a camera that offers nothing which is read here: its frames become planar 4:2:0. One thread owns it.
final class FrameConverter {
    private let converter: OpaquePointer
    /// What frames are converted from and into, once a format is set.
    private var source = cv4l_format()
    private var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    /// nil where the device is none.
    init?(descriptor: Int32, replacement: cv4l_ioctl? = nil) {
        guard let converter = cv4l_create(descriptor, replacement) else { return nil }
        self.converter = converter
    }

    deinit {
        cv4l_destroy(converter)
        output.deallocate()
    }

    /// The format of the device to make frames of about this size from; nil where there is none.
    func mode(width: Int, height: Int) -> CaptureMode? {
        var found = cv4l_format()
        (found.width, found.height) = (UInt32(width), UInt32(height))
        guard cv4l_find(converter, &found) == 0 else { return nil }
        let (width, height) = (Int(clamping: found.width), Int(clamping: found.height))
        guard ModeLister.sides.contains(width), ModeLister.sides.contains(height), width % 2 == 0, height % 2 == 0
        else { return nil }
        return CaptureMode(
            format: .yuv420, fourcc: found.fourcc, width: width, height: height, intervalNumerator: 0,
            intervalDenominator: 1, isConverted: true)
    }

    /// Makes room for frames of a format that the device granted. Its sides are even.
    func prepare(_ source: cv4l_format) {
        self.source = source
        output.deallocate()
        output = .allocate(byteCount: Int(source.width) * Int(source.height) / 2 * 3, alignment: 64)
    }

    /// The frame as planes one after the other without padding; valid until the next call.
    func convert(_ frame: UnsafeRawBufferPointer) -> Result<UnsafeRawBufferPointer, BadCapture> {
        guard let start = frame.baseAddress, frame.count > 0 else { return .failure(BadCapture(reason: .empty)) }
        let error = withUnsafePointer(to: source) {
            cv4l_convert(
                converter, $0, start, frame.count, output.baseAddress!.assumingMemoryBound(to: UInt8.self),
                output.count)
        }
        guard error == 0 else { return .failure(BadCapture(reason: .brokenStructure)) }
        return .success(UnsafeRawBufferPointer(output))
    }
}
