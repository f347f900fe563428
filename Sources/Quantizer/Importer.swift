import Foundation

/// How weights are stored in the model file; biases and normalisation stay fp32.
public enum StoragePrecision: String, CaseIterable, Sendable {
    case fp32, fp16
}

/// Turns a checkpoint into a model file: recognises the network, checks every tensor, folds batch norm, transposes
/// weights into the order in which the kernels read them.
public struct Importer {
    /// The named network, or the recognised one.
    public let architecture: Architecture
    /// From the last layers; a detector's with the background.
    public let classCount: Int
    /// What `write` stores weights in.
    public let precision: StoragePrecision

    private let checkpoint: Checkpoint
    private let graph: Graph

    /// What its user should know of how the weights were chosen.
    public let notes: [ImportNote]

    /// Finds the network's weights in the file. With `architecture` nil the network is recognised from the tensors; with
    /// `weights` only those at that place are taken; `unseen` says what they do not show. Throws `mismatch` with all problems
    /// at once, `notOfTheNetwork` where the network has no such thing.
    public init(
        _ file: CheckpointFile, architecture name: String?, weights: String? = nil, unseen: UnseenSizes = UnseenSizes(),
        precision: StoragePrecision
    ) throws(QuantizerError) {
        var named: [Architecture]?
        if let name { named = try Architecture.named(name) }
        let found = try NetworkWeights.find(in: file, architectures: named, place: weights)
        (classCount, checkpoint, notes) = (found.classCount, found.checkpoint, found.notes)
        architecture = try found.architecture.with(unseen)
        self.precision = precision
        graph = architecture.graph(classCount: classCount)
    }

    /// The same from tensors in memory.
    public init(
        _ checkpoint: Checkpoint, architecture name: String?, precision: StoragePrecision
    ) throws(QuantizerError) {
        try self.init(CheckpointFile(checkpoint), architecture: name, precision: precision)
    }

    /// The description of the model file: the network as published, with the given labels (of a detector the background
    /// first), input size, fit and, where they differ from the published ones, channel order, statistics and anchors (as many
    /// to a cell).
    public func description(
        labels: [String], size: ImageSize, fit: ImageFit = .stretch, channelOrder: ChannelOrder? = nil,
        mean: InlineArray<3, Float>? = nil, standardDeviation: InlineArray<3, Float>? = nil,
        anchors: AnchorLayout = .published
    ) -> ModelDescription {
        precondition(labels.count == classCount)
        let published = architecture.backbone.statistics
        let task: TaskDescription =
            switch architecture.task {
            case .classification: .classification
            case .detection:
                .detection(DetectionDescription(anchors: anchors, suppression: architecture.suppression))
            case .segmentation:
                .segmentation(SegmentationDescription(upsampling: architecture.upsampling))
            }
        return ModelDescription(
            name: Array(architecture.title.utf8), family: Array(architecture.family.utf8),
            input: InputFormat(
                size: size, fit: fit, channelOrder: channelOrder ?? architecture.channelOrder,
                mean: mean ?? published.mean, standardDeviation: standardDeviation ?? published.standardDeviation),
            resize: architecture.resize, task: task, labels: labels.map { ArraySlice($0.utf8) })
    }

    /// Writes the model file, which never replaces one of `inputs`, and nothing where it could not run: throws `model`.
    /// `progress` is told how many of how many tensors are written.
    public func write(
        to path: String, inputs: InputFiles = InputFiles(), description: ModelDescription,
        progress: (_ done: Int, _ total: Int) -> Void
    ) throws(QuantizerError) {
        let sources = graph.floatTensors(weights: precision == .fp16 ? .float16 : .float32)
        let layouts = sources.map(\.layout)
        // A bias comes right after its weight, and folding makes both at once.
        var bias: [Float] = []
        let fileType = (key: Name("general.file_type"), value: MetadataValue.integer(precision == .fp16 ? 1 : 0))
        try GGUFWriter.write(
            to: path, inputs: inputs, metadata: [fileType] + description.metadata() + graph.metadata, layouts: layouts,
            mustRun: true
        ) { (index) throws(QuantizerError) in
            progress(index + 1, layouts.count)
            if sources[index].isBias { return try encode(bias, as: .float32, sources[index].node) }
            let parameters = try parameters(of: sources[index].node)
            bias = parameters.bias
            return try encode(parameters.weight, as: layouts[index].storageType, sources[index].node)
        }
    }

    /// The node's weight in stored order, and its bias (empty where it has none).
    private func parameters(of node: Node) throws(QuantizerError) -> (weight: [Float], bias: [Float]) {
        let recipe = architecture.recipe(of: node, in: graph, classCount: classCount)!
        var values: [[Float]] = []
        for source in recipe.sources {
            do {
                values.append(try checkpoint[source.name]!.floats())
            } catch {
                throw .checkpoint(error)
            }
            guard values.last!.allSatisfy(\.isFinite) else {
                throw .mismatch(architecture: architecture.name, [.notFinite(source.name)])
            }
        }
        var (weight, bias) = recipe.make(values)
        switch node.operation.weights {
        case .matrix(let height, let width, _), .depthwise(let height, let width):
            weight = Self.outputLast(weight, outputs: graph.shape(node.output).channels, taps: height * width)
        case .gain, .none: break
        }
        return (weight, bias)
    }

    /// [out, in, k, k] -> [k, k, in, out].
    private static func outputLast(_ weight: [Float], outputs: Int, taps: Int) -> [Float] {
        let inputs = weight.count / outputs / taps
        return [Float](unsafeUninitializedCapacity: weight.count) { stored, count in
            for output in 0..<outputs {
                for input in 0..<inputs {
                    for tap in 0..<taps {
                        stored[(tap * inputs + input) * outputs + output] =
                            weight[(output * inputs + input) * taps + tap]
                    }
                }
            }
            count = weight.count
        }
    }

    private func encode(_ values: [Float], as type: StorageType, _ node: Node) throws(QuantizerError) -> Data {
        func reject(_ problem: QuantizerError.TensorProblem) throws(QuantizerError) -> Never {
            throw .mismatch(architecture: architecture.name, [problem])
        }
        // Finite parameters whose fold is not: a variance below zero, or products beyond fp32.
        guard values.allSatisfy(\.isFinite) else { try reject(.notFinite(node.name.text + ".block.norm")) }
        switch type {
        case .float16:
            var data = Data(capacity: values.count * 2)
            for value in values {
                let half = Float16(value)
                guard half.isFinite else { try reject(.tooLargeForHalf(node.name.text, value: value)) }
                data.append(integer: half.bitPattern)
            }
            return data
        case .float32: return values.withUnsafeBytes { Data($0) }
        case .int8: preconditionFailure("the importer writes floats only")
        }
    }
}
