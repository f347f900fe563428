import ModelFile
import Networks
import Vision

/// Everything a model file says about a model beside its weights.
public struct ModelDescription {
    /// Classes in the largest model that is accepted, background included.
    public static let largestClassCount = 4096
    /// Bytes of the longest label that is accepted: a line of the stream holds a hundred detections with such.
    public static let labelLimit = 256

    /// What people call the model, UTF-8.
    public var name: [UInt8]
    /// Sizes of all layers up to the strides 16 and 32.
    public var backbone: MobileViTv3
    /// Sizes of the layers behind the backbone, and the number of classes.
    public var head: SSDLite
    /// The size that the model was made for, and what becomes of a pixel.
    public var input: InputFormat
    /// The resize with which the network was evaluated upstream.
    public var resize: ResizeRule
    /// As many levels as the head.
    public var anchors: AnchorLayout
    /// SSD's factor on regressed centres, above 0 (Liu et al., 2016).
    public var centreVariance: Float
    /// SSD's factor on regressed widths and heights, above 0.
    public var sizeVariance: Float
    /// As the network was evaluated upstream.
    public var suppression: Suppression
    /// Boxes of a class that overlap more than this suppress each other.
    public var iouThreshold: Float
    /// UTF-8, one per class; class 0 is the background.
    public var labels: [[UInt8]]

    /// For writing a model file; what is out of range is found when the file is read.
    public init(
        name: [UInt8], backbone: MobileViTv3, head: SSDLite, input: InputFormat, resize: ResizeRule,
        anchors: AnchorLayout = .published, centreVariance: Float = 0.1, sizeVariance: Float = 0.2,
        suppression: Suppression, iouThreshold: Float = 0.5, labels: [[UInt8]]
    ) {
        self.name = name
        self.backbone = backbone
        self.head = head
        self.input = input
        self.resize = resize
        self.anchors = anchors
        self.centreVariance = centreVariance
        self.sizeVariance = sizeVariance
        self.suppression = suppression
        self.iouThreshold = iouThreshold
        self.labels = labels
    }
}

extension ModelDescription {
    /// The network at `size`, whose sides are among `DetectionNetwork.inputSides`, or at the file's own.
    public func network(at size: PictureSize? = nil) -> DetectionNetwork {
        let size = size ?? input.size
        return DetectionNetwork(backbone: backbone, head: head, height: size.height, width: size.width)
    }

    /// Reads and checks the metadata of `file`: every value is in a range for which the network can be built.
    public init(_ file: ModelFile) throws(ModelFileError) {
        let architecture = Name("general.architecture")
        guard Name(ModelKey.architecture).matches(try file.text(architecture)) else {
            throw .outOfRange(key: architecture)
        }
        let labels = try file.texts(ModelKey.labels, count: 2...Self.largestClassCount)
        for (index, label) in labels.enumerated() where label.count > Self.labelLimit {
            throw .labelTooLong(index: index, limit: Self.labelLimit)
        }
        let backbone = try Self.backbone(file)
        let anchors = try Self.anchors(file)
        self.init(
            name: [UInt8](try file.text(Name("general.name"))), backbone: backbone,
            head: try Self.head(file, anchors: anchors, classCount: labels.count), input: try Self.input(file),
            resize: try Self.choice(
                file, ModelKey.resize, ("opencv-bilinear", .bilinearOpenCV), ("pillow-bicubic", .bicubicPillow)),
            anchors: anchors, centreVariance: try Self.positive(file, ModelKey.centreVariance),
            sizeVariance: try Self.positive(file, ModelKey.sizeVariance), suppression: try Self.suppression(file),
            iouThreshold: try Self.positive(file, ModelKey.iouThreshold), labels: labels.map { [UInt8]($0) })
    }

    private static let channelRange = 1...4096

    private static func backbone(_ file: ModelFile) throws(ModelFileError) -> MobileViTv3 {
        let heads = try file.integer(ModelKey.heads, in: 1...64)
        let attention: MobileViTv3.Attention = try choice(
            file, ModelKey.attention, ("multi-head", .multiHead(heads: heads)), ("separable", .separable))
        let early = try file.integers(ModelKey.earlyChannels, count: 2...2, in: channelRange)
        let channels = try file.integers(ModelKey.stageChannels, count: 3...3, in: channelRange)
        let tokens = try file.integers(ModelKey.tokenChannels, count: 3...3, in: channelRange)
        let feedForward = try file.integers(ModelKey.feedForwardChannels, count: 3...3, in: channelRange)
        let depths = try file.integers(ModelKey.stageDepth, count: 3...3, in: 1...16)
        func stage(_ index: Int) -> MobileViTv3.Stage {
            MobileViTv3.Stage(
                channels: channels[index], tokenChannels: tokens[index], feedForwardChannels: feedForward[index],
                depth: depths[index])
        }
        if case .multiHead = attention {
            for count in tokens where count % heads != 0 { throw .outOfRange(key: ModelKey.tokenChannels) }
        }
        return MobileViTv3(
            attention: attention, expansion: try file.integer(ModelKey.expansion, in: 1...8),
            stemChannels: try file.integer(ModelKey.stemChannels, in: channelRange),
            earlyChannels: [early[0], early[1]], layer2Depth: try file.integer(ModelKey.layer2Depth, in: 1...16),
            stages: [stage(0), stage(1), stage(2)])
    }

    private static func head(
        _ file: ModelFile, anchors: AnchorLayout, classCount: Int
    ) throws(ModelFileError) -> SSDLite {
        let extra = try file.integers(ModelKey.extraChannels, count: 4...4, in: channelRange)
        let projections = try file.integers(ModelKey.projectionChannels, count: 6...6, in: 0...4096)
        var projectionChannels = InlineArray<6, Int>(repeating: 0)
        var anchorsPerCell = InlineArray<6, Int>(repeating: 0)
        for level in 0..<SSDLite.levelCount {
            projectionChannels[level] = projections[level]
            anchorsPerCell[level] = anchors.anchorsPerCell(level: level)
        }
        return SSDLite(
            classCount: classCount, extraChannels: [extra[0], extra[1], extra[2], extra[3]],
            projectionChannels: projectionChannels, anchorsPerCell: anchorsPerCell)
    }

    private static func anchors(_ file: ModelFile) throws(ModelFileError) -> AnchorLayout {
        let counts = try file.integers(
            ModelKey.aspectRatioCounts, count: SSDLite.levelCount...SSDLite.levelCount, in: 0...8)
        let ratios = try file.floats(ModelKey.aspectRatios, count: 0...SSDLite.levelCount * 8)
        var next = 0
        var levels: [[Double]] = []
        for count in counts {
            guard next + count <= ratios.count else { throw .outOfRange(key: ModelKey.aspectRatioCounts) }
            levels.append(ratios[next..<next + count].map { Double($0) })
            next += count
        }
        for ratio in ratios where ratio <= 0 { throw .outOfRange(key: ModelKey.aspectRatios) }
        guard next == ratios.count else { throw .outOfRange(key: ModelKey.aspectRatios) }
        return AnchorLayout(
            minimumScale: Double(try positive(file, ModelKey.minimumScale)),
            maximumScale: Double(try positive(file, ModelKey.maximumScale)), aspectRatios: levels)
    }

    private static func input(_ file: ModelFile) throws(ModelFileError) -> InputFormat {
        let sides = DetectionNetwork.inputSides
        let size = PictureSize(
            width: try file.integer(ModelKey.inputWidth, in: sides),
            height: try file.integer(ModelKey.inputHeight, in: sides))
        let fit: PictureFit = try choice(file, ModelKey.fit, ("stretch", .stretch), ("letterbox", .letterbox))
        let order: ChannelOrder = try choice(file, ModelKey.channelOrder, ("rgb", .rgb), ("bgr", .bgr))
        let mean = try file.floats(ModelKey.mean, count: 3...3)
        let deviation = try file.floats(ModelKey.standardDeviation, count: 3...3)
        for value in deviation where value <= 0 { throw .outOfRange(key: ModelKey.standardDeviation) }
        return InputFormat(
            size: size, fit: fit, channelOrder: order, scale: try positive(file, ModelKey.scale),
            mean: [mean[0], mean[1], mean[2]], standardDeviation: [deviation[0], deviation[1], deviation[2]])
    }

    private static func suppression(_ file: ModelFile) throws(ModelFileError) -> Suppression {
        let limit = try file.integer(ModelKey.suppressionLimit, in: 1...10_000)
        let candidates = try file.integer(ModelKey.candidatesPerClass, in: 1...1_000_000)
        return try choice(
            file, ModelKey.suppression, ("per-class", .perClass(limit: limit)),
            ("across-classes", .acrossClasses(candidatesPerClass: candidates, limit: limit)))
    }

    private static func positive(_ file: ModelFile, _ key: Name) throws(ModelFileError) -> Float {
        let value = try file.float(key)
        guard value > 0, value <= 1000 else { throw .outOfRange(key: key) }
        return value
    }

    /// The one of two values whose name stands under `key`.
    private static func choice<Value>(
        _ file: ModelFile, _ key: Name, _ first: (StaticString, Value), _ second: (StaticString, Value)
    ) throws(ModelFileError) -> Value {
        let text = try file.text(key)
        if Name(first.0).matches(text) { return first.1 }
        if Name(second.0).matches(text) { return second.1 }
        throw .outOfRange(key: key)
    }
}
