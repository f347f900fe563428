/// The FastViT backbone and classifier (Vasu et al., 2023, "FastViT: A Fast Hybrid Vision Transformer using Structural
/// Reparameterization"), with all branches and normalisations folded: one node for each convolution that is left.
public struct FastViT: Hashable, Sendable {
    /// The blocks of each of the four stages.
    public var depths: [Int]
    /// The channels of each stage, as published.
    public var channels: [Int]
    /// Channels inside a feed-forward layer for each channel outside.
    public var expansion: Int
    /// Whether stage 4 has attention, with heads of 32 channels, and position encodings before it.
    public var attends: Bool

    /// Those that are published, by their names without "fastvit_".
    public static let published: [(name: String, network: FastViT)] = [
        ("t8", FastViT(depths: [2, 2, 4, 2], channels: [48, 96, 192, 384], expansion: 3, attends: false)),
        ("t12", FastViT(depths: [2, 2, 6, 2], channels: [64, 128, 256, 512], expansion: 3, attends: false)),
        ("s12", FastViT(depths: [2, 2, 6, 2], channels: [64, 128, 256, 512], expansion: 4, attends: false)),
        ("sa12", FastViT(depths: [2, 2, 6, 2], channels: [64, 128, 256, 512], expansion: 4, attends: true)),
        ("sa24", FastViT(depths: [4, 4, 12, 4], channels: [64, 128, 256, 512], expansion: 4, attends: true)),
        ("sa36", FastViT(depths: [6, 6, 18, 6], channels: [64, 128, 256, 512], expansion: 4, attends: true)),
        ("ma36", FastViT(depths: [6, 6, 18, 6], channels: [76, 152, 304, 608], expansion: 4, attends: true)),
    ]

    static let headChannels = 32

    /// Channels as the graph has them: in whole blocks of int8's kernels, the last filled up with zeros.
    static func padded(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }

    /// Of the layer between the two of squeeze-and-excitation, as published.
    var squeezedChannels: Int { 2 * channels[3] / 16 }

    /// The place of stage 4 in upstream's list, in which position encodings take one too.
    var lastStage: Int { attends ? 7 : 6 }

    /// Appends the backbone to `graph` and returns the outputs of stages 3 (stride 16) and 4 (stride 32); a smaller
    /// `outputStride` keeps the maps of the last stages as large as that. Names begin with `prefix`.
    func build(
        _ graph: inout Graph, prefix: Name, outputStride: Int = 32
    ) -> (stride16: TensorID, stride32: TensorID) {
        let stem = prefix.appending("patch_embed."), first = Self.padded(channels[0])
        var x = graph.convolution(graph.input, stem.appending(0), Window(3, stride: 2), channels: first, .gelu)
        x = graph.depthwise(x, stem.appending(1), Window(3, stride: 2), .gelu)
        x = graph.pointwise(x, stem.appending(2), channels: first, .gelu)
        var outputs: [TensorID] = []
        for stage in 0..<4 {
            let list = prefix.appending("network.")
            if stage > 0 {
                let name = list.appending(2 * stage - 1).appending(".proj")
                x = doubled(&graph, x, name.appending(".0"), Window(7, stride: outputStride >= 4 << stage ? 2 : 1))
                x = graph.pointwise(x, name.appending(".1"), channels: Self.padded(channels[stage]), .gelu)
            }
            let isLast = stage == 3
            if isLast, attends { x = graph.depthwise(x, list.appending(6), Window(7)) }
            for index in 0..<depths[stage] {
                let name = list.appending(isLast ? lastStage : 2 * stage).appending(".").appending(index)
                x = isLast && attends ? attention(&graph, x, name) : mixed(&graph, x, name)
                x = feedForward(&graph, x, name, stage)
            }
            outputs.append(x)
        }
        return (outputs[2], outputs[3])
    }

    /// Appends the classifier: [1, 1, classes].
    func classify(_ graph: inout Graph, _ stride32: TensorID, classCount: Int) -> TensorID {
        let name = Name("conv_exp")
        var x = doubled(&graph, stride32, name, Window(3))
        var factors = graph.mean(x, name.appending(".se.mean"))
        factors = graph.pointwise(
            factors, name.appending(".se.reduce"), channels: Self.padded(squeezedChannels), .relu, origin: .linear)
        factors = graph.pointwise(
            factors, name.appending(".se.expand"), channels: graph.shape(x).channels, origin: .linear)
        factors = graph.activate(factors, name.appending(".se.sigmoid"), .sigmoid)
        x = graph.multiply(x, by: factors, name.appending(".se"))
        x = graph.activate(x, name.appending(".gelu"), .gelu)
        return graph.pointwise(graph.mean(x, Name("head.mean")), Name("head"), channels: classCount, origin: .linear)
    }

    /// A convolution whose groups make two outputs of one input each: all first outputs, then all second ones, so that
    /// these are two depthwise convolutions. What reads it has its weights in that order.
    private func doubled(_ graph: inout Graph, _ x: TensorID, _ name: Name, _ window: Window) -> TensorID {
        let first = graph.depthwise(x, name.appending(".first"), window)
        let second = graph.depthwise(x, name.appending(".second"), window)
        return graph.concatenateChannels(first, second, name)
    }

    private func mixed(_ graph: inout Graph, _ x: TensorID, _ name: Name) -> TensorID {
        graph.depthwise(x, name.appending(".token_mixer"), Window(3))
    }

    private func attention(_ graph: inout Graph, _ x: TensorID, _ name: Name) -> TensorID {
        let mixer = name.appending(".token_mixer"), grid = PatchGrid(height: 1, width: 1)
        let channels = graph.shape(x).channels
        var y = graph.unfold(x, mixer.appending(".unfold"), grid)
        y = graph.pointwise(y, mixer.appending(".qkv"), channels: 3 * channels, origin: .linear)
        y = graph.attention(y, heads: channels / Self.headChannels, mixer.appending(".attention"))
        y = graph.pointwise(y, mixer.appending(".proj"), channels: channels, origin: .linear)
        return graph.add(graph.fold(y, like: x, mixer.appending(".fold"), grid), x, mixer)
    }

    private func feedForward(_ graph: inout Graph, _ x: TensorID, _ name: Name, _ stage: Int) -> TensorID {
        let layer = name.appending(".convffn"), channels = Self.padded(channels[stage])
        var y = graph.depthwise(x, layer.appending(".conv"), Window(7))
        y = graph.pointwise(
            y, layer.appending(".fc1"), channels: Self.padded(expansion * self.channels[stage]), .gelu, origin: .linear)
        y = graph.pointwise(y, layer.appending(".fc2"), channels: channels, origin: .linear)
        return graph.add(y, x, name)
    }
}
