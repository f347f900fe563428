import Camera
import Stream

extension PictureLayout {
    /// A camera's frame, its planes one after the other as `CapturedImage.parts` has them, and what it is turned by.
    public init(_ image: CapturedImage, rotation: Int = 0) {
        self.init(
            format: image.format.fourcc, planeCount: image.format == .mjpeg ? 0 : image.format.planeCount,
            isBT709: image.colour.matrix == .bt709, isFullRange: image.colour.isFullRange, rotation: rotation)
        for index in 0..<planeCount { planes[index].rowBytes = image.planes[index].rowBytes }
    }
}

extension CapturedImage {
    /// The planes' bytes; empty ones where there are no more.
    public var parts: InlineArray<3, UnsafeRawBufferPointer> { [planes[0].bytes, planes[1].bytes, planes[2].bytes] }

    /// The picture that a snapshot's line speaks of, in its bytes and not yet turned; nil where the two do not fit: neither is to be
    /// trusted.
    public init?(_ line: StreamLine, bytes: UnsafeRawBufferPointer) {
        guard let format = PixelFormat.allCases.first(where: { $0.isNamed(line.format) }) else { return nil }
        let nothing = Plane(bytes: UnsafeRawBufferPointer(start: nil, count: 0), rowBytes: 0)
        let isSwapped = line.rotation == 90 || line.rotation == 270
        self.init(
            format: format, width: isSwapped ? line.height : line.width, height: isSwapped ? line.width : line.height,
            colour: ColourEncoding(matrix: line.isBT709 ? .bt709 : .bt601, isFullRange: line.isFullRange),
            planes: [nothing, nothing, nothing])
        guard format != .mjpeg else {
            planes[0].bytes = bytes
            return
        }
        guard line.planeCount == format.planeCount else { return nil }
        for index in 0..<format.planeCount {
            let (offset, stride) = (line.planes[index].offset, line.planes[index].rowBytes)
            let pixels = format.rowBytes(plane: index, width: width)
            // Sides, offsets and strides have bounds: this does not overflow.
            let needed = (format.rows(plane: index, height: height) - 1) * stride + pixels
            guard stride >= pixels, offset <= bytes.count, needed <= bytes.count - offset else { return nil }
            planes[index] = Plane(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + needed]), rowBytes: stride)
        }
    }
}

extension PixelFormat {
    /// Whether these are the letters of the format's code.
    fileprivate func isNamed(_ letters: UnsafeRawBufferPointer) -> Bool {
        guard letters.count == 4 else { return false }
        for index in 0..<4 where letters[index] != UInt8(truncatingIfNeeded: fourcc >> UInt32(8 * index)) {
            return false
        }
        return true
    }
}
