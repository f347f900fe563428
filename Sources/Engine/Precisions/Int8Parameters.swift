/// What a layer's sums mean: the fixed-point parameters that requantise them follow from it (ckernels_qs8.h says what
/// those mean).
struct Requantization {
    /// The value of one unit of the sum, by output channel.
    var scales: UnsafePointer<Float>
    /// The layer's bias, and with it the share of the input's zero point.
    var bias: UnsafePointer<Float>
    /// The largest magnitude that the sum of products can have.
    var largest: Int
    var activation: Activation
    /// The first of its channels among those of the tensors around it.
    var firstChannel = 0

    /// What the tables of SiLU and GELU are shares of: how far SiLU falls below zero at most, the largest of t / (1 + e^t).
    private static var dipDepth: Double { 0.27846 }
    /// Bounds on the bias that keep sums within 32 bits, where the sum is shifted to the left and where it isn't.
    private static var shiftedBias: Double { 0x1p22 }
    private static var plainBias: Double { 0x1p29 }

    /// Fills blocks for `channels` channels; channels that only fill up the last block stay 0.
    func fill(
        _ blocks: UnsafeMutablePointer<ck_qs8_channels>, channels: Int, output: Quantisation, residual: Quantisation?
    ) throws(EngineError) {
        for channel in 0..<channels {
            if let residual, residual.scale(firstChannel + channel) > 1.99 * output.scale(firstChannel + channel) {
                throw .model(.tensor(output.name.appending(".scale"), .badValues))
            }
            ck_qs8_set_channel(
                blocks + channel / 8, channel % 8, parameters(of: channel, output: output, residual: residual))
        }
    }

    /// Fills blocks that make values of the sums.
    func fill(_ blocks: UnsafeMutablePointer<ck_qs8_values>, channels: Int) {
        for channel in 0..<channels {
            let bias = Self.rounded(Double(bias[channel]) / Double(scales[channel]), within: Self.plainBias)
            ck_qs8_set_value(blocks + channel / 8, channel % 8, Int32(bias), scales[channel])
        }
    }

    private func parameters(of channel: Int, output: Quantisation, residual: Quantisation?) -> ck_qs8_channel {
        let scale = Double(scales[channel])
        let stored = firstChannel + channel, outputScale = output.scale(stored)
        let isCurved = activation == .silu || activation == .gelu, isIdentity = activation == .identity
        let residualScale = residual?.scale(stored) ?? 0
        // In steps of the output: its zero point, and what the residual's takes from it.
        let zero = output.zero(stored) - (residual?.zero(stored) ?? 0) * residualScale / outputScale

        // The values before the activation that the output can tell apart. The identity's contain the zero points.
        let magnitude = output.maximumMagnitude(stored), added = residual?.maximumMagnitude(stored) ?? 0
        let range: Double
        if isCurved {
            range = min(max(8, magnitude + added + 0.3), 32)
        } else if isIdentity {
            range = 128 * min(outputScale + residualScale, 1.9 * outputScale)
        } else {
            range = min(magnitude + added, 1.9 * magnitude)
        }
        let maximumShift = maximumShift
        var shift = min(max(-Self.ceilingOfLog2(range / (32767 * scale)), -24), maximumShift)
        func unit() -> Double { scale * Self.power(-shift) }
        func gain() -> Double { unit() * 64 / outputScale * 32768 }
        func tau() -> Double { unit() * 512 * 32768 }
        // Where a factor does not fit, smaller units: the range saturates sooner.
        while (isCurved ? tau() : gain()) > 32767, shift < maximumShift { shift += 1 }
        var lift = 0
        if isCurved { while gain() / Self.power(lift) > 32767, lift < 15 { lift += 1 } }

        let half: Double = shift < 0 ? Self.power(-shift - 1) : 0
        let constant = Double(bias[channel]) + (isIdentity ? zero * outputScale : 0)
        let bias = Self.rounded(constant / scale, within: shift > 0 ? Self.shiftedBias : Self.plainBias)
        func short(_ value: Double) -> Int16 { Int16(Self.rounded(value, within: 32767)) }
        return ck_qs8_channel(
            bias: Int32(bias + half), shift: Int32(shift + Self.halfWord), gain: short(gain() / Self.power(lift)),
            tau: isCurved ? short(tau()) : 0,
            dip: isCurved ? short(-64 / outputScale / (128 * 255 / Self.dipDepth) * 32768) : 0, lift: Int16(lift),
            residual_gain: short(residualScale / outputScale * 16384), zero: isIdentity ? 0 : short(zero * 64))
    }

    /// The most that sums can be shifted to the left without leaving 32 bits, 6 at most.
    private var maximumShift: Int {
        var shift = 6
        while shift > 0, (Double(largest) + Self.shiftedBias) * Self.power(shift) >= 0x1p31 { shift -= 1 }
        return shift
    }

    /// x stands in the upper half of a sum.
    private static var halfWord: Int { 16 }

    /// 2 to the power of `exponent`, which is far within a double's range since scales are.
    private static func power(_ exponent: Int) -> Double { Double(bitPattern: UInt64(1023 + exponent) << 52) }

    private static func ceilingOfLog2(_ value: Double) -> Int {
        let exponent = Int(value.exponent)
        return power(exponent) == value ? exponent : exponent + 1
    }

    private static func rounded(_ value: Double, within bound: Double) -> Double {
        min(max(value, -bound), bound).rounded(.toNearestOrEven)
    }
}
