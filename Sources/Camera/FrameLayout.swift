/// Where the pixels of a format lie in a driver's buffers. A driver is as little to be trusted as a file: what it says is
/// checked here, frame by frame, before pixels are read.
struct FrameLayout {
    var format: PixelFormat
    var width: Int
    var height: Int
    var colour: ColourEncoding
    /// Of each of the driver's planes; 0 where rows have no padding, as is taken for granted where it is less than a row.
    var rowBytes: InlineArray<3, Int>

    /// Bytes that a camera may send before its JPEG: one or two, or a header of its own. The decoder looks as far.
    private static var mostJunk: Int { 1024 }

    /// Where a JPEG begins in a buffer: at an SOI with another marker behind it.
    private static func start(ofJPEG bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for start in 0...min(mostJunk, bytes.count - 4)
        where bytes[start] == 0xFF && bytes[start + 1] == 0xD8 && bytes[start + 2] == 0xFF {
            if bytes[start + 3] != 0xD8 { return start }
        }
        // What stands behind this one is for the decoder to judge.
        return bytes[0] == 0xFF && bytes[1] == 0xD8 ? 0 : nil
    }

    /// The picture in `parts`, the used bytes of a buffer's planes. With one part, all planes of the format lie in it one
    /// after the other, the chroma rows as far apart as their width is in proportion to that of Y. A JPEG's size is its own
    /// affair: the image has the one that was agreed on.
    func image(_ parts: InlineArray<3, UnsafeRawBufferPointer>, partCount: Int) -> Result<CapturedImage, BadCapture> {
        let nothing = CapturedImage.Plane(bytes: UnsafeRawBufferPointer(start: nil, count: 0), rowBytes: 0)
        var image = CapturedImage(
            format: format, width: width, height: height, colour: colour, planes: [nothing, nothing, nothing])
        if format == .mjpeg {
            guard parts[0].count > 0 else { return .failure(BadCapture(reason: .empty)) }
            guard let start = Self.start(ofJPEG: parts[0]) else {
                return .failure(BadCapture(reason: .brokenStructure))
            }
            image.planes[0].bytes = UnsafeRawBufferPointer(rebasing: parts[0][start...])
            return .success(image)
        }
        var offset = 0
        for plane in 0..<format.planeCount {
            let pixels = format.rowBytes(plane: plane, width: width)
            let rows = format.rows(plane: plane, height: height)
            let stride: Int
            if partCount > 1 {
                stride = max(rowBytes[plane], pixels)
                offset = 0
            } else {
                // Some drivers count pixels here, or leave what another format had.
                stride = max(format == .yuv420 && plane > 0 ? rowBytes[0] / 2 + rowBytes[0] % 2 : rowBytes[0], pixels)
            }
            let bytes = parts[partCount > 1 ? plane : 0]
            guard stride < 1 << 20 else { return .failure(BadCapture(reason: .brokenStructure)) }
            // An Int of 32 bits does not hold what a driver may claim.
            let claimed = Int64(offset) + Int64(rows - 1) * Int64(stride) + Int64(pixels)
            guard bytes.count >= claimed else {
                return .failure(BadCapture(reason: bytes.count == 0 ? .empty : .truncated))
            }
            let needed = Int(claimed)
            image.planes[plane] = CapturedImage.Plane(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<needed]), rowBytes: stride)
            offset += rows * stride
        }
        return .success(image)
    }
}
