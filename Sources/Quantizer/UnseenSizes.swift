/// What a checkpoint does not show of a network, where it is not as published.
public struct UnseenSizes: Sendable {
    /// Input pixels for each pixel of the last map of a DeepLabv3: 8, 16 or 32.
    public var outputStride: Int?
    /// The sides of the patches of layer_3, layer_4 and layer_5, in pixels.
    public var patchSizes: [Int]?
    /// The dilations of DeepLabv3's pyramid.
    public var rates: [Int]?

    /// `patchSizes` and `rates` are three each (precondition).
    public init(outputStride: Int? = nil, patchSizes: [Int]? = nil, rates: [Int]? = nil) {
        precondition((patchSizes?.count ?? 3) == 3 && (rates?.count ?? 3) == 3)
        self.outputStride = outputStride
        self.patchSizes = patchSizes
        self.rates = rates
    }
}

extension Architecture {
    /// The same network with these sizes. Throws `notOfTheNetwork` where it has no such thing.
    func with(_ unseen: UnseenSizes) throws(QuantizerError) -> Architecture {
        var changed = self
        let isSegmenter: Bool
        if case .segmentation = task { isSegmenter = true } else { isSegmenter = false }
        if unseen.outputStride != nil, !isSegmenter { throw .notOfTheNetwork("--output-stride", title) }
        switch backbone {
        case .mobileViT(let backbone, var layout):
            if let stride = unseen.outputStride { layout.outputStride = stride }
            if let sizes = unseen.patchSizes { layout.patchSizes = sizes }
            changed.backbone = .mobileViT(backbone, layout)
        case .fastViT(let backbone, let stride):
            if unseen.patchSizes != nil { throw .notOfTheNetwork("--patch-size", title) }
            changed.backbone = .fastViT(backbone, outputStride: unseen.outputStride ?? stride)
        }
        if let rates = unseen.rates {
            guard case .segmentation(let channels, _) = task else { throw .notOfTheNetwork("--aspp-rates", title) }
            changed.task = .segmentation(channels: channels, rates: rates)
        }
        return changed
    }
}
