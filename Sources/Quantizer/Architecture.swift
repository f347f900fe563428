import Foundation

/// A network that the importer knows, and what a checkpoint does not say about it.
public struct Architecture: Sendable {
    /// What a network is for, with the sizes of its head that a checkpoint shows.
    public enum Task: Hashable, Sendable {
        /// The channels of the 1x1 layer before the mean, where there is one.
        case classification(expansionChannels: Int?)
        case detection
        /// The channels of DeepLabv3's pyramid, and its dilations, which no checkpoint shows.
        case segmentation(channels: Int, rates: [Int])
    }

    /// What --architecture takes, in lower case.
    public var name: String
    /// As people write it.
    public var title: String
    /// Decides with the head which tensors the checkpoint has, and their shapes.
    public var backbone: Network.Backbone
    /// Decides about the head.
    public var task: Task
    /// Who named the tensors.
    public var naming = TensorNaming.upstream
    /// What the checkpoint's upstream feeds the network (models/networks.md).
    public var channelOrder: ChannelOrder
    /// With which the upstream evaluates the network.
    public var resize: ResizeRule

    /// With which the upstream of a detector evaluates it.
    public var suppression: NonMaximumSuppression {
        backbone.isSecond ? .acrossClasses(candidatesPerClass: 400, limit: 200) : .perClass(limit: 200)
    }

    /// How a segmenter's upstream makes logits as large as the image.
    var upsampling: Upsampling {
        naming == .upstream && backbone.isSecond ? .alignedCorners : .alignedEdges
    }

    /// The input for which the network is published.
    public var size: ImageSize {
        let side =
            switch task {
            case .classification: 256
            case .detection: 320
            case .segmentation: 512
            }
        return ImageSize(width: side, height: side)
    }

    /// The name without sizes.
    var family: String {
        let words = name.split(separator: "-")
        return ([words[0]] + words.dropFirst().filter { $0 == "ssdlite" || $0 == "deeplabv3" }).joined(separator: "-")
    }

    /// The head as published, for `classCount` classes; a detector's contain the background.
    public func head(classCount: Int) -> Network.Head {
        switch task {
        case .classification(let channels):
            .classifier(Classifier(classCount: classCount, expansionChannels: channels))
        case .detection:
            .ssdLite(.published(classCount: classCount, for: backbone))
        case .segmentation(let channels, let rates):
            .deepLabV3(
                DeepLabV3(classCount: classCount, channels: channels, rates: rates, isSecond: backbone.isSecond))
        }
    }

    /// What the weight and bias of a node are made of; nil for a node without weights.
    func recipe(of node: Node, in graph: Graph, classCount: Int) -> ParameterRecipe? {
        if case .fastViT(let backbone, _) = backbone,
            let recipe = backbone.recipe(of: node, prefix: prefix, classCount: classCount, naming)
        {
            return recipe
        }
        return naming.recipe(of: node, in: graph)
    }

    /// What layers of the backbone are called before their own names.
    var prefix: String {
        if case .classification = task { "" } else { "encoder." }
    }

    /// At 320x320, keeping all resizes, so that it is one for any size.
    func graph(classCount: Int) -> Graph {
        let graph = Network(backbone, head(classCount: classCount), height: 320, width: 320, keepsAll: true).graph
        precondition(graph.problem == nil)
        return graph
    }

    /// The networks of this name, as --architecture takes it, by their names of tensors. Throws `noSuchArchitecture`.
    static func named(_ name: String) throws(QuantizerError) -> [Architecture] {
        let whole = known.filter { $0.name == name.lowercased().replacingOccurrences(of: "_", with: "-") }
        if !whole.isEmpty { return whole }
        let detectors = known.filter { architecture in
            guard case .detection = architecture.task else { return false }
            return short(architecture.name) == short(name)
        }
        guard !detectors.isEmpty else { throw .noSuchArchitecture(name) }
        return detectors
    }

    /// A detector's name without what all MobileViTv3 have in common, so that "xxs" and "MobileViTv3-XXS" name the same.
    private static func short(_ name: String) -> String {
        var name = name.lowercased().replacingOccurrences(of: "_", with: "-")
        for common in ["mobilevitv3-", "-ssdlite"] { name = name.replacingOccurrences(of: common, with: "") }
        return name
    }
}
