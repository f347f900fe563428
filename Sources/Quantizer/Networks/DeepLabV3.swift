/// The segmentation head of Chen et al., 2017, "Rethinking Atrous Convolution for Semantic Image Segmentation": an atrous
/// spatial pyramid pooling, and a 1x1 layer that makes logits (models/networks.md, "DeepLabv3"). Auxiliary heads, which
/// help training, are no part of it.
public struct DeepLabV3: Equatable, Sendable {
    /// Of each pixel; whether one of them is a background is the data set's.
    public var classCount: Int
    /// The channels of each branch of the pyramid, and of their sum.
    public var channels: Int
    /// The dilations of its three 3x3 branches.
    public var rates: [Int]
    /// Whether the last layer stands where ml-cvnets 0.2, with MobileViTv2, has it.
    public var isSecond: Bool

    /// Upstream's of output stride 16.
    static let publishedRates = [6, 12, 18]

    /// Logits [h, w, classes] of a map [h, w, c].
    func build(_ graph: inout Graph, _ input: TensorID) -> TensorID {
        let pyramid = Name("seg_head.aspp.aspp_layer.")
        func branch(_ index: Int) -> Name { pyramid.appending("convs.").appending(index) }
        var branches = UpToSix(graph.pointwise(input, branch(0), channels: channels, .relu))
        for (index, rate) in rates.enumerated() {
            branches.append(
                graph.convolution(input, branch(index + 1), Window(3, dilation: rate), channels: channels, .relu))
        }
        let pool = branch(4).appending(".aspp_pool")
        let mean = graph.pointwise(
            graph.mean(input, pool.appending(".mean")), pool.appending(".conv_1x1"), channels: channels, .relu)
        branches.append(
            graph.resize(
                mean, to: .like(input, graph.shape(input)), alignCorners: false, pool.appending(".resize")))
        let all = graph.concatenateChannels(branches, pyramid.appending("concatenate"))
        let projected = graph.pointwise(all, pyramid.appending("project"), channels: channels, .relu)
        let classifier = Name(isSecond ? "seg_head.classifier" : "seg_head.classifier.classifier")
        return graph.pointwise(projected, classifier, channels: classCount, origin: .convolutionWithBias)
    }
}
