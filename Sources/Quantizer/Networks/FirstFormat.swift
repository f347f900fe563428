import Foundation

/// Model files of the first format, which told the sizes of a network's layers instead of its graph.
public enum FirstFormat {
    /// The value of `general.architecture`, and what other keys began with.
    private static let architecture = "mobilevitv3-ssdlite"

    /// Writes the model of `file` in the present format to a file that replaces none of `inputs`; all tensors keep their
    /// bytes. Throws `notFirstFormat` where the file has another format already, `model` where the result cannot be run.
    public static func upgrade(_ file: ModelFile, to path: String, inputs: InputFiles) throws(QuantizerError) {
        let read: (type: Int, description: ModelDescription, network: Network)?
        do { read = try Self.read(file) } catch { throw .model(.model(error)) }
        guard let (type, description, network) = read else { throw .notFirstFormat }
        if let problem = network.graph.problem { throw .model(.graph(problem)) }
        let metadata =
            try [(Name("general.file_type"), .integer(UInt32(type)))] + description.metadata() + network.graph.metadata
        let layouts = file.tensors.map {
            GGUFWriter.Layout(name: $0.name, shape: $0.shape, storageType: $0.storageType)
        }
        try GGUFWriter.write(to: path, inputs: inputs, metadata: metadata, layouts: layouts, mustRun: true) {
            Data(file.data(of: file.tensors[$0]))
        }
    }

    /// nil for a file of another format.
    private static func read(
        _ file: ModelFile
    ) throws(ModelFileError) -> (type: Int, description: ModelDescription, network: Network)? {
        guard Name(architecture).matches(try file.text(Name("general.architecture"))) else { return nil }
        let reader = MetadataReader(file) { name(of: "\($0)") }
        let description = try ModelDescription(reader, .detection)
        let type = try file.integer(Name("general.file_type"), in: 0...Int(UInt32.max))
        return (type, description, try network(of: description, reader))
    }

    /// What the first format called a key.
    private static func name(of key: String) -> Name {
        if key.hasPrefix("general.") { return Name(key) }
        if key == "swiftlet.family" { return Name("general.architecture") }
        return Name(architecture + "." + key.replacing("task.", with: "ssd."))
    }

    private static func network(
        of description: ModelDescription, _ reader: MetadataReader
    ) throws(ModelFileError) -> Network {
        guard case .detection(let task) = description.task else { throw .format(1) }
        let channels = 1...4096
        func integer(_ key: StaticString, in range: ClosedRange<Int>) throws(ModelFileError) -> Int {
            var value = 0
            try reader.integer(key, in: range, &value)
            return value
        }
        func integers(
            _ key: StaticString, _ count: Int, in range: ClosedRange<Int> = channels
        ) throws(ModelFileError) -> [Int] {
            var values: [Int] = []
            try reader.integers(key, count: count...count, in: range, &values)
            return values
        }
        var kind = AttentionKind.separable
        try reader.choice("attention.kind", &kind)
        let heads = try integer("attention.head_count", in: 1...64)
        let early = try integers("early.channels", 2), stages = try integers("stage.channels", 3)
        let tokens = try integers("stage.token_channels", 3)
        let feedForward = try integers("stage.feed_forward_channels", 3)
        let depths = try integers("stage.depth", 3, in: 1...16)
        guard kind == .separable || tokens.allSatisfy({ $0 % heads == 0 }) else {
            throw .outOfRange(key: reader.name("stage.token_channels"))
        }
        func stage(_ index: Int) -> MobileViT.Stage {
            .init(
                channels: stages[index], tokenChannels: tokens[index], feedForwardChannels: feedForward[index],
                depth: depths[index])
        }
        let backbone = MobileViT(
            attention: kind == .separable ? .separable : .multiHead(heads: heads), isThird: true,
            expansion: try integer("expansion", in: 1...8), stemChannels: try integer("stem.channels", in: channels),
            earlyChannels: [early[0], early[1]], layer2Depth: try integer("layer_2.depth", in: 1...16),
            stages: [stage(0), stage(1), stage(2)])
        let extra = try integers("task.extra_channels", 4)
        let projections = try integers("task.projection_channels", 6, in: 0...4096)
        let anchors = task.anchors
        guard anchors.ratioCounts.count == SSDLite.levelCount else {
            throw .outOfRange(key: reader.name("task.anchor.aspect_ratio_counts"))
        }
        var head = SSDLite(
            classCount: description.labels.count, extraChannels: [extra[0], extra[1], extra[2], extra[3]],
            projectionChannels: .init(repeating: 0), anchorsPerCell: .init(repeating: 0))
        for level in 0..<SSDLite.levelCount {
            head.projectionChannels[level] = projections[level]
            head.anchorsPerCell[level] = anchors.anchorsPerCell(level: level)
            guard head.anchorsPerCell[level] * head.recordChannels <= UInt16.max else {
                throw .outOfRange(key: reader.name("task.anchor.aspect_ratio_counts"))
            }
        }
        let size = description.input.size
        return Network(
            .mobileViT(backbone), .ssdLite(head), height: size.height, width: size.width, keepsAll: true)
    }
}

private enum AttentionKind: MetadataChoice {
    case multiHead, separable
    static var words: [(word: StaticString, value: AttentionKind)] { [("multi-head", .multiHead), ("separable", .separable)] }
}
