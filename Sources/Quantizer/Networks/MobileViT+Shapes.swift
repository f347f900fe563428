/// A network's sizes, from the shapes of a checkpoint's tensors.
extension Architecture {
    /// The shape of a layer's weight in a checkpoint, by the name that the layer has here; nil where there is none.
    typealias WeightShape = (_ layer: String, _ origin: ParameterOrigin) -> [Int]?

    /// The network of this family, task and naming that has the sizes of a checkpoint; nil where they are those of none.
    func fitted(_ weight: WeightShape) -> Architecture? {
        var fitted = self
        switch backbone {
        case .mobileViT(let backbone, let layout):
            guard let found = backbone.fitted(prefix: prefix, weight) else { return nil }
            fitted.backbone = .mobileViT(found, layout)
        }
        switch task {
        case .detection, .classification(nil): break
        case .classification:
            guard let channels = weight("conv_1x1_exp", .convolutionWithBatchNorm)?.first, MobileViT.channels.contains(channels)
            else { return nil }
            fitted.task = .classification(expansionChannels: channels)
        case .segmentation(_, let rates):
            let branch = "seg_head.aspp.aspp_layer.convs.0"
            guard let channels = weight(branch, .convolutionWithBatchNorm)?.first, MobileViT.channels.contains(channels)
            else { return nil }
            fitted.task = .segmentation(channels: channels, rates: rates)
        }
        let published = Self.known.first {
            $0.isOfTheFamily(of: self) && $0.backbone == fitted.backbone && $0.task == fitted.task
        }
        if let published { return published }
        // The family's name, without the size.
        fitted.name = name.replacing(/-[^-]+/, with: "", maxReplacements: 1)
        fitted.title = title.replacing(/-[^ ]+/, with: "", maxReplacements: 1)
        return fitted
    }

    /// One of each family, task and naming.
    static let families = known.reduce(into: [Architecture]()) { families, next in
        if !families.contains(where: { $0.isOfTheFamily(of: next) }) { families.append(next) }
    }

    /// The names of the tensors of networks of this family, with few blocks and with many.
    var namesOfAnyDepth: Set<String> {
        var names: Set<String> = []
        for depth in 1...8 {
            var other = self
            switch backbone {
            case .mobileViT(var backbone, let layout):
                backbone.layer2Depth = depth
                for stage in backbone.stages.indices { backbone.stages[stage].depth = depth }
                other.backbone = .mobileViT(backbone, layout)
            }
            names.formUnion(ExpectedTensors.of(other, classCount: 2).shapes.keys)
        }
        return names
    }

    private func isOfTheFamily(of other: Architecture) -> Bool {
        guard naming == other.naming, isOfTheTask(of: other) else { return false }
        switch (backbone, other.backbone) {
        case (.mobileViT(let backbone, _), .mobileViT(let other, _)):
            return backbone.attention == other.attention && backbone.isThird == other.isThird
        }
    }

    private func isOfTheTask(of other: Architecture) -> Bool {
        switch (task, other.task) {
        case (.classification, .classification), (.detection, .detection), (.segmentation, .segmentation): true
        default: false
        }
    }

    /// What layers of the backbone are called before their own names.
    var prefix: String {
        if case .classification = task { "" } else { "encoder." }
    }

    /// The number of classes, with a detector's background, that the last layers of a checkpoint have; of a detector's those
    /// that most of them agree on.
    func classCount(_ weight: WeightShape) -> Int? {
        let counts = 2...ModelDescription.largestClassCount
        var found: Int?
        switch (task, backbone) {
        case (.classification(let channels), _):
            found = weight(channels == nil ? "classifier.1" : "classifier.fc", .linear)?.first
        case (.segmentation, .mobileViT(let backbone, _)):
            let isSecond = backbone.attention == .separable
            found = weight(isSecond ? "seg_head.classifier" : "seg_head.classifier.classifier", .convolutionWithBias)?.first
        case (.detection, _):
            var votes: [Int: Int] = [:]
            for level in 0..<SSDLite.levelCount {
                let isLast = level == SSDLite.levelCount - 1, anchors = isLast ? 4 : 6
                let layer = "ssd_heads.\(level).loc_cls_layer" + (isLast ? "" : ".pw_conv")
                guard let channels = weight(layer, .convolutionWithBias)?.first, channels % anchors == 0,
                    counts.contains(channels / anchors - 4)
                else { continue }
                votes[channels / anchors - 4, default: 0] += 1
            }
            found = votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        }
        return found.flatMap { counts.contains($0) ? $0 : nil }
    }
}

extension MobileViT {
    /// Of layers; what is larger is no checkpoint of this family, and would not run.
    static let channels = 1...4096

    /// The same line of the family with the sizes that the shapes tell; nil where they tell none.
    fileprivate func fitted(prefix: String, _ weight: Architecture.WeightShape) -> MobileViT? {
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
