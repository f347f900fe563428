/// An RGB image: one byte per channel, pixels interleaved, rows from the top without gaps: [height, width, 3].
///
/// The image owns one buffer, which is used again for a smaller size unless that leaves more than 1 MiB of it unused.
public struct Image: ~Copyable {
    /// 0 x 0 where the image is empty.
    public private(set) var size = ImageSize(width: 0, height: 0)
    /// `size.width * size.height * 3` bytes.
    public private(set) var pixels = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    private var storage = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)

    /// An empty image.
    public init() {}

    /// An image whose pixels are not set.
    public init(size: ImageSize) {
        reshape(to: size)
    }

    deinit {
        storage.deallocate()
    }

    /// Bytes of an image's buffer that may be left unused.
    static var maximumUnused: Int { 1 << 20 }

    /// Bytes from one row to the next.
    public var rowBytes: Int { size.width * 3 }

    /// Valid until the image is given another size. The image is not empty.
    public var view: PixelView {
        let bytes = UnsafePointer(pixels.baseAddress!)
        func channel(_ offset: Int) -> PixelChannel { PixelChannel(plane: 0, offset: offset, step: 3, size: size) }
        return PixelView(
            layout: PixelLayout(size: size, colours: .rgb, channels: [channel(0), channel(1), channel(2)]),
            planes: InlineArray(repeating: PixelView.Plane(start: bytes, rowBytes: rowBytes)))
    }

    /// Becomes an image of another layout, pixel for pixel.
    public mutating func set(_ view: PixelView) {
        reshape(to: view.layout.size)
        var ingest = Ingest(format: InputFormat(size: size, channelOrder: .rgb), rule: .fast)
        ingest.fill(pixels, from: view)
    }

    /// Gives the image another size; its pixels are then undefined.
    public mutating func reshape(to size: ImageSize) {
        precondition(size.width >= 0 && size.height >= 0)
        let count = size.width * size.height * 3
        if storage.count < count || storage.count > count + Self.maximumUnused {
            storage.deallocate()
            storage = .allocate(capacity: count)
        }
        self.size = size
        pixels = UnsafeMutableBufferPointer(rebasing: storage[..<count])
    }
}
