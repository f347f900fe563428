/// What a network takes for a channel value of 0...255: value * gain + bias, by channel in the network's order.
public struct PixelScaling: Sendable {
    /// Three gains, then three biases.
    private var factors: InlineArray<6, Float>

    /// One factor and one summand for each channel, in the network's order.
    public init(gain: InlineArray<3, Float>, bias: InlineArray<3, Float>) {
        factors = [gain[0], gain[1], gain[2], bias[0], bias[1], bias[2]]
    }

    /// 0...1.
    public static var unit: PixelScaling { PixelScaling(gain: [1 / 255, 1 / 255, 1 / 255], bias: [0, 0, 0]) }
}
