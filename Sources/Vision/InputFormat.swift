/// The order in which a network takes a pixel's channels.
public enum ChannelOrder: Sendable {
    case rgb
    case bgr
}

/// What a network takes: a float32 tensor [1, height, width, 3] of (channel value * scale - mean) / standardDeviation,
/// channel values being 0...255. `mean` and `standardDeviation` are in the tensor's channel order.
public struct InputFormat: Sendable {
    public var size: PictureSize
    public var fit: PictureFit
    public var channelOrder: ChannelOrder
    public var scale: Float
    public var mean: InlineArray<3, Float>
    public var standardDeviation: InlineArray<3, Float>

    public init(
        size: PictureSize, fit: PictureFit = .stretch, channelOrder: ChannelOrder, scale: Float = 1 / 255,
        mean: InlineArray<3, Float> = [0, 0, 0], standardDeviation: InlineArray<3, Float> = [1, 1, 1]
    ) {
        self.size = size
        self.fit = fit
        self.channelOrder = channelOrder
        self.scale = scale
        self.mean = mean
        self.standardDeviation = standardDeviation
    }
}
