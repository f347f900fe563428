/// A network's graph at one input size: a backbone, and the head of a task.
public struct Network: Sendable {
    /// What makes features of an image.
    public enum Backbone: Hashable, Sendable {
        case mobileViT(MobileViT, MobileViT.Layout = .init())
        case fastViT(FastViT, outputStride: Int = 32)
    }

    /// What makes a task's values of features.
    public enum Head: Sendable {
        case classifier(Classifier)
        case ssdLite(SSDLite)
        case deepLabV3(DeepLabV3)
    }

    /// From the image, [height, width, 3], to the head's output: logits [1, 1, classes] of a classifier, logits
    /// [h, w, classes] of DeepLabv3, predictions [1, R, 4 + classes] of SSDLite, of each anchor four box offsets, then its
    /// logits; R in the order level, row, column, anchor. Where a size was too large for it, its `problem` tells.
    public let graph: Graph

    /// `height` and `width` within `ModelDescription.inputSides`; `keepsAll` is the graph's.
    public init(_ backbone: Backbone, _ head: Head, height: Int, width: Int, keepsAll: Bool = false) {
        precondition(ModelDescription.inputSides.contains(height) && ModelDescription.inputSides.contains(width))
        var graph = Graph(input: MapShape(height: height, width: width, channels: 3), keepsAll: keepsAll)
        // Upstream's detectors and segmenters have the classifier's backbone as a part.
        let prefix: Name
        if case .classifier = head { prefix = Name("") } else { prefix = Name("encoder.") }
        let (stride16, stride32) =
            switch backbone {
            case .mobileViT(let backbone, let layout): backbone.build(&graph, prefix: prefix, layout)
            case .fastViT(let backbone, let stride): backbone.build(&graph, prefix: prefix, outputStride: stride)
            }
        graph.output =
            switch (head, backbone) {
            case (.classifier(let head), .fastViT(let backbone, _)):
                backbone.classify(&graph, stride32, classCount: head.classCount)
            case (.classifier(let head), _): head.build(&graph, stride32)
            case (.ssdLite(let head), _): head.build(&graph, stride16: stride16, stride32: stride32)
            case (.deepLabV3(let head), _): head.build(&graph, stride32)
            }
        self.graph = graph
    }
}

/// The mean over a map, and a linear layer.
public struct Classifier: Equatable, Sendable {
    /// Logits.
    public var classCount: Int
    /// The channels of MobileViT's 1x1 layer before the mean; nil where there is none, as in MobileViTv2 and what is built
    /// on it.
    public var expansionChannels: Int?

    func build(_ graph: inout Graph, _ input: TensorID) -> TensorID {
        var x = input
        if let expansionChannels {
            x = graph.pointwise(x, Name("conv_1x1_exp"), channels: expansionChannels, .silu)
        }
        x = graph.mean(x, Name("classifier.global_pool"))
        let linear = Name(expansionChannels == nil ? "classifier.1" : "classifier.fc")
        return graph.pointwise(x, linear, channels: classCount, origin: .linear)
    }
}
