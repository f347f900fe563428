import Foundation

/// A network that the importer knows, and what a checkpoint does not say about it.
public struct Architecture: Sendable {
    /// What --architecture takes, in lower case.
    public var name: String
    /// As people write it.
    public var title: String
    /// Decides with `head` which tensors the checkpoint has, and their shapes.
    public var backbone: MobileViTv3
    /// What the checkpoint's upstream feeds the network (models/networks.md).
    public var channelOrder: ChannelOrder
    /// With which the upstream evaluates the network.
    public var resize: ResizeRule
    /// With which the upstream evaluates the network.
    public var suppression: NonMaximumSuppression

    /// All that can be imported.
    public static let known = [
        Architecture(
            name: "mobilevitv3-xxs-ssdlite", title: "MobileViTv3-XXS SSDLite", backbone: .xxs, channelOrder: .bgr,
            resize: .bilinearOpenCV, suppression: .perClass(limit: 200)),
        Architecture(
            name: "mobilevitv3-0.5-ssdlite", title: "MobileViTv3-0.5 SSDLite", backbone: .v05, channelOrder: .rgb,
            resize: .bicubicPillow, suppression: .acrossClasses(candidatesPerClass: 400, limit: 200)),
    ]

    /// As published, for `classCount` classes with the background.
    public func head(classCount: Int) -> SSDLite {
        .published(classCount: classCount, stride32Channels: backbone.stages[2].channels)
    }

    /// The network of this name, as --architecture takes it. Throws `noSuchArchitecture`.
    public static func named(_ name: String) throws(QuantizerError) -> Architecture {
        guard let named = known.first(where: { short($0.name) == short(name) }) else {
            throw .noSuchArchitecture(name)
        }
        return named
    }

    /// A name without what all have in common, so that "xxs" and "MobileViTv3-XXS" name the same network.
    private static func short(_ name: String) -> String {
        var name = name.lowercased().replacingOccurrences(of: "_", with: "-")
        for common in ["mobilevitv3-", "-ssdlite"] { name = name.replacingOccurrences(of: common, with: "") }
        return name
    }

    /// The number of classes, background included, that most of the prediction layers agree on. `shape` gives that of
    /// the tensor of a name.
    static func classCount(_ shape: (String) -> [Int]?) -> Int? {
        var votes: [Int: Int] = [:]
        for level in 0..<SSDLite.levelCount {
            let anchors = level < SSDLite.levelCount - 1 ? 6 : 4
            let layer = "ssd_heads.\(level).loc_cls_layer" + (level < SSDLite.levelCount - 1 ? ".pw_conv" : "")
            guard let channels = shape("\(layer).block.conv.weight")?.first, channels % anchors == 0,
                (2...ModelDescription.largestClassCount).contains(channels / anchors - 4)
            else { continue }
            votes[channels / anchors - 4, default: 0] += 1
        }
        return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}

/// A tensor as the upstream networks name and shape it.
struct SourceTensor: Sendable {
    var name: String
    var shape: [Int]

    /// The tensors of one node: weight, and bias or batch norm.
    static func of(_ node: Node, in graph: Graph) -> [SourceTensor] {
        guard let origin = node.origin else { return [] }
        let name = node.name.text
        let input = graph.shape(node.input(0)).channels, output = graph.shape(node.output).channels
        let convolution: [Int] =
            switch node.operation.weights {
            case .matrix(let height, let width, let groups): [output, input / groups, height, width]
            case .depthwise(let height, let width): [output, 1, height, width]
            case .gain, .none: []
            }
        switch origin {
        case .convolutionWithBatchNorm:
            return [SourceTensor(name: name + ".block.conv.weight", shape: convolution)]
                + ["weight", "bias", "running_mean", "running_var"].map {
                    SourceTensor(name: name + ".block.norm." + $0, shape: [output])
                }
        case .convolutionWithBias:
            return [
                SourceTensor(name: name + ".block.conv.weight", shape: convolution),
                SourceTensor(name: name + ".block.conv.bias", shape: [output]),
            ]
        case .convolution: return [SourceTensor(name: name + ".block.conv.weight", shape: convolution)]
        case .linear:
            return [
                SourceTensor(name: name + ".weight", shape: [output, input]),
                SourceTensor(name: name + ".bias", shape: [output]),
            ]
        case .normalisation:
            return ["weight", "bias"].map { SourceTensor(name: name + "." + $0, shape: [output]) }
        }
    }

    static func all(of architecture: Architecture, classCount: Int) -> [SourceTensor] {
        let network = DetectionNetwork(
            backbone: architecture.backbone, head: architecture.head(classCount: classCount), height: 320, width: 320)
        return network.graph.nodes.flatMap { of($0, in: network.graph) }
    }
}
