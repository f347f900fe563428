import ModelFile
import Networks
import Pixels
import Vision

extension ModelDescription {
    /// The value of `general.architecture`, and what all keys of `exchange` begin with.
    public static let architecture: StaticString = "mobilevitv3-ssdlite"

    /// Reads and checks the metadata of `file`: every value is in a range for which the network can be built.
    public init(_ file: ModelFile) throws(ModelFileError) {
        let architecture = Name("general.architecture")
        guard Name(Self.architecture).matches(try file.text(architecture)) else {
            throw .outOfRange(key: architecture)
        }
        self.init(
            name: [UInt8](try file.text(Name("general.name"))), backbone: .xxs,
            head: .published(classCount: 2, stride32Channels: 128),
            input: InputFormat(size: PictureSize(width: 0, height: 0), channelOrder: .rgb), resize: .bilinearOpenCV,
            suppression: .perClass(limit: 1), labels: [])
        var reader = MetadataReader(file: file, prefix: Name(Self.architecture).appending("."))
        try exchange(&reader)
    }

    private static let channels = 1...4096

    /// Hands every key through `x`: the one place that names it.
    public mutating func exchange<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        try exchangeBackbone(&x)
        // Levels 2 to 5, and 0 to 5, of which 0 is one without projection.
        try x.integers("ssd.extra_channels", in: Self.channels, &head.extraChannels)
        try x.integers("ssd.projection_channels", in: 0...4096, &head.projectionChannels)
        try exchangeAnchors(&x)
        try x.float("ssd.centre_variance", in: .factor, &centreVariance)
        try x.float("ssd.size_variance", in: .factor, &sizeVariance)
        try exchangeSuppression(&x)
        try x.float("ssd.suppression.iou_threshold", in: .factor, &iouThreshold)
        try x.integer("input.width", in: DetectionNetwork.inputSides, &input.size.width)
        try x.integer("input.height", in: DetectionNetwork.inputSides, &input.size.height)
        try x.choice("input.fit", &input.fit)
        try x.choice("input.channel_order", &input.channelOrder)
        try x.choice("input.resize", &resize)
        // A channel value 0...255 becomes (value * scale - mean) / deviation, these in the network's channel order.
        try x.float("input.scale", in: .factor, &input.scale)
        try x.floats("input.mean", in: .finite, &input.mean)
        try x.floats("input.standard_deviation", in: .aboveZero, &input.standardDeviation)
        // One per class, the background first.
        try x.texts("labels", count: 2...Self.largestClassCount, &labels)
        for (index, label) in labels.enumerated() where label.count > Self.labelLimit {
            throw .labelTooLong(index: index, limit: Self.labelLimit)
        }
        head.classCount = labels.count
    }

    private mutating func exchangeBackbone<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        var kind = AttentionKind.separable, heads = 1
        if case .multiHead(let count) = backbone.attention { (kind, heads) = (.multiHead, count) }
        try x.choice("attention.kind", &kind)
        // Of no meaning where it is separable.
        try x.integer("attention.head_count", in: 1...64, &heads)
        backbone.attention = kind == .multiHead ? .multiHead(heads: heads) : .separable
        try x.integer("expansion", in: 1...8, &backbone.expansion)
        try x.integer("stem.channels", in: Self.channels, &backbone.stemChannels)
        try x.integers("early.channels", in: Self.channels, &backbone.earlyChannels)
        try x.integer("layer_2.depth", in: 1...16, &backbone.layer2Depth)
        // layer_3, layer_4 and layer_5.
        var stages = backbone.stages
        try exchange(&x, "stage.channels", in: Self.channels, { stages[$0].channels }, { stages[$0].channels = $1 })
        try exchange(
            &x, "stage.token_channels", in: Self.channels, { stages[$0].tokenChannels }, { stages[$0].tokenChannels = $1 })
        try exchange(
            &x, "stage.feed_forward_channels", in: Self.channels, { stages[$0].feedForwardChannels },
            { stages[$0].feedForwardChannels = $1 })
        try exchange(&x, "stage.depth", in: 1...16, { stages[$0].depth }, { stages[$0].depth = $1 })
        backbone.stages = stages
        for index in 0..<3 where kind == .multiHead && stages[index].tokenChannels % heads != 0 {
            throw .outOfRange(key: x.name("stage.token_channels"))
        }
    }

    private func exchange<Exchange: MetadataExchange>(
        _ x: inout Exchange, _ key: StaticString, in range: ClosedRange<Int>, _ get: (Int) -> Int,
        _ set: (Int, Int) -> Void
    ) throws(ModelFileError) {
        var values: InlineArray<3, Int> = [get(0), get(1), get(2)]
        try x.integers(key, in: range, &values)
        for index in 0..<3 { set(index, values[index]) }
    }

    /// Scales are shares of the picture's side; ratios stand level by level, with how many each level has beside them.
    private mutating func exchangeAnchors<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        let ratiosKey: StaticString = "ssd.anchor.aspect_ratios", countsKey: StaticString = "ssd.anchor.aspect_ratio_counts"
        var minimum = Float(anchors.minimumScale), maximum = Float(anchors.maximumScale)
        var ratios: [Float] = [], counts: [Int] = []
        for level in anchors.aspectRatios {
            counts.append(level.count)
            for ratio in level { ratios.append(Float(ratio)) }
        }
        try x.float("ssd.anchor.minimum_scale", in: .factor, &minimum)
        try x.float("ssd.anchor.maximum_scale", in: .factor, &maximum)
        try x.floats(ratiosKey, count: 0...SSDLite.levelCount * 8, in: .aboveZero, &ratios)
        try x.integers(countsKey, count: SSDLite.levelCount...SSDLite.levelCount, in: 0...8, &counts)
        var next = 0
        var levels: [[Double]] = []
        for (level, count) in counts.enumerated() {
            guard next + count <= ratios.count else { throw .outOfRange(key: x.name(countsKey)) }
            levels.append(ratios[next..<next + count].map { Double($0) })
            next += count
            head.anchorsPerCell[level] = 2 + 2 * count
        }
        guard next == ratios.count else { throw .outOfRange(key: x.name(ratiosKey)) }
        anchors = AnchorLayout(
            minimumScale: Double(minimum), maximumScale: Double(maximum), aspectRatios: levels)
    }

    /// The limit is of each class, or of all; candidates mean nothing where it is of each.
    private mutating func exchangeSuppression<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        var kind = SuppressionKind.perClass, limit = 0, candidates = 1_000_000
        switch suppression {
        case .perClass(let count): limit = count
        case .acrossClasses(let candidatesPerClass, let count):
            (kind, limit, candidates) = (.acrossClasses, count, candidatesPerClass)
        }
        try x.choice("ssd.suppression.kind", &kind)
        try x.integer("ssd.suppression.limit", in: 1...10_000, &limit)
        try x.integer("ssd.suppression.candidates_per_class", in: 1...1_000_000, &candidates)
        suppression =
            kind == .perClass ? .perClass(limit: limit) : .acrossClasses(candidatesPerClass: candidates, limit: limit)
    }
}

private enum AttentionKind: MetadataChoice {
    case multiHead, separable
    static var words: [(word: StaticString, value: AttentionKind)] { [("multi-head", .multiHead), ("separable", .separable)] }
}

private enum SuppressionKind: MetadataChoice {
    case perClass, acrossClasses
    static var words: [(word: StaticString, value: SuppressionKind)] {
        [("per-class", .perClass), ("across-classes", .acrossClasses)]
    }
}

extension PictureFit: MetadataChoice {
    /// As a model file has them.
    public static var words: [(word: StaticString, value: PictureFit)] { [("stretch", .stretch), ("letterbox", .letterbox)] }
}

extension ChannelOrder: MetadataChoice {
    /// As a model file has them.
    public static var words: [(word: StaticString, value: ChannelOrder)] { [("rgb", .rgb), ("bgr", .bgr)] }
}

extension ResizeRule: MetadataChoice {
    /// As a model file has them; the fast rule is never a network's own.
    public static var words: [(word: StaticString, value: ResizeRule)] {
        [("opencv-bilinear", .bilinearOpenCV), ("pillow-bicubic", .bicubicPillow)]
    }
}
