/// Sizes from the shapes of a checkpoint's tensors.
extension MobileViT {
    /// Of layers; what is larger is no checkpoint of this family, and would not run.
    static let channels = 1...4096

    /// The same line of the family with the sizes that the shapes tell; nil where they tell none.
    func fitted(prefix: String, _ weight: Architecture.WeightShape) -> MobileViT? {
        let counts = 1...8
        func outputs(_ layer: String, _ origin: ParameterOrigin = .convolutionWithBatchNorm, most: Int = 4096) -> Int? {
            weight(prefix + layer, origin)?.first.flatMap { (1...most).contains($0) ? $0 : nil }
        }
        func count(_ exists: (Int) -> Bool) -> Int? {
            let count = (0..<counts.upperBound).first { !exists($0) } ?? counts.upperBound
            return counts.contains(count) ? count : nil
        }
        // Maps are large up to layer_2.
        guard let stem = outputs("conv_1", most: 512), let first = outputs("layer_1.0.block.red_1x1", most: 512),
            let hidden = outputs("layer_1.0.block.exp_1x1"), hidden % stem == 0, (1...8).contains(hidden / stem),
            let second = outputs("layer_2.0.block.red_1x1", most: 512),
            let depth = count({ outputs("layer_2.\($0).block.red_1x1") != nil })
        else { return nil }
        var fitted = self
        (fitted.stemChannels, fitted.earlyChannels, fitted.layer2Depth) = (stem, [first, second], depth)
        fitted.expansion = hidden / stem
        let isSecond = attention == .separable
        for index in 0..<3 {
            let layer = "layer_\(index + 3)."
            guard let channels = outputs(layer + "0.block.red_1x1"),
                let tokens = outputs(layer + (isSecond ? "1.local_rep.1" : "1.local_rep.conv_1x1"), .convolution),
                let feedForward = outputs(
                    layer + "1.global_rep.0.pre_norm_ffn.1", isSecond ? .convolutionWithBias : .linear, most: 16384),
                let depth = count({
                    outputs(
                        layer + "1.global_rep.\($0).pre_norm_ffn.1", isSecond ? .convolutionWithBias : .linear, most: 16384)
                        != nil
                })
            else { return nil }
            if case .multiHead(let heads) = attention, tokens % heads != 0 { return nil }
            fitted.stages[index] = Stage(
                channels: channels, tokenChannels: tokens, feedForwardChannels: feedForward, depth: depth)
        }
        return fitted
    }
}
