import Foundation

/// A network in int8: every stored tensor's quantisation and every layer's weights, ready to be written.
///
/// Scales of inputs are folded into weights before these are rounded, zero points of inputs into the biases.
public struct Int8Model {
    /// Which tensors there are, and by what rules they are quantised.
    public let scheme: QuantisationScheme
    /// One per tensor of the scheme.
    public private(set) var quantisations: [TensorQuantisation]
    private let file: FloatModel

    /// `statistics` are those of the scheme's tensors, from calibration with the network in `file`.
    public init(
        _ file: FloatModel, _ scheme: QuantisationScheme, _ statistics: [TensorStatistics]
    ) throws(QuantizerError) {
        self.file = file
        self.scheme = scheme
        quantisations = zip(scheme.tensors, statistics).map { TensorQuantisation($0, $1) }
        try keepConstraints()
    }

    /// Writes the model file, which replaces none of `inputs`. `progress` is told how many of how many layers are written.
    /// Throws `model` where that cannot be run.
    public func write(
        to path: String, inputs: InputFiles = InputFiles(), progress: (_ done: Int, _ total: Int) -> Void
    ) throws(QuantizerError) {
        var entries: [(layout: GGUFWriter.Layout, data: Data)] = []
        let calls = scheme.lowering.calls
        for (index, call) in calls.enumerated() {
            try append(call, to: &entries)
            progress(index + 1, calls.count)
        }
        // Weights, which every frame reads, lie together: what is read once does not share pages with them.
        func isWeight(_ entry: (layout: GGUFWriter.Layout, data: Data)) -> Bool {
            entry.layout.storageType == .int8 && entry.layout.name.text.hasSuffix(".weight")
        }
        entries = entries.filter(isWeight) + entries.filter { !isWeight($0) }
        let fileType = (key: Name("general.file_type"), value: MetadataValue.integer(Self.fileType))
        try GGUFWriter.write(
            to: path, inputs: inputs, metadata: [fileType] + file.metadata(), layouts: entries.map(\.layout),
            mustRun: file.isModel
        ) { entries[$0].data }
    }

    /// GGUF's name for files whose tensors are mostly in 8 bits.
    private static let fileType: UInt32 = 7

    // MARK: What the kernels ask for

    private mutating func keepConstraints() throws(QuantizerError) {
        let graph = scheme.graph
        for call in scheme.lowering.calls {
            if let residual = call.residual, !(call.operation is Multiplication), !scheme.lowering.isPrediction(call.output) {
                // A residual's scale in units of the output's is a 16-bit factor below 2.
                let added = scales(of: residual)
                let index = scheme.parts(of: call.output)[0]
                let channels = graph.shape(call.output).channels
                quantisations[index].widen(toScales: { added[$0] / Self.maximumResidualRatio }, channels: channels)
            }
            switch call.operation.int8Input {
            case .oneScale: try boundGains(call, maximum: Self.maximumLayerNormGain)
            case .scalePerChannel where graph.nodes[call.node].operation.weights == .gain:
                try boundGains(call, maximum: Self.maximumGroupNormGain)
            case .heads(let heads): boundScores(scheme.parts(of: call.input)[0], heads: heads)
            case .symmetric:
                let index = scheme.parts(of: call.input)[0]
                let scale = quantisations[index].scale(0)
                quantisations[index].multiply(0..<1, by: min(1, Self.maximumSeparableScale / scale))
            case .any, .scalePerChannel: break
            }
        }
    }

    static let maximumResidualRatio = 1.95
    /// Scores of separable attention, in 16ths of a power of two, are 31-bit fractions of 256 queries.
    static let maximumSeparableScale = 5.5

    /// A layer normalisation's gain in units of the output's scale is a 16-bit factor below 128, ...
    static let maximumLayerNormGain = 120.0
    /// ... a group normalisation's below 4 times the deviation of its input in stored steps. Where that is less than 15,
    /// the largest gains saturate.
    static let maximumGroupNormGain = 60.0
    /// Their shifts in those units are below 1024, 128 of which are for the zero point.
    static let maximumNormalisedShift = 850.0

    private mutating func boundGains(_ call: Lowering.Call, maximum: Double) throws(QuantizerError) {
        let node = scheme.graph.nodes[call.node], index = scheme.parts(of: call.output)[0]
        let gain = try file.floats(node, ".weight"), shift = try file.floats(node, ".bias")
        let minimum = gain.indices.map {
            max(abs(Double(gain[$0])) / maximum, abs(Double(shift[$0])) / Self.maximumNormalisedShift)
        }
        quantisations[index].widen(toScales: { minimum[$0] }, channels: gain.count)
    }

    /// Scores of attention are 16-bit values: narrows queries and keys where the largest would not fit.
    private mutating func boundScores(_ index: Int, heads: Int) {
        let size = scheme.tensors[index].channels / 3 / heads
        let maximum = 32767 / (Double(size) * 128 * 63)
        for head in 0..<heads {
            let queries = head * size..<(head + 1) * size
            let keys = (heads + head) * size..<(heads + head + 1) * size
            let product = quantisations[index].scale(queries.lowerBound) * quantisations[index].scale(keys.lowerBound)
            let multiplier = product * 32 * Self.log2OfE / Double(size).squareRoot()
            guard multiplier > maximum * 0.999 else { continue }
            let factor = (maximum * 0.999 / multiplier).squareRoot()
            quantisations[index].multiply(queries, by: factor)
            quantisations[index].multiply(keys, by: factor)
        }
    }

    private static let log2OfE = 1.4426950408889634

    // MARK: Tensors of the file

    private typealias Entries = [(layout: GGUFWriter.Layout, data: Data)]

    /// What its nodes need, then how its output is stored.
    private func append(_ call: Lowering.Call, to entries: inout Entries) throws(QuantizerError) {
        for position in 0..<call.nodes.count {
            let index = call.nodes[position], node = scheme.graph.nodes[index]
            let channels = scheme.graph.shape(node.output).channels
            switch node.operation.weights {
            case .matrix(let height, let width, let groups):
                let (scales, zeros) = try inputSteps(node, &entries)
                let matrix = try file.floats(node, ".weight"), bias = try bias(node)
                let inputs = scales.count / groups, outputs = channels / groups, rows = height * width * inputs
                let parts = (0..<groups).map { group in
                    Int8LayerWeights(
                        matrix: Array(matrix[group * rows * outputs..<(group + 1) * rows * outputs]), outputs: outputs,
                        bias: bias.isEmpty ? [] : Array(bias[group * outputs..<(group + 1) * outputs]),
                        inputScales: (0..<rows).map { scales[group * inputs + $0 % inputs] },
                        inputZeros: (0..<rows).map { zeros[group * inputs + $0 % inputs] })
                }
                let shape = TensorShape(groups * ((outputs + 7) / 8), (rows + 3) / 4, 8, 4)
                append(node, parts, parts.reduce(Data()) { $0 + $1.packed }, shape, to: &entries)
            case .depthwise(let height, let width):
                let weights = Int8LayerWeights(
                    depthwise: try file.floats(node, ".weight"), bias: try bias(node),
                    inputScales: scales(of: node.input(0)), inputZeros: zeros(of: node.input(0)))
                append(node, [weights], weights.bytes, TensorShape(1, height, width, channels), to: &entries)
            case .gain:
                append(node.name.text + ".weight", try file.floats(node, ".weight"), to: &entries)
                append(node.name.text + ".bias", try file.floats(node, ".bias"), to: &entries)
            case .none: break
            }
            let output = index == call.node ? call.output : node.output
            if !scheme.lowering.isPrediction(output), call.operation.int8Output != .asInput {
                appendQuantisation(of: output, to: &entries)
            }
        }
    }

    /// By channel of a node's input, which may be the image.
    private func inputSteps(
        _ node: Node, _ entries: inout Entries
    ) throws(QuantizerError) -> (scales: [Double], zeros: [Double]) {
        guard node.input(0) == scheme.graph.input else {
            return (scales(of: node.input(0)), zeros(of: node.input(0)))
        }
        let input = InputQuantisation(file.description.input)
        if !entries.contains(where: { $0.layout.name == Name("input.zero") }) {
            append("input.zero", input.paddingBytes, to: &entries)
        }
        return (input.scales, input.zeros)
    }

    private func bias(_ node: Node) throws(QuantizerError) -> [Float] {
        node.hasBias ? try file.floats(node, ".bias") : []
    }

    private func append(
        _ node: Node, _ parts: [Int8LayerWeights], _ data: Data, _ shape: TensorShape, to entries: inout Entries
    ) {
        let layout = GGUFWriter.Layout(name: node.name.appending(".weight"), shape: shape, storageType: .int8)
        entries.append((layout, data))
        append(node.name.text + ".unit", parts.flatMap(\.scales), to: &entries)
        append(node.name.text + ".bias", parts.flatMap(\.bias), to: &entries)
    }

    private func appendQuantisation(of tensor: TensorID, to entries: inout Entries) {
        let index = scheme.parts(of: tensor)[0], name = scheme.tensors[index].name.text
        append(name + ".scale", quantisations[index].scales.map { Float($0) }, to: &entries)
        append(name + ".zero", quantisations[index].zeroPoints.map { Int8($0) }, to: &entries)
    }

    private func append(_ name: String, _ values: [Float], to entries: inout Entries) {
        let shape = TensorShape(values.count)
        entries.append((.init(name: Name(name), shape: shape, storageType: .float32), Data(of: values)))
    }

    private func append(_ name: String, _ values: [Int8], to entries: inout Entries) {
        let shape = TensorShape(values.count)
        entries.append((.init(name: Name(name), shape: shape, storageType: .int8), Data(of: values)))
    }

    /// By channel of a tensor, which may consist of several stored ones.
    private func scales(of tensor: TensorID) -> [Double] {
        scheme.parts(of: tensor).flatMap { part in
            (0..<scheme.tensors[part].channels).map { quantisations[part].scale($0) }
        }
    }

    private func zeros(of tensor: TensorID) -> [Double] {
        scheme.parts(of: tensor).flatMap { part in
            (0..<scheme.tensors[part].channels).map { Double(quantisations[part].zeroPoint($0)) }
        }
    }
}

extension Name {
    /// The first 63 bytes of `text` as UTF-8.
    init(_ text: String) {
        self = Array(text.utf8).withUnsafeBytes { Name(truncating: $0) }
    }
}

extension Data {
    /// The elements' bytes as they are in memory.
    init<Element: BitwiseCopyable>(of values: [Element]) {
        self = values.withUnsafeBytes { Data($0) }
    }
}
