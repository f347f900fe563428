/// What an image's bytes are, wherever they lie: the one description of pixels that cameras, pipes and snapshots share.
public struct PixelShape: Equatable, Sendable {
    /// How the planes hold the pixels. A JPEG says everything else itself.
    public var format: PixelFormat
    /// In pixels.
    public var size: ImageSize
    /// Of YCbCr formats.
    public var colour: ColourEncoding
    /// Bytes from one row of a plane to the next.
    public var rowBytes: InlineArray<3, Int>

    /// Checks nothing. Without `rowBytes`, rows follow each other without padding.
    public init(
        format: PixelFormat, size: ImageSize, colour: ColourEncoding = .bt601(isFullRange: false),
        rowBytes: InlineArray<3, Int>? = nil
    ) {
        self.format = format
        self.size = size
        self.colour = colour
        let width = size.width
        self.rowBytes =
            rowBytes ?? [
                format.rowBytes(plane: 0, width: width), format.rowBytes(plane: 1, width: width),
                format.rowBytes(plane: 2, width: width),
            ]
    }

    /// Bytes of a plane from its first pixel to its last; nil where rows overlap or no memory is that large.
    public func byteCount(ofPlane plane: Int) -> Int? {
        let pixels = format.rowBytes(plane: plane, width: size.width)
        guard rowBytes[plane] >= pixels else { return nil }
        // An Int of 32 bits does not hold what may be claimed outside.
        let (gaps, overflow) = Int64(rowBytes[plane]).multipliedReportingOverflow(
            by: Int64(format.rows(plane: plane, height: size.height) - 1))
        return overflow ? nil : Int(exactly: gaps &+ Int64(pixels))
    }

    public static func == (a: PixelShape, b: PixelShape) -> Bool {
        a.format == b.format && a.size == b.size && a.colour == b.colour && a.rowBytes[0] == b.rowBytes[0]
            && a.rowBytes[1] == b.rowBytes[1] && a.rowBytes[2] == b.rowBytes[2]
    }
}

/// An image in borrowed memory, as it was captured; its lender defines until when.
public struct PixelBuffer {
    /// What the planes hold.
    public var shape: PixelShape
    /// As many as the format has, each from its first row's first pixel to its last row's last; of MJPEG one, the JPEG.
    public var planes: InlineArray<3, UnsafeRawBufferPointer>

    /// The planes are as large as the shape says: see `init(_:offsets:in:)` for what comes from outside.
    public init(_ shape: PixelShape, planes: InlineArray<3, UnsafeRawBufferPointer>) {
        self.shape = shape
        self.planes = planes
    }

    /// A JPEG. `size` is what was agreed on: the JPEG knows better.
    public init(jpeg: UnsafeRawBufferPointer, size: ImageSize = ImageSize(width: 0, height: 0)) {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        self.init(
            PixelShape(format: .mjpeg, size: size, colour: .jpeg, rowBytes: [0, 0, 0]), planes: [jpeg, nothing, nothing])
    }

    /// Planes that begin at these places in `bytes`; nil where they don't lie in it. Of MJPEG `bytes` are the JPEG.
    public init?(_ shape: PixelShape, offsets: InlineArray<3, Int>, in bytes: UnsafeRawBufferPointer) {
        self.init(jpeg: bytes)
        self.shape = shape
        guard shape.format != .mjpeg else { return }
        for plane in 0..<shape.format.planeCount {
            guard let needed = shape.byteCount(ofPlane: plane), offsets[plane] >= 0, offsets[plane] <= bytes.count,
                needed <= bytes.count - offsets[plane]
            else { return nil }
            planes[plane] = UnsafeRawBufferPointer(rebasing: bytes[offsets[plane]..<offsets[plane] + needed])
        }
    }

    /// Of the shape.
    public var format: PixelFormat { shape.format }
    /// Of the shape, in pixels.
    public var size: ImageSize { shape.size }

    /// The pixels channel by channel; nil for MJPEG and for an empty buffer.
    public var view: PixelView? {
        guard let layout = PixelLayout(shape), let first = start(of: 0) else { return nil }
        return PixelView(layout: layout, planes: [first, start(of: 1) ?? first, start(of: 2) ?? first])
    }

    private func start(of plane: Int) -> PixelView.Plane? {
        guard let start = planes[plane].baseAddress else { return nil }
        return PixelView.Plane(start: start.assumingMemoryBound(to: UInt8.self), rowBytes: shape.rowBytes[plane])
    }
}
