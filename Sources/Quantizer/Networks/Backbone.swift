/// What the families of backbones differ in, to all that is made of one.
extension Network.Backbone {
    /// Whether what surrounds it is that of ml-cvnets 0.2, with MobileViTv2, rather than of 0.1.
    var isSecond: Bool {
        if case .mobileViT(let backbone, _) = self { backbone.attention == .separable } else { false }
    }

    /// Of the maps that heads read.
    var channels: (stride16: Int, stride32: Int) {
        switch self {
        case .mobileViT(let backbone, _): (backbone.stages[1].channels, backbone.stages[2].channels)
        case .fastViT(let backbone, _): (backbone.channels[2], backbone.channels[3])
        }
    }

    /// Of the channels that it was trained on, as shares of the largest value.
    var statistics: (mean: InlineArray<3, Float>, standardDeviation: InlineArray<3, Float>) {
        switch self {
        case .mobileViT: ([0, 0, 0], [1, 1, 1])
        // ImageNet's.
        case .fastViT: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        }
    }

    /// Whether they differ in sizes alone.
    func isOfTheFamily(of other: Network.Backbone) -> Bool {
        switch (self, other) {
        case (.mobileViT(let one, _), .mobileViT(let other, _)):
            one.attention == other.attention && one.isThird == other.isThird
        case (.fastViT(let one, _), .fastViT(let other, _)): one.attends == other.attends
        default: false
        }
    }

    /// With few blocks and with many, as far as that changes the names of the blocks' tensors.
    var ofAnyDepth: [Network.Backbone] {
        switch self {
        case .mobileViT(var backbone, let layout):
            return (1...8).map { depth in
                backbone.layer2Depth = depth
                for stage in backbone.stages.indices { backbone.stages[stage].depth = depth }
                return .mobileViT(backbone, layout)
            }
        case .fastViT(var backbone, let stride):
            backbone.depths = .init(repeating: FastViT.blockCounts.upperBound, count: 4)
            return [.fastViT(backbone, outputStride: stride)]
        }
    }
}
