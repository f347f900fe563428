/// A tensor that an int8 network stores, and which of its channels share a scale and a zero point.
public struct StoredTensor: Sendable {
    /// How the range of a tensor's values follows from those seen in calibration.
    public enum RangeRule: Sendable {
        /// The range with the smallest expected squared error: rare extremes are clipped.
        case minimumError
        /// From the smallest to the largest value, times `margin`.
        case extremes(margin: Double)
    }

    /// The stored values that a range is mapped to.
    public enum Codes: Sendable {
        /// -128...127, the zero point anywhere among them.
        case all
        /// -limit...limit, the zero point being 0; `limits` are by group.
        case symmetric(limits: [Int])
    }

    /// The tensor of the graph that has these values.
    public let tensor: TensorID
    /// The layer that makes it; its scale and zero point are stored under this name.
    public let name: Name
    /// By channel: the group that it belongs to. A group has one scale and one zero point.
    public let groups: [Int]
    /// 1 where all channels share scale and zero point.
    public let groupCount: Int
    /// From what was seen to the range that is stored.
    public let rule: RangeRule
    /// From that range to 8 bits.
    public let codes: Codes
    /// The smallest value that is possible at all, from the activation; nil where there is no bound.
    public let lowest: Double?

    /// As the graph has them.
    public var channels: Int { groups.count }
}

/// What an int8 network stores, and how each tensor is quantised.
///
/// All choices are from measurements of trained networks: scales by channel where they are free and early ranges of
/// minimum error keep the noise low; ranges of minimum error clip the rare peaks of late layers, which are detections.
public struct QuantisationScheme: Sendable {
    /// What the scheme was made for.
    public let graph: Graph
    /// Decides what is stored at all.
    public let lowering: Lowering
    /// In the order in which the layers run.
    public private(set) var tensors: [StoredTensor] = []
    /// By tensor of the graph: its index in `tensors`.
    private var indices: [Int?]

    /// For the graph as int8 runs it. Throws where a layer reads what int8 does not store.
    public init(_ graph: Graph) throws(QuantizerError) {
        self.graph = graph
        lowering = Lowering(graph)
        indices = Array(repeating: nil, count: graph.shapes.count)
        let normalised = normalisedTensors()
        for call in lowering.calls {
            for position in 0..<call.nodes.count - 1 {
                let node = call.nodes[position]
                // What a depthwise layer reads may have a scale for each channel, folded into its own weights.
                var isByChannel: Bool?
                if case .matrix = graph.nodes[node].operation.weights { isByChannel = true }
                append(graph.nodes[node].output, of: call, node: node, byChannel: isByChannel)
            }
            guard !lowering.isPrediction(call.output), call.operation.int8Output != .asInput else { continue }
            append(call.output, of: call, node: call.node, byChannel: normalised[call.output.index])
        }
        for call in lowering.calls {
            guard lowering.isWritable(call) else { throw .notStored(layer: lowering.names[call.output.index].text) }
            for position in 0..<call.nodes.count {
                let node = graph.nodes[call.nodes[position]]
                // Convolutions read the image's bytes, whose scale follows from its normalisation.
                if node.operation.readsImage, node.input(0) == graph.input { continue }
                try requireStored(node.input(0), by: node.name)
                switch node.operation.int8Input {
                case .any, .scalePerChannel: break
                case .oneScale, .heads, .symmetric:
                    // Parts of a concatenation have scales of their own.
                    guard parts(of: node.input(0)).count == 1 else { throw .notStored(layer: node.name.text) }
                }
            }
            if let residual = call.residual, !lowering.isPrediction(call.output) {
                try requireStored(residual, by: lowering.names[call.output.index])
            }
        }
    }

    private func requireStored(_ tensor: TensorID, by layer: Name) throws(QuantizerError) {
        guard storedParts(of: tensor) != nil else { throw .notStored(layer: layer.text) }
    }

    /// The stored tensors that make up `tensor`, which a layer reads, in the order of its channels.
    public func parts(of tensor: TensorID) -> [Int] { storedParts(of: tensor)! }

    private func storedParts(of tensor: TensorID) -> [Int]? {
        let root = lowering.roots[tensor.index]
        if let index = indices[root.index] { return [index] }
        for call in lowering.calls where call.output == root && call.operation.int8Output == .asInput {
            return storedParts(of: call.input)
        }
        for node in graph.nodes where node.output == root && node.operation is ChannelConcatenation {
            let parts = (0..<node.inputCount).map { storedParts(of: node.input($0)) }
            return parts.contains(nil) ? nil : parts.flatMap { $0! }
        }
        return nil
    }

    /// By tensor that a normalisation reads: whether it has a scale for each channel. Statistics of a row are taken of
    /// stored values, across channels; those of a whole map by channel, and its tokens need that: a few channels are
    /// ten times as large as the rest, whose gains make up for it.
    private func normalisedTensors() -> [Int: Bool] {
        var found: [Int: Bool] = [:]
        // One scale is a need, one for each channel a wish.
        for call in lowering.calls where call.operation.int8Input == .scalePerChannel { found[call.input.index] = true }
        for call in lowering.calls where call.operation.int8Input == .oneScale { found[call.input.index] = false }
        for call in lowering.calls where call.operation.int8Output == .asInput {
            if let isByChannel = found[call.output.index] { found[call.input.index] = isByChannel }
        }
        return found
    }

    /// Appends a tensor; `byChannel` nil leaves it to the recipe whether it has a scale for each channel.
    private mutating func append(
        _ tensor: TensorID, of call: Lowering.Call, node index: Int, byChannel: Bool?
    ) {
        let node = graph.nodes[index], channels = graph.shape(tensor).channels
        let name = lowering.names[tensor.index]
        let isEarly = Self.isEarly(name)
        var groups = [Int](repeating: 0, count: channels)
        var codes = StoredTensor.Codes.all
        let needs = lowering.calls.lazy.filter { $0.input == tensor }.map(\.operation.int8Input)
        switch needs.first(where: { $0 != .any && $0 != .scalePerChannel }) {
        case .heads(let heads):
            let size = channels / 3 / heads
            groups = (0..<2 * heads * size).map { $0 / size } + (0..<heads * size).map { 2 * heads + $0 }
            // The kernels bound keys and values so that products of bytes can be added up in 16 bits.
            codes = .symmetric(limits: (0..<groups.last! + 1).map { $0 < heads ? 127 : 63 })
        case .symmetric:
            groups = Array(0..<channels)
            codes = .symmetric(limits: groups.map { _ in 127 })
        default:
            // Normalised tokens and what attention makes of them: the linear layer after it takes a scale for each channel.
            let isInsideEncoder = call.operation.int8Output == .scalePerChannel
            if byChannel ?? (isEarly || isInsideEncoder) { groups = Array(0..<channels) }
        }
        let isByChannel = groups.last! > 0
        let margin = isByChannel && !isEarly ? Self.channelMargin : 1
        var lowest: Double?
        if call.output != tensor || call.residual == nil { lowest = node.operation.activation.lowest }
        indices[tensor.index] = tensors.count
        tensors.append(
            StoredTensor(
                tensor: tensor, name: name, groups: groups, groupCount: groups.last! + 1,
                rule: isEarly ? .minimumError : .extremes(margin: margin), codes: codes, lowest: lowest))
    }

    /// What few pixels of few images say about one channel of a late map needs room for what they did not show.
    static let channelMargin = 1.25

    /// Up to layer_3, where maps are large.
    private static func isEarly(_ name: Name) -> Bool {
        let name = name.text, encoder = "encoder."
        let layer = name.hasPrefix(encoder) ? name.dropFirst(encoder.count) : name[...]
        let isStem = layer == "conv_1" || layer.hasPrefix("conv_1.")
        return isStem || ["layer_1.", "layer_2.", "layer_3."].contains { layer.hasPrefix($0) }
    }
}

extension Activation {
    /// The smallest value that it gives; nil where there is no bound.
    var lowest: Double? {
        switch self {
        case .relu, .relu6, .sigmoid: 0
        case .silu: -0.27846
        case .gelu: -0.16998
        case .hardSwish: -0.375
        default: nil
        }
    }
}
