/// What a network takes for a channel value of 0...255: value * gain + bias, by channel in the network's order.
public struct PixelScaling: Sendable {
    /// Three gains, then three biases.
    private var factors: InlineArray<6, Float>

    /// One factor and one summand for each channel, in the network's order.
    public init(gain: InlineArray<3, Float>, bias: InlineArray<3, Float>) {
        factors = [gain[0], gain[1], gain[2], bias[0], bias[1], bias[2]]
    }

    /// Half-precision bits of what the three channels of each byte become, and then of three zeros.
    var halves: [UInt16] {
        var values: [UInt16] = []
        for byte: UInt16 in 0..<256 {
            // Of a whole number: its exponent, and what follows its first bit.
            let exponent = UInt16(max(15 - byte.leadingZeroBitCount, 0))
            let half = byte == 0 ? 0 : (exponent + 15) << 10 | byte << (10 - exponent) & 1023
            values += [half, half, half]
        }
        return withUnsafeBytes(of: factors) { factors in
            let gain = factors.baseAddress!.assumingMemoryBound(to: Float.self)
            values.withUnsafeMutableBufferPointer {
                f16_affine__scalar(256, 3, $0.baseAddress, 3, gain, gain + 3, $0.baseAddress, 3)
            }
            return values + [0, 0, 0]
        }
    }

    /// 0...1.
    public static var unit: PixelScaling { PixelScaling(gain: [1 / 255, 1 / 255, 1 / 255], bias: [0, 0, 0]) }
}
