/// The backbones of the MobileViT family, without what a task puts behind them: MobileViT (Mehta and Rastegari, 2022,
/// "MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer"), MobileViTv2 (the same, 2022,
/// "Separable Self-attention for Mobile Vision Transformers") and MobileViTv3 (Wadekar and Chaurasia, 2022, "MobileViTv3:
/// Mobile-Friendly Vision Transformer with Simple and Effective Fusion of Local, Global and Input Features").
public struct MobileViT: Hashable, Sendable {
    /// The two lines of the family differ in more than the attention; see `block`.
    public enum Attention: Hashable, Sendable {
        /// MobileViT, and MobileViTv3 that is built on it: XXS, XS, S.
        case multiHead(heads: Int)
        /// MobileViTv2, and MobileViTv3 that is built on it: 0.5, 0.75, 1.0.
        case separable
    }

    /// One of the stages layer_3, layer_4 and layer_5: an inverted residual, then a MobileViT block.
    public struct Stage: Hashable, Sendable {
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
    /// Whether blocks end as MobileViTv3's: local and global features together, and the input added.
    public var isThird: Bool
    /// Hidden channels per input channel of an inverted residual.
    public var expansion: Int
    /// The channels that leave conv_1, the first layer.
    public var stemChannels: Int
    /// The channels of layer_1 and layer_2.
    public var earlyChannels: [Int]
    /// The number of inverted residuals in layer_2.
    public var layer2Depth: Int
    /// layer_3, layer_4 and layer_5.
    public var stages: [Stage]

    /// MobileViTv3-XXS.
    public static let v3XXS = multiHead(
        isThird: true, expansion: 2, early: [16, 24], channels: [64, 80, 128], tokens: [64, 80, 96])
    /// MobileViTv3-0.5.
    public static let v3Half = separable(isThird: true, width: 0.5)

    /// On MobileViT: tokens of that many channels in each stage.
    static func multiHead(
        isThird: Bool, expansion: Int, early: [Int], channels: [Int], tokens: [Int], depths: [Int] = [2, 4, 3]
    ) -> MobileViT {
        MobileViT(
            attention: .multiHead(heads: 4), isThird: isThird, expansion: expansion, stemChannels: 16,
            earlyChannels: early, layer2Depth: 3,
            stages: (0..<3).map { stage in
                Stage(
                    channels: channels[stage], tokenChannels: tokens[stage], feedForwardChannels: 2 * tokens[stage],
                    depth: depths[stage])
            })
    }

    /// On MobileViTv2: all channels are multiples of the width.
    static func separable(isThird: Bool, width: Double, depths: [Int] = [2, 4, 3]) -> MobileViT {
        func channels(_ count: Double) -> Int { Int(count * width) }
        return MobileViT(
            attention: .separable, isThird: isThird, expansion: 2, stemChannels: channels(32),
            earlyChannels: [channels(64), channels(128)], layer2Depth: 2,
            stages: (0..<3).map { stage in
                let tokens = channels([128, 192, 256][stage])
                return Stage(
                    channels: 2 * tokens, tokenChannels: tokens, feedForwardChannels: 2 * tokens, depth: depths[stage])
            })
    }
}

extension MobileViT {
    /// What a checkpoint does not show of a backbone.
    public struct Layout: Hashable, Sendable {
        /// Input pixels for each pixel of the last map: 32, or 16 or 8, where the last inverted residuals keep the size.
        public var outputStride = 32
        /// The sides of the patches of layer_3, layer_4 and layer_5, in pixels.
        public var patchSizes = [2, 2, 2]
        /// Whether blocks of the separable line are dilated where an inverted residual keeps the size: not in transformers.
        public var dilatesBlocks = true

        /// As upstream has it.
        public init(outputStride: Int = 32, dilatesBlocks: Bool = true) {
            self.outputStride = outputStride
            self.dilatesBlocks = dilatesBlocks
        }
    }

    /// Appends the backbone to `graph` and returns the outputs of layer_4 (stride 16) and layer_5 (stride 32, if the layout
    /// says no other). Names begin with `prefix`.
    func build(
        _ graph: inout Graph, prefix: Name, _ layout: Layout = Layout()
    ) -> (stride16: TensorID, stride32: TensorID) {
        var x = graph.convolution3x3(graph.input, prefix.appending("conv_1"), channels: stemChannels, .silu)
        x = invertedResidual(&graph, x, prefix.appending("layer_1.0"), channels: earlyChannels[0])
        for index in 0..<layer2Depth {
            x = invertedResidual(
                &graph, x, prefix.appending("layer_2.").appending(index), channels: earlyChannels[1],
                stride: index == 0 ? 2 : 1)
        }
        var outputs: [TensorID] = []
        var dilation = 1
        for index in 0..<3 {
            let layer = prefix.appending("layer_").appending(index + 3)
            let stride = layout.outputStride >= 8 << index ? 2 : 1
            x = invertedResidual(
                &graph, x, layer.appending(".0"), channels: stages[index].channels, stride: stride, dilation: dilation)
            if stride == 1 { dilation *= 2 }
            let patch = layout.patchSizes[index]
            x = block(
                &graph, x, layer.appending(".1"), stages[index], PatchGrid(height: patch, width: patch),
                layout.dilatesBlocks ? dilation : 1)
            outputs.append(x)
        }
        return (outputs[1], outputs[2])
    }

    /// MobileNetV2's inverted residual (models/networks.md, "Layers").
    private func invertedResidual(
        _ graph: inout Graph, _ input: TensorID, _ name: Name, channels: Int, stride: Int = 1, dilation: Int = 1
    ) -> TensorID {
        let inputChannels = graph.shape(input).channels
        var x = graph.pointwise(
            input, name.appending(".block.exp_1x1"), channels: inputChannels * expansion, .silu)
        x = graph.depthwise(
            x, name.appending(".block.conv_3x3"), Window(3, stride: stride, dilation: dilation), .silu)
        x = graph.pointwise(x, name.appending(".block.red_1x1"), channels: channels)
        guard stride == 1, inputChannels == channels else { return x }
        return graph.add(x, input, name)
    }

    /// The MobileViT block (models/networks.md, "The MobileViT block"). `dilation` is the separable line's alone.
    ///
    /// A side that is no multiple of the patch's is rounded up. The multi-head line resizes the tokens only and resizes them
    /// back; the separable line resizes the block's input and stays at the larger size. A map that fits is not resized.
    private func block(
        _ graph: inout Graph, _ input: TensorID, _ name: Name, _ stage: Stage, _ grid: PatchGrid, _ dilation: Int
    ) -> TensorID {
        let whole = Extent.multiple(of: grid)
        switch attention {
        case .multiHead(let heads):
            let convolution = name.appending(".local_rep.conv_3x3")
            let local = graph.pointwise(
                isThird
                    ? graph.depthwise3x3(input, convolution, .silu)
                    : graph.convolution(input, convolution, Window(3), channels: stage.channels, .silu),
                name.appending(".local_rep.conv_1x1"), channels: stage.tokenChannels, origin: .convolution)
            let map = graph.resize(local, to: whole, alignCorners: false, name.appending(".resize"))
            var tokens = graph.unfold(map, name.appending(".unfold"), grid)
            for index in 0..<stage.depth {
                tokens = multiHeadEncoder(
                    &graph, tokens, name.appending(".global_rep.").appending(index), stage, heads: heads)
            }
            tokens = graph.layerNorm(tokens, name.appending(".global_rep.").appending(stage.depth))
            var global = graph.fold(tokens, like: map, name.appending(".fold"), grid)
            global = graph.resize(
                global, to: .like(local, graph.shape(local)), alignCorners: false, name.appending(".resize_back"))
            global = graph.pointwise(global, name.appending(".conv_proj"), channels: stage.channels, .silu)
            let both = graph.concatenateChannels(isThird ? local : input, global, name.appending(".concatenate"))
            let fusion = name.appending(".fusion")
            guard isThird else {
                return graph.convolution(both, fusion, Window(3), channels: stage.channels, .silu)
            }
            return graph.add(graph.pointwise(both, fusion, channels: stage.channels, .silu), input, name)

        case .separable:
            let input = graph.resize(input, to: whole, alignCorners: true, name.appending(".resize"))
            let local = graph.pointwise(
                graph.depthwise(input, name.appending(".local_rep.0"), Window(3, dilation: dilation), .silu),
                name.appending(".local_rep.1"), channels: stage.tokenChannels, origin: .convolution)
            var tokens = graph.unfold(local, name.appending(".unfold"), grid)
            for index in 0..<stage.depth {
                tokens = separableEncoder(&graph, tokens, name.appending(".global_rep.").appending(index), stage)
            }
            tokens = graph.groupNorm(tokens, name.appending(".global_rep.").appending(stage.depth))
            let global = graph.fold(tokens, like: local, name.appending(".fold"), grid)
            let projection = name.appending(".conv_proj")
            guard isThird else { return graph.pointwise(global, projection, channels: stage.channels) }
            let both = graph.concatenateChannels(global, local, name.appending(".concatenate"))
            return graph.add(graph.pointwise(both, projection, channels: stage.channels), input, name)
        }
    }

    /// Pre-norm transformer encoder with multi-head attention.
    private func multiHeadEncoder(
        _ graph: inout Graph, _ input: TensorID, _ name: Name, _ stage: Stage, heads: Int
    ) -> TensorID {
        let d = stage.tokenChannels
        // Kernels take heads of a multiple of 4 channels: XS has 30, which zeros fill up (`HeadPadding`).
        let padded = (d / heads + 3) / 4 * 4 * heads
        let attention = name.appending(".pre_norm_mha.1")
        var x = graph.layerNorm(input, name.appending(".pre_norm_mha.0"))
        x = graph.pointwise(x, attention.appending(".qkv_proj"), channels: 3 * padded, origin: .linear)
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
