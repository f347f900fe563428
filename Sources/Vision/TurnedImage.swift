/// An image turned by quarters, whatever its layout: each channel has a plane of its own, turned sample by sample. It owns
/// one buffer, which grows to the largest image it was given.
public struct TurnedImage: ~Copyable {
    private var storage = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)

    /// Samples of a side that are turned together: rows of one side are columns of the other, and both stay in the cache.
    private static var tile: Int { 32 }

    /// Without memory.
    public init() {}

    deinit { storage.deallocate() }

    /// `stored` turned upright from `orientation`; valid until the next call.
    public mutating func view(of stored: PixelView, turnedUprightFrom orientation: Orientation) -> PixelView {
        let count = stored.layout.channelCount
        var needed = 0
        for index in 0..<count { needed += stored.layout.channels[index].size.width * stored.layout.channels[index].size.height }
        if storage.count < needed {
            storage.deallocate()
            storage = .allocate(capacity: needed)
        }
        var view = stored
        view.layout.size = orientation.upright(stored.layout.size)
        var target = storage.baseAddress!
        for index in 0..<count {
            let channel = stored.layout.channels[index]
            let plane = stored.planes[channel.plane]
            let size = orientation.upright(channel.size)
            Self.turn(
                plane.start + channel.offset, orientation.walk(channel.size, step: channel.step, rowBytes: plane.rowBytes),
                to: target, size)
            view.layout.channels[index] = PixelChannel(
                plane: index, offset: 0, step: 1, size: size,
                across: orientation.swapsSides ? channel.down : channel.across,
                down: orientation.swapsSides ? channel.across : channel.down)
            view.planes[index] = PixelView.Plane(start: UnsafePointer(target), rowBytes: size.width)
            target += size.width * size.height
        }
        return view
    }

    private static func turn(
        _ source: UnsafePointer<UInt8>, _ walk: Orientation.Walk, to target: UnsafeMutablePointer<UInt8>,
        _ size: ImageSize
    ) {
        for top in stride(from: 0, to: size.height, by: tile) {
            for left in stride(from: 0, to: size.width, by: tile) {
                let right = min(left + tile, size.width)
                for y in top..<min(top + tile, size.height) {
                    var from = walk.start + y * walk.line + left * walk.column
                    for x in left..<right {
                        target[y * size.width + x] = source[from]
                        from += walk.column
                    }
                }
            }
        }
    }
}
