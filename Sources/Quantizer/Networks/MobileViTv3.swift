/// The MobileViTv3 backbone (Wadekar and Chaurasia, 2022, "MobileViTv3: Mobile-Friendly Vision Transformer with Simple
/// and Effective Fusion of Local, Global and Input Features"), as a detector uses it: without classifier. Sizes are not
/// checked here: those of a file are when its description is read.
public struct MobileViTv3: Sendable {
    /// The two lines of the family differ in more than the attention; see `block`.
    public enum Attention: Equatable, Sendable {
        /// XXS, XS, S: built on MobileViTv1.
        case multiHead(heads: Int)
        /// 0.5, 0.75, 1.0: built on MobileViTv2.
        case separable
    }

    /// One of the stages layer_3, layer_4 and layer_5: an inverted residual of stride 2, then a MobileViT block.
    public struct Stage: Sendable {
        /// The channels that leave the inverted residual, and the block.
        public var channels: Int
        /// The width of a token, d; with multi-head attention a multiple of the heads.
        public var tokenChannels: Int
        /// The width of the feed-forward layer inside an encoder.
        public var feedForwardChannels: Int
        /// The number of transformer encoders, L.
        public var depth: Int
    }

    /// Which line of the family it is.
    public var attention: Attention
    /// Hidden channels per input channel of an inverted residual.
    public var expansion: Int
    /// The channels that leave conv_1, the first layer.
    public var stemChannels: Int
    /// The channels of layer_1 and layer_2.
    public var earlyChannels: InlineArray<2, Int>
    /// The number of inverted residuals in layer_2.
    public var layer2Depth: Int
    /// layer_3, layer_4 and layer_5.
    public var stages: InlineArray<3, Stage>

    /// MobileViTv3-XXS.
    public static let xxs = MobileViTv3(
        attention: .multiHead(heads: 4), expansion: 2, stemChannels: 16, earlyChannels: [16, 24], layer2Depth: 3,
        stages: [
            Stage(channels: 64, tokenChannels: 64, feedForwardChannels: 128, depth: 2),
            Stage(channels: 80, tokenChannels: 80, feedForwardChannels: 160, depth: 4),
            Stage(channels: 128, tokenChannels: 96, feedForwardChannels: 192, depth: 3),
        ])

    /// MobileViTv3-0.5.
    public static let v05 = MobileViTv3(
        attention: .separable, expansion: 2, stemChannels: 16, earlyChannels: [32, 64], layer2Depth: 2,
        stages: [
            Stage(channels: 128, tokenChannels: 64, feedForwardChannels: 128, depth: 2),
            Stage(channels: 192, tokenChannels: 96, feedForwardChannels: 192, depth: 4),
            Stage(channels: 256, tokenChannels: 128, feedForwardChannels: 256, depth: 3),
        ])
}

extension MobileViTv3 {
    /// Appends the backbone to `graph` and returns the outputs of layer_4 (stride 16) and layer_5 (stride 32).
    func build(_ graph: inout Graph) -> (stride16: TensorID, stride32: TensorID) {
        let encoder = Name("encoder.")
        var x = graph.convolution3x3(graph.input, encoder.appending("conv_1"), channels: stemChannels, .silu)
        x = invertedResidual(&graph, x, encoder.appending("layer_1.0"), channels: earlyChannels[0], stride: 1)
        for index in 0..<layer2Depth {
            x = invertedResidual(
                &graph, x, encoder.appending("layer_2.").appending(index), channels: earlyChannels[1],
                stride: index == 0 ? 2 : 1)
        }
        var outputs: InlineArray<3, TensorID> = [x, x, x]
        for index in 0..<3 {
            let layer = encoder.appending("layer_").appending(index + 3)
            x = invertedResidual(&graph, x, layer.appending(".0"), channels: stages[index].channels, stride: 2)
            x = block(&graph, x, layer.appending(".1"), stages[index])
            outputs[index] = x
        }
        return (outputs[1], outputs[2])
    }

    /// MobileNetV2's inverted residual (models/networks.md, "Layers").
    private func invertedResidual(
        _ graph: inout Graph, _ input: TensorID, _ name: Name, channels: Int, stride: Int
    ) -> TensorID {
        let inputChannels = graph.shape(input).channels
        var x = graph.pointwise(
            input, name.appending(".block.exp_1x1"), channels: inputChannels * expansion, .silu)
        x = graph.depthwise3x3(x, name.appending(".block.conv_3x3"), stride: stride, .silu)
        x = graph.pointwise(x, name.appending(".block.red_1x1"), channels: channels)
        guard stride == 1, inputChannels == channels else { return x }
        return graph.add(x, input, name)
    }

    /// The MobileViTv3 block with 2x2 patches (models/networks.md).
    ///
    /// An odd height or width is rounded up. The multi-head line resizes the tokens only and resizes them back; the
    /// separable line resizes the block's input and stays at the larger size. An even map is not resized.
    private func block(_ graph: inout Graph, _ input: TensorID, _ name: Name, _ stage: Stage) -> TensorID {
        let even = Extent.multiple(of: PatchGrid(height: 2, width: 2))
        switch attention {
        case .multiHead(let heads):
            let local = graph.pointwise(
                graph.depthwise3x3(input, name.appending(".local_rep.conv_3x3"), .silu),
                name.appending(".local_rep.conv_1x1"), channels: stage.tokenChannels, origin: .convolution)
            let map = graph.resize(local, to: even, alignCorners: false, name.appending(".resize"))
            var tokens = graph.unfold(map, name.appending(".unfold"))
            for index in 0..<stage.depth {
                tokens = multiHeadEncoder(
                    &graph, tokens, name.appending(".global_rep.").appending(index), stage, heads: heads)
            }
            tokens = graph.layerNorm(tokens, name.appending(".global_rep.").appending(stage.depth))
            var global = graph.fold(tokens, like: map, name.appending(".fold"))
            global = graph.resize(
                global, to: .like(local, graph.shape(local)), alignCorners: false, name.appending(".resize_back"))
            global = graph.pointwise(global, name.appending(".conv_proj"), channels: stage.channels, .silu)
            let both = graph.concatenateChannels(local, global, name.appending(".concatenate"))
            let fused = graph.pointwise(both, name.appending(".fusion"), channels: stage.channels, .silu)
            return graph.add(fused, input, name)

        case .separable:
            let input = graph.resize(input, to: even, alignCorners: true, name.appending(".resize"))
            let local = graph.pointwise(
                graph.depthwise3x3(input, name.appending(".local_rep.0"), .silu),
                name.appending(".local_rep.1"), channels: stage.tokenChannels, origin: .convolution)
            var tokens = graph.unfold(local, name.appending(".unfold"))
            for index in 0..<stage.depth {
                tokens = separableEncoder(&graph, tokens, name.appending(".global_rep.").appending(index), stage)
            }
            tokens = graph.groupNorm(tokens, name.appending(".global_rep.").appending(stage.depth))
            let global = graph.fold(tokens, like: local, name.appending(".fold"))
            let both = graph.concatenateChannels(global, local, name.appending(".concatenate"))
            let fused = graph.pointwise(both, name.appending(".conv_proj"), channels: stage.channels)
            return graph.add(fused, input, name)
        }
    }

    /// Pre-norm transformer encoder with multi-head attention.
    private func multiHeadEncoder(
        _ graph: inout Graph, _ input: TensorID, _ name: Name, _ stage: Stage, heads: Int
    ) -> TensorID {
        let d = stage.tokenChannels
        let attention = name.appending(".pre_norm_mha.1")
        var x = graph.layerNorm(input, name.appending(".pre_norm_mha.0"))
        x = graph.pointwise(x, attention.appending(".qkv_proj"), channels: 3 * d, origin: .linear)
        x = graph.attention(x, heads: heads, attention.appending(".attention"))
        x = graph.pointwise(x, attention.appending(".out_proj"), channels: d, origin: .linear)
        let middle = graph.add(x, input, name.appending(".pre_norm_mha"))
        x = graph.layerNorm(middle, name.appending(".pre_norm_ffn.0"))
        x = graph.pointwise(
            x, name.appending(".pre_norm_ffn.1"), channels: stage.feedForwardChannels, .silu, origin: .linear)
        x = graph.pointwise(x, name.appending(".pre_norm_ffn.4"), channels: d, origin: .linear)
        return graph.add(x, middle, name)
    }

    /// Pre-norm transformer encoder with separable attention; linear layers are 1x1 convolutions with bias.
    private func separableEncoder(
        _ graph: inout Graph, _ input: TensorID, _ name: Name, _ stage: Stage
    ) -> TensorID {
        let d = stage.tokenChannels
        let attention = name.appending(".pre_norm_attn.1")
        var x = graph.groupNorm(input, name.appending(".pre_norm_attn.0"))
        x = graph.pointwise(x, attention.appending(".qkv_proj"), channels: 1 + 2 * d, origin: .convolutionWithBias)
        x = graph.separableAttention(x, attention.appending(".attention"))
        x = graph.pointwise(x, attention.appending(".out_proj"), channels: d, origin: .convolutionWithBias)
        let middle = graph.add(x, input, name.appending(".pre_norm_attn"))
        x = graph.groupNorm(middle, name.appending(".pre_norm_ffn.0"))
        x = graph.pointwise(
            x, name.appending(".pre_norm_ffn.1"), channels: stage.feedForwardChannels, .silu,
            origin: .convolutionWithBias)
        x = graph.pointwise(x, name.appending(".pre_norm_ffn.3"), channels: d, origin: .convolutionWithBias)
        return graph.add(x, middle, name)
    }
}
