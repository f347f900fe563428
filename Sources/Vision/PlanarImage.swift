import CJPEG

/// A JPEG's components as they are stored: Y, Cb and Cr with their own sizes, or Y alone. The image owns one buffer,
/// which is used again as that of an `Image` is.
public struct PlanarImage: ~Copyable {
    /// As decoded, in pixels: the stored size or a fraction of it; 0 x 0 where the image is empty.
    public private(set) var size = ImageSize(width: 0, height: 0)
    private var planes: InlineArray<3, cjpeg_plane>
    private var planeCount = 0
    private var storage = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)

    /// An empty image, without memory.
    public init() {
        let none = cjpeg_plane()
        planes = [none, none, none]
    }

    deinit { storage.deallocate() }

    /// Makes room for planes whose sizes were checked.
    mutating func reshape(to size: ImageSize, _ planes: InlineArray<3, cjpeg_plane>, count: Int) {
        let needed = Self.byteCount(planes, count: count)
        if storage.count < needed || storage.count > needed + Image.maximumUnused {
            storage.deallocate()
            storage = .allocate(capacity: needed)
        }
        self.size = size
        self.planes = planes
        planeCount = count
    }

    static func byteCount(_ planes: InlineArray<3, cjpeg_plane>, count: Int) -> Int {
        var sum = 0
        for index in 0..<count { sum += planes[index].row_bytes * planes[index].rows }
        return sum
    }

    /// Becomes empty, and gives a large buffer back.
    public mutating func clear() { reshape(to: ImageSize(width: 0, height: 0), planes, count: 0) }

    func start(of plane: Int) -> UnsafeMutablePointer<UInt8>? {
        guard plane < planeCount else { return nil }
        var offset = 0
        for index in 0..<plane { offset += planes[index].row_bytes * planes[index].rows }
        return storage.baseAddress! + offset
    }

    /// Valid until the image is given other planes. The image is not empty.
    public var view: PixelView {
        let colours: PixelLayout.Colours = planeCount == 1 ? .grey : .yCbCr(.jpeg)
        let base = UnsafePointer(storage.baseAddress!)
        var channels = InlineArray<3, PixelChannel>(
            repeating: PixelChannel(plane: 0, offset: 0, step: 1, size: ImageSize(width: 0, height: 0)))
        var parts = InlineArray<3, PixelView.Plane>(repeating: PixelView.Plane(start: base, rowBytes: 0))
        for index in 0..<planeCount {
            let plane = planes[index]
            channels[index] = PixelChannel(
                plane: index, offset: 0, step: 1,
                size: ImageSize(width: Int(plane.width), height: Int(plane.height)),
                across: SampleRate(Int(plane.samples_across), per: Int(plane.divisor_across)),
                down: SampleRate(Int(plane.samples_down), per: Int(plane.divisor_down)))
            parts[index] = PixelView.Plane(start: start(of: index)!, rowBytes: plane.row_bytes)
        }
        return PixelView(layout: PixelLayout(size: size, colours: colours, channels: channels), planes: parts)
    }
}
