/// The order in which a network takes a pixel's channels.
public enum ChannelOrder: Sendable {
    case rgb
    case bgr
}

/// What a network takes: a float32 tensor [1, height, width, 3] of (channel value * scale - mean) / standardDeviation,
/// channel values being 0...255. `mean` and `standardDeviation` are in the tensor's channel order.
public struct InputFormat: Sendable {
    /// Of the tensor, in pixels.
    public var size: ImageSize
    /// What becomes of an image of another shape.
    public var fit: ImageFit
    /// Images are RGB; a network that takes BGR gets them in reverse.
    public var channelOrder: ChannelOrder
    /// What channel values are multiplied with first: 1/255 makes 0...1 of them.
    public var scale: Float
    /// Subtracted from scaled values, by channel.
    public var mean: InlineArray<3, Float>
    /// What the difference is divided by, by channel; never 0.
    public var standardDeviation: InlineArray<3, Float>

    /// By default an image is stretched, and its values become 0...1.
    public init(
        size: ImageSize, fit: ImageFit = .stretch, channelOrder: ChannelOrder, scale: Float = 1 / 255,
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
