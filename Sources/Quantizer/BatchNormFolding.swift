/// Folds batch norm at inference into the layer before it: y = (Wx - mean) / sqrt(variance + epsilon) * gain + shift
/// becomes y = W'x + b'. Computed in double, so that folding adds no error of its own.
enum BatchNormFolding {
    /// Of all batch norms upstream (models/networks.md, "Layers").
    static let epsilon = 1e-5

    /// `weight` is [out, ...]; the other arguments have one value per output channel.
    static func fold(
        weight: [Float], gain: [Float], shift: [Float], mean: [Float], variance: [Float]
    ) -> (weight: [Float], bias: [Float]) {
        let channels = gain.count, perChannel = weight.count / gain.count
        var folded = weight
        var bias = shift
        for channel in 0..<channels {
            let scale = Double(gain[channel]) / (Double(variance[channel]) + epsilon).squareRoot()
            for index in channel * perChannel..<(channel + 1) * perChannel {
                folded[index] = Float(Double(weight[index]) * scale)
            }
            bias[channel] = Float(Double(shift[channel]) - Double(mean[channel]) * scale)
        }
        return (folded, bias)
    }
}
