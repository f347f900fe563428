import Engine
import ModelFile

/// A tensor that an int8 network stores, and which of its channels share a scale and a zero point.
public struct StoredTensor: Sendable {
    /// How the range of a tensor's values follows from those seen in calibration.
    public enum RangeRule: Sendable {
        /// The range with the smallest expected squared error: rare extremes are clipped.
        case leastError
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
/// least error keep the noise low; ranges of least error clip the rare peaks of late layers, which are detections.
public struct QuantisationScheme: Sendable {
    /// What the scheme was made for.
    public let graph: Graph
    /// Decides what is stored at all.
    public let lowering: Lowering
    /// In the order in which the layers run.
    public private(set) var tensors: [StoredTensor] = []
    /// By tensor of the graph: its index in `tensors`.
    private var indices: [Int?]

    /// SiLU is nowhere below this.
    static let lowestSiLU = -0.27846

    /// `graph` has the form that `Lowering` asks for.
    public init(_ graph: Graph) {
        self.graph = graph
        lowering = Lowering(graph)
        indices = Array(repeating: nil, count: graph.shapes.count)
        let normalised = normalisedTensors()
        for operation in lowering.operations {
            if let expansion = operation.expansion {
                // What a depthwise layer reads may have a scale for each channel, folded into its own weights.
                append(graph.nodes[expansion].output, of: operation, node: expansion, byChannel: true)
            }
            if let depthwise = operation.depthwise {
                append(graph.nodes[depthwise].output, of: operation, node: depthwise, byChannel: nil)
            }
            guard !isPrediction(operation.output) else { continue }
            if case .resize = operation.kind { continue }
            append(
                operation.output, of: operation, node: operation.node,
                byChannel: normalised[operation.output.index])
        }
    }

    /// The stored tensors that make up `tensor`, in the order of its channels.
    public func parts(of tensor: TensorID) -> [Int] {
        let root = lowering.roots[tensor.index]
        if let index = indices[root.index] { return [index] }
        for operation in lowering.operations where operation.output == root {
            if case .resize = operation.kind { return parts(of: operation.input) }
        }
        for node in graph.nodes where node.output == root {
            if case .concatenateChannels = node.operation {
                return (0..<node.inputCount).flatMap { parts(of: node.input($0)) }
            }
        }
        preconditionFailure("\(lowering.names[root.index].text) is not stored")
    }

    /// Whether it is part of the network's output, whose values are floats.
    public func isPrediction(_ tensor: TensorID) -> Bool {
        graph.nodes.contains { node in
            guard case .concatenateRows = node.operation else { return false }
            return (0..<node.inputCount).contains { lowering.roots[node.input($0).index] == tensor }
        }
    }

    /// The activation of a node, identity where it has none.
    static func activation(_ node: Node) -> Activation {
        switch node.operation {
        case .convolution3x3(let activation), .depthwise3x3(_, let activation), .pointwise(let activation): activation
        default: .identity
        }
    }

    /// By tensor that a normalisation reads: whether it has a scale for each channel. Statistics of a row are taken of
    /// stored values, across channels; those of a whole map by channel, and its tokens need that: a few channels are
    /// ten times as large as the rest, whose gains make up for it.
    private func normalisedTensors() -> [Int: Bool] {
        var found: [Int: Bool] = [:]
        for operation in lowering.operations {
            switch operation.kind {
            case .layerNorm: found[operation.input.index] = false
            case .groupNorm: found[operation.input.index] = true
            default: break
            }
        }
        for operation in lowering.operations {
            if case .resize = operation.kind, let isByChannel = found[operation.output.index] {
                found[operation.input.index] = isByChannel
            }
        }
        return found
    }

    /// Appends a tensor; `byChannel` nil leaves it to the recipe whether it has a scale for each channel.
    private mutating func append(
        _ tensor: TensorID, of operation: Lowering.Operation, node index: Int, byChannel: Bool?
    ) {
        let node = graph.nodes[index], channels = graph.shape(tensor).channels
        let name = lowering.names[tensor.index]
        let isEarly = Self.isEarly(name)
        var groups = [Int](repeating: 0, count: channels)
        var codes = StoredTensor.Codes.all
        switch consumer(of: tensor) {
        case .attention(let heads):
            let size = channels / 3 / heads
            groups = (0..<2 * heads * size).map { $0 / size } + (0..<heads * size).map { 2 * heads + $0 }
            // The kernels bound keys and values so that products of bytes can be added up in 16 bits.
            codes = .symmetric(limits: (0..<groups.last! + 1).map { $0 < heads ? 127 : 63 })
        case .separableAttention:
            groups = Array(0..<channels)
            codes = .symmetric(limits: groups.map { _ in 127 })
        default:
            if byChannel ?? (isEarly || Self.isInsideEncoder(operation)) { groups = Array(0..<channels) }
        }
        let isByChannel = groups.last! > 0
        let margin = isByChannel && !isEarly ? Self.channelMargin : 1
        var lowest: Double?
        if operation.output != tensor || operation.residual == nil {
            switch Self.activation(node) {
            case .silu: lowest = Self.lowestSiLU
            case .relu: lowest = 0
            case .identity: break
            }
        }
        indices[tensor.index] = tensors.count
        tensors.append(
            StoredTensor(
                tensor: tensor, name: name, groups: groups, groupCount: groups.last! + 1,
                rule: isEarly ? .leastError : .extremes(margin: margin), codes: codes, lowest: lowest))
    }

    /// What few pixels of few pictures say about one channel of a late map needs room for what they did not show.
    static let channelMargin = 1.25

    private func consumer(of tensor: TensorID) -> Lowering.Kind? {
        lowering.operations.first { $0.input == tensor }?.kind
    }

    /// Up to layer_3, where maps are large.
    private static func isEarly(_ name: Name) -> Bool {
        let early = ["encoder.conv_1", "encoder.layer_1.", "encoder.layer_2.", "encoder.layer_3."]
        return early.contains { name.text.hasPrefix($0) }
    }

    /// Normalised tokens and what attention makes of them: the linear layer after it takes a scale for each channel.
    private static func isInsideEncoder(_ operation: Lowering.Operation) -> Bool {
        switch operation.kind {
        case .layerNorm, .groupNorm, .attention, .separableAttention: true
        default: false
        }
    }
}
