/// Where the pixels of a format lie in a driver's buffers. A driver is as little to be trusted as a file: what it says is
/// checked here, frame by frame, before pixels are read.
extension PixelShape {
    /// Bytes that a camera may send before its JPEG: one or two, or a header of its own. The decoder looks as far.
    private static var maximumJunk: Int { 1024 }

    /// Where a JPEG begins in a buffer: at an SOI with another marker behind it.
    private static func start(ofJPEG bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for start in 0...min(maximumJunk, bytes.count - 4)
        where bytes[start] == 0xFF && bytes[start + 1] == 0xD8 && bytes[start + 2] == 0xFF {
            if bytes[start + 3] != 0xD8 { return start }
        }
        // What stands behind this one is for the decoder to judge.
        return bytes[0] == 0xFF && bytes[1] == 0xD8 ? 0 : nil
    }

    /// The image in `parts`, the used bytes of a buffer's planes. With one part, all planes of the format lie in it one
    /// after the other, the chroma rows as far apart as their width is in proportion to that of Y. Of `rowBytes`, 0 and
    /// what is less than a row mean that rows have no padding.
    func pixels(in parts: InlineArray<3, UnsafeRawBufferPointer>, partCount: Int) -> Result<PixelBuffer, BadCapture> {
        if format == .mjpeg {
            guard parts[0].count > 0 else { return .failure(BadCapture(reason: .empty)) }
            guard let start = Self.start(ofJPEG: parts[0]) else {
                return .failure(BadCapture(reason: .brokenStructure))
            }
            return .success(PixelBuffer(jpeg: UnsafeRawBufferPointer(rebasing: parts[0][start...]), size: size))
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var found = PixelBuffer(self, planes: [nothing, nothing, nothing])
        var offset = 0
        for plane in 0..<format.planeCount {
            // Some drivers count pixels here, or leave what another format had.
            let isThird = partCount == 1 && format == .yuv420 && plane > 0
            let told = isThird ? rowBytes[0] / 2 + rowBytes[0] % 2 : partCount > 1 ? rowBytes[plane] : rowBytes[0]
            found.shape.rowBytes[plane] = max(told, format.rowBytes(plane: plane, width: size.width))
            let bytes = parts[partCount > 1 ? plane : 0]
            if partCount > 1 { offset = 0 }
            guard found.shape.rowBytes[plane] < 1 << 20, let needed = found.shape.byteCount(ofPlane: plane) else {
                return .failure(BadCapture(reason: .brokenStructure))
            }
            guard offset <= bytes.count, needed <= bytes.count - offset else {
                return .failure(BadCapture(reason: bytes.count == 0 ? .empty : .truncated))
            }
            found.planes[plane] = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + needed])
            offset += format.rows(plane: plane, height: size.height) * found.shape.rowBytes[plane]
        }
        return .success(found)
    }
}
