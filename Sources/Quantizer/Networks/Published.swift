/// The networks whose checkpoints are published, and those of other libraries.
extension Architecture {
    /// All that can be imported. One of other sizes than these is recognised too, and goes by its family's name.
    public static let known: [Architecture] =
        onMultiHeadAttention.flatMap(\.architectures) + onSeparableAttention.flatMap(\.architectures)
        + FastViT.published.flatMap { fastViT($0.name, $0.network) }

    /// Published are classifiers; the other heads on this backbone are our own combinations.
    private static func fastViT(_ name: String, _ backbone: FastViT) -> [Architecture] {
        func architecture(_ suffix: String, _ title: String, _ naming: TensorNaming, _ task: Task, stride: Int = 32)
            -> Architecture
        {
            Architecture(
                name: "fastvit-" + name + suffix, title: "FastViT-" + name.uppercased() + title,
                backbone: .fastViT(backbone, outputStride: stride), task: task, naming: naming, channelOrder: .rgb,
                resize: .bicubicPillow)
        }
        let classifiers = [TensorNaming.upstream, .upstreamFolded, .timm, .timmFolded].map {
            architecture("", "", $0, .classification(expansionChannels: nil))
        }
        let segmentation = Task.segmentation(channels: 256, rates: DeepLabV3.publishedRates)
        let others = [TensorNaming.upstream, .upstreamFolded].flatMap { naming in
            [
                architecture("-ssdlite", " SSDLite", naming, .detection),
                architecture("-deeplabv3", " DeepLabv3", naming, segmentation, stride: 16),
            ]
        }
        return classifiers + others
    }

    private static let onMultiHeadAttention = [
        Published(
            "mobilevitv3-xxs", "MobileViTv3-XXS", .v3XXS, expansionChannels: 512),
        Published(
            "mobilevitv3-xs", "MobileViTv3-XS",
            .multiHead(isThird: true, expansion: 4, early: [32, 48], channels: [96, 160, 160], tokens: [96, 120, 144]),
            expansionChannels: 640),
        Published(
            "mobilevitv3-s", "MobileViTv3-S",
            .multiHead(isThird: true, expansion: 4, early: [32, 64], channels: [128, 256, 320], tokens: [144, 192, 240]),
            expansionChannels: 960),
        Published(
            "mobilevitv1-xxs", "MobileViTv1-XXS",
            .multiHead(isThird: false, expansion: 2, early: [16, 24], channels: [48, 64, 80], tokens: [64, 80, 96]),
            expansionChannels: 320),
        Published(
            "mobilevitv1-xs", "MobileViTv1-XS",
            .multiHead(isThird: false, expansion: 4, early: [32, 48], channels: [64, 80, 96], tokens: [96, 120, 144]),
            expansionChannels: 384),
        Published(
            "mobilevitv1-s", "MobileViTv1-S",
            .multiHead(isThird: false, expansion: 4, early: [32, 64], channels: [96, 128, 160], tokens: [144, 192, 240]),
            expansionChannels: 640),
    ]

    private static let onSeparableAttention =
        [0.5, 0.75, 1].map { width in
            Published("mobilevitv3-\(width)", "MobileViTv3-\(width)", .separable(isThird: true, width: width))
        }
        + [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2].map { width in
            Published("mobilevitv2-\(width)", "MobileViTv2-\(width)", .separable(isThird: false, width: width))
        }
}

/// A backbone, which is published with each head; those of MobileViTv3 with two encoders in layer_4 too, called fast.
private struct Published {
    let name: String
    let title: String
    let backbone: MobileViT
    let expansionChannels: Int?

    init(_ name: String, _ title: String, _ backbone: MobileViT, expansionChannels: Int? = nil) {
        self.name = name
        self.title = title
        self.backbone = backbone
        self.expansionChannels = expansionChannels
    }

    /// ml-cvnets 0.1, with multi-head attention, differs from 0.2 in all that surrounds a backbone.
    private var isSecond: Bool { backbone.attention == .separable }

    var architectures: [Architecture] {
        var all = heads(name, title, backbone)
        guard backbone.isThird else { return all }
        var fast = backbone
        fast.stages[1].depth = 2
        all += heads(name + "-fast", title + "-fast", fast)
        return all
    }

    private func heads(_ name: String, _ title: String, _ backbone: MobileViT) -> [Architecture] {
        let segmentation = Architecture.Task.segmentation(channels: isSecond ? 512 : 256, rates: DeepLabV3.publishedRates)
        var all = [architecture(name + "-ssdlite", title + " SSDLite", .mobileViT(backbone), .detection, .upstream)]
        for naming in namings {
            all.append(
                architecture(
                    name, title, .mobileViT(backbone), .classification(expansionChannels: expansionChannels), naming))
            guard naming != .timm else { continue }
            let layout = MobileViT.Layout(outputStride: 16, dilatesBlocks: naming == .upstream)
            all.append(
                architecture(
                    name + "-deeplabv3", title + " DeepLabv3", .mobileViT(backbone, layout), segmentation, naming))
        }
        return all
    }

    private var namings: [TensorNaming] {
        if backbone.isThird { return [.upstream] }
        return [.upstream, .timm, .transformers(model: isSecond ? "mobilevitv2" : "mobilevit")]
    }

    /// Other libraries feed converted weights: timm in the order red, green, blue, and transformers in the other.
    private func architecture(
        _ name: String, _ title: String, _ backbone: Network.Backbone, _ task: Architecture.Task, _ naming: TensorNaming
    ) -> Architecture {
        let isBGR = naming == .upstream ? !isSecond : naming != .timm
        return Architecture(
            name: name, title: title, backbone: backbone, task: task, naming: naming, channelOrder: isBGR ? .bgr : .rgb,
            resize: isSecond || naming == .timm ? .bicubicPillow : .bilinearOpenCV)
    }
}
