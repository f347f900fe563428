import Foundation

/// A tensor as a checkpoint names and shapes it.
struct SourceTensor: Sendable {
    var name: String
    var shape: [Int]
}

/// What a node's weight and bias are made of.
struct ParameterRecipe {
    var sources: [SourceTensor]
    /// From the values of the sources to the weight, [out, in / groups, height, width] or [out], and the bias, empty where
    /// the node has none.
    var make: ([[Float]]) -> (weight: [Float], bias: [Float])
}

/// Which library's names a checkpoint's tensors have.
public enum TensorNaming: Hashable, Sendable {
    /// ml-cvnets and what is built on it.
    case upstream
    /// PyTorch Image Models.
    case timm
    /// Upstream's, once `reparameterize_model` has made one convolution of the branches of each unit.
    case upstreamFolded
    /// timm's, once its function of that name has.
    case timmFolded
    /// Hugging Face's, with the name that stands before all of a backbone.
    case transformers(model: String)

    /// Whether branches are one convolution already.
    var isFolded: Bool { self == .upstreamFolded || self == .timmFolded }

    /// nil for a node without weights.
    func recipe(of node: Node, in graph: Graph) -> ParameterRecipe? {
        guard let origin = node.origin else { return nil }
        let padding = HeadPadding(node, in: graph)
        let input = padding?.inputs ?? graph.shape(node.input(0)).channels
        let output = padding?.outputs ?? graph.shape(node.output).channels
        let shape: [Int] =
            switch node.operation.weights {
            case .matrix(let height, let width, let groups):
                origin == .linear ? [output, input] : [output, input / groups, height, width]
            case .depthwise(let height, let width): [output, 1, height, width]
            case .gain, .none: [output]
            }
        let layers = layers(node.name.text), suffixes = suffixes(of: origin)
        // A layer of several here is theirs one after the other, along the outputs.
        var sources: [SourceTensor] = []
        for (position, suffix) in suffixes.enumerated() {
            let rest = position == 0 ? Array(shape.dropFirst()) : []
            for layer in layers { sources.append(SourceTensor(name: layer + suffix, shape: [output / layers.count] + rest)) }
        }
        return ParameterRecipe(sources: sources) { values in
            let whole = stride(from: 0, to: values.count, by: layers.count).map { first in
                values[first..<first + layers.count].flatMap { $0 }
            }
            guard origin == .convolutionWithBatchNorm else {
                let parameters = (whole[0], whole.count > 1 ? whole[1] : [])
                return padding?.pad(parameters) ?? parameters
            }
            return BatchNormFolding.fold(
                weight: whole[0], gain: whole[1], shift: whole[2], mean: whole[3], variance: whole[4])
        }
    }

    /// What the weight of a layer is called.
    func weightName(_ layer: String, _ origin: ParameterOrigin) -> String { layers(layer)[0] + suffixes(of: origin)[0] }

    /// What follows a layer's name in those of its tensors.
    private func suffixes(of origin: ParameterOrigin) -> [String] {
        let statistics = ["weight", "bias", "running_mean", "running_var"]
        let (convolution, norm) =
            switch self {
            case .upstream, .upstreamFolded: (".block.conv.", ".block.norm.")
            case .timm, .timmFolded: (origin == .convolutionWithBatchNorm ? ".conv." : ".", ".bn.")
            case .transformers: (".convolution.", ".normalization.")
            }
        return switch origin {
        case .convolutionWithBatchNorm: [convolution + "weight"] + statistics.map { norm + $0 }
        case .convolutionWithBias: [convolution + "weight", convolution + "bias"]
        case .convolution: [convolution + "weight"]
        case .linear, .normalisation: [".weight", ".bias"]
        }
    }

    /// Their names for a layer of ours: several where it is theirs one after the other.
    private func layers(_ name: String) -> [String] {
        switch self {
        case .upstream, .upstreamFolded: return [name]
        case .timm, .timmFolded: return [Self.timm(name)]
        case .transformers(let model): return Self.transformers(name, model)
        }
    }

    private static func timm(_ name: String) -> String {
        if let theirs = outside[name]?.timm { return theirs }
        guard let (layer, block, rest) = parts(name) else { return name }
        let stage = "stages.\(layer - 1).\(block)."
        if let encoder = Encoder(rest) { return stage + "transformer.\(encoder.index)." + encoder.names.timm }
        return stage + (inside[rest]?.timm ?? "norm")
    }

    private static func transformers(_ whole: String, _ model: String) -> [String] {
        let name = whole.hasPrefix("encoder.") ? String(whole.dropFirst("encoder.".count)) : whole
        if let theirs = outside[name]?.transformers { return [theirs == "classifier" ? theirs : "\(model).\(theirs)"] }
        let head = "seg_head."
        guard let (layer, block, rest) = parts(name) else {
            let inside = name.replacing("aspp_layer.", with: "").replacing("aspp_pool.", with: "")
            return ["segmentation_head." + inside.dropFirst(head.count).replacing("classifier.classifier", with: "classifier")]
        }
        let stage = "\(model).encoder.layer.\(layer - 1)."
        if let encoder = Encoder(rest) {
            let isSecond = model == "mobilevitv2"
            return encoder.names.transformers.map {
                stage + "transformer.layer.\(encoder.index)." + (isSecond && $0 == "intermediate.dense" ? "ffn.conv1" : $0)
            }
        }
        let theirs = inside[rest]?.transformers ?? "layernorm"
        guard rest.hasPrefix("block.") else { return [stage + theirs] }
        return [stage + (layer < 3 ? "layer.\(block)." : "downsampling_layer.") + theirs]
    }

    /// The number of a layer, that of its block, and what follows them.
    private static func parts(_ name: String) -> (layer: Int, block: Int, rest: String)? {
        guard let layer = name.numbered(after: "layer_"), let block = layer.rest.numbered(after: "") else { return nil }
        return (layer.number, block.number, String(block.rest))
    }

    private static let outside: [String: (timm: String, transformers: String)] = [
        "conv_1": ("stem", "conv_stem"), "conv_1x1_exp": ("final_conv", "conv_1x1_exp"),
        "classifier.fc": ("head.fc", "classifier"), "classifier.1": ("head.fc", "classifier"),
    ]

    /// Inside a block; the norm behind its encoders has their number, and goes by none of these.
    private static let inside: [String: (timm: String, transformers: String)] = [
        "block.exp_1x1": ("conv1_1x1", "expand_1x1"), "block.conv_3x3": ("conv2_kxk", "conv_3x3"),
        "block.red_1x1": ("conv3_1x1", "reduce_1x1"), "local_rep.conv_3x3": ("conv_kxk", "conv_kxk"),
        "local_rep.0": ("conv_kxk", "conv_kxk"), "local_rep.conv_1x1": ("conv_1x1", "conv_1x1"),
        "local_rep.1": ("conv_1x1", "conv_1x1"), "conv_proj": ("conv_proj", "conv_projection"),
        "fusion": ("conv_fusion", "fusion"),
    ]

    /// A layer of an encoder.
    private struct Encoder {
        var index: Int
        var names: (timm: String, transformers: [String])

        init?(_ rest: String) {
            guard let encoder = rest.numbered(after: "global_rep."), let names = Self.layers[String(encoder.rest)]
            else { return nil }
            (index, self.names) = (encoder.number, names)
        }

        static let layers: [String: (timm: String, transformers: [String])] = [
            "pre_norm_mha.0": ("norm1", ["layernorm_before"]), "pre_norm_attn.0": ("norm1", ["layernorm_before"]),
            "pre_norm_mha.1.qkv_proj": ("attn.qkv", ["query", "key", "value"].map { "attention.attention." + $0 }),
            "pre_norm_mha.1.out_proj": ("attn.proj", ["attention.output.dense"]),
            "pre_norm_attn.1.qkv_proj": ("attn.qkv_proj", ["attention.qkv_proj"]),
            "pre_norm_attn.1.out_proj": ("attn.out_proj", ["attention.out_proj"]),
            "pre_norm_ffn.0": ("norm2", ["layernorm_after"]), "pre_norm_ffn.1": ("mlp.fc1", ["intermediate.dense"]),
            "pre_norm_ffn.3": ("mlp.fc2", ["ffn.conv2"]), "pre_norm_ffn.4": ("mlp.fc2", ["output.dense"]),
        ]
    }
}

extension StringProtocol {
    /// The number behind a prefix, and what follows the dot behind that. Regular expressions would take most of an import's
    /// time here.
    func numbered(after prefix: String) -> (number: Int, rest: SubSequence)? {
        guard hasPrefix(prefix) else { return nil }
        let parts = dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]) else { return nil }
        return (number, parts[1])
    }
}
