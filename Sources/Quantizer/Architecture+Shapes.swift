/// A network's sizes, from the shapes of a checkpoint's tensors.
extension Architecture {
    /// The shape of a tensor of a checkpoint; nil where there is none of this name.
    typealias TensorShape = (_ name: String) -> [Int]?
    /// The shape of a layer's weight, by the name that the layer has here.
    typealias WeightShape = (_ layer: String, _ origin: ParameterOrigin) -> [Int]?

    /// The network of this family, task and naming that has the sizes of a checkpoint; nil where they are those of none.
    func fitted(_ shape: @escaping TensorShape) -> Architecture? {
        let weight = weights(shape)
        var fitted = self
        switch backbone {
        case .mobileViT(let backbone, let layout):
            guard let found = backbone.fitted(prefix: prefix, weight) else { return nil }
            fitted.backbone = .mobileViT(found, layout)
        case .fastViT(let backbone, let stride):
            guard let found = backbone.fitted(prefix: prefix, naming, shape) else { return nil }
            fitted.backbone = .fastViT(found, outputStride: stride)
        }
        switch task {
        case .detection, .classification(nil): break
        case .classification:
            guard let channels = weight("conv_1x1_exp", .convolutionWithBatchNorm)?.first, Self.channels.contains(channels)
            else { return nil }
            fitted.task = .classification(expansionChannels: channels)
        case .segmentation(_, let rates):
            let branch = "seg_head.aspp.aspp_layer.convs.0"
            guard let channels = weight(branch, .convolutionWithBatchNorm)?.first, Self.channels.contains(channels)
            else { return nil }
            fitted.task = .segmentation(channels: channels, rates: rates)
        }
        let published = Self.known.first {
            $0.isOfTheFamily(of: self) && $0.backbone == fitted.backbone && $0.task == fitted.task
        }
        if let published { return published }
        fitted.name = Self.withoutSize(name, until: "-")
        fitted.title = Self.withoutSize(title, until: " ")
        return fitted
    }

    /// The family's name: without the size, which stands between the first hyphen and `end`.
    private static func withoutSize(_ name: String, until end: Character) -> String {
        guard let hyphen = name.firstIndex(of: "-") else { return name }
        let size = name[hyphen...].dropFirst().prefix { $0 != end }
        return String(name[..<hyphen] + name[size.endIndex...])
    }

    /// Of layers; what is larger is no checkpoint of a known family, and would not run.
    static let channels = 1...4096

    /// One of each family, task and naming.
    static let families = known.reduce(into: [Architecture]()) { families, next in
        if !families.contains(where: { $0.isOfTheFamily(of: next) }) { families.append(next) }
    }

    /// The names of the tensors of networks of this family, with few blocks and with many.
    var namesOfAnyDepth: Set<String> {
        backbone.ofAnyDepth.reduce(into: []) { names, backbone in
            var other = self
            other.backbone = backbone
            names.formUnion(ExpectedTensors.of(other, classCount: 2).shapes.keys)
        }
    }

    private func isOfTheFamily(of other: Architecture) -> Bool {
        naming == other.naming && backbone.isOfTheFamily(of: other.backbone) && isOfTheTask(of: other)
    }

    private func isOfTheTask(of other: Architecture) -> Bool {
        switch (task, other.task) {
        case (.classification, .classification), (.detection, .detection), (.segmentation, .segmentation): true
        default: false
        }
    }

    private func weights(_ shape: @escaping TensorShape) -> WeightShape { { shape(naming.weightName($0, $1)) } }

    /// The number of classes, with a detector's background, that the last layers of a checkpoint have; of a detector's those
    /// that most of them agree on.
    func classCount(_ shape: @escaping TensorShape) -> Int? {
        let counts = 2...ModelDescription.largestClassCount, weight = weights(shape)
        var found: Int?
        switch (task, backbone) {
        case (.classification, .fastViT(let backbone, _)): found = shape(backbone.name("head.weight", naming))?.first
        case (.classification(let channels), _):
            found = weight(channels == nil ? "classifier.1" : "classifier.fc", .linear)?.first
        case (.segmentation, _):
            let layer = backbone.isSecond ? "seg_head.classifier" : "seg_head.classifier.classifier"
            found = weight(layer, .convolutionWithBias)?.first
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
