extension ModelDescription {
    /// The present format of model files. The first one had no graph.
    public static let format = 2

    /// Reads and checks the metadata of `file`; its graph is `GraphFile`'s.
    public init(_ file: ModelFile) throws(ModelFileError) {
        var reader = MetadataReader(file), kind = TaskKind.detection
        try Self.exchangeFormat(&reader, &kind)
        try self.init(reader, kind)
    }

    /// The same from a file whose format is known.
    public init(_ reader: MetadataReader, _ kind: TaskKind) throws(ModelFileError) {
        let task: TaskDescription =
            switch kind {
            case .detection: .detection(DetectionDescription(suppression: .perClass(limit: 1)))
            case .classification: .classification
            case .segmentation: .segmentation(SegmentationDescription(upsampling: .alignedEdges))
            }
        self.init(
            name: [], family: [], input: InputFormat(size: ImageSize(width: 0, height: 0), channelOrder: .rgb),
            resize: .bilinearOpenCV, task: task, labels: [])
        var reader = reader
        try exchange(&reader)
    }

    /// Hands through `x` what says how the rest is to be understood.
    public static func exchangeFormat<Exchange: MetadataExchange>(
        _ x: inout Exchange, _ kind: inout TaskKind
    ) throws(ModelFileError) {
        var architecture = Architecture.graph, format = Self.format, head = HeadKind.ssd
        try x.choice("general.architecture", &architecture)
        guard architecture == .graph else { throw .format(1) }
        try x.integer("swiftlet.format", in: 1...Int(Int32.max), &format)
        guard format == Self.format else { throw .format(format) }
        try x.choice("task.kind", &kind)
        if kind == .detection { try x.choice("task.head", &head) }
    }

    /// Hands every other key through `x`: the one place that names it.
    public mutating func exchange<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        try x.text("general.name", &name)
        try x.text("swiftlet.family", &family)
        switch task {
        case .detection(var detection):
            try detection.exchange(&x)
            task = .detection(detection)
        case .classification: break
        case .segmentation(var segmentation):
            try x.choice("task.upsampling", &segmentation.upsampling)
            task = .segmentation(segmentation)
        }
        try x.integer("input.width", in: Self.inputSides, &input.size.width)
        try x.integer("input.height", in: Self.inputSides, &input.size.height)
        try x.choice("input.fit", &input.fit)
        try x.choice("input.channel_order", &input.channelOrder)
        try x.choice("input.resize", &resize)
        // A channel value 0...255 becomes (value * scale - mean) / deviation, these in the network's channel order.
        try x.float("input.scale", in: .factor, &input.scale)
        try x.floats("input.mean", in: .finite, &input.mean)
        try x.floats("input.standard_deviation", in: .aboveZero, &input.standardDeviation)
        // One per class, a detector's background first.
        try x.texts("labels", count: task.kind.firstClass + 1...task.kind.largestClassCount, &labels)
        for (index, label) in labels.enumerated() where label.count > Self.labelLimit {
            throw .labelTooLong(index: index, limit: Self.labelLimit)
        }
    }
}

extension DetectionDescription {
    fileprivate mutating func exchange<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        try exchangeAnchors(&x)
        try x.float("task.centre_variance", in: .factor, &centreVariance)
        try x.float("task.size_variance", in: .factor, &sizeVariance)
        try exchangeSuppression(&x)
        try x.float("task.suppression.iou_threshold", in: .factor, &iouThreshold)
    }

    /// Scales are shares of the image's side; ratios stand level by level, with how many each level has beside them.
    private mutating func exchangeAnchors<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        let ratiosKey: StaticString = "task.anchor.aspect_ratios", countsKey: StaticString = "task.anchor.aspect_ratio_counts"
        let levels = ModelDescription.levels
        var minimum = Float(anchors.minimumScale), maximum = Float(anchors.maximumScale)
        try x.float("task.anchor.minimum_scale", in: .factor, &minimum)
        try x.float("task.anchor.maximum_scale", in: .factor, &maximum)
        (anchors.minimumScale, anchors.maximumScale) = (Double(minimum), Double(maximum))
        try x.floats(ratiosKey, count: 0...levels.upperBound * 8, in: .aboveZero, &anchors.aspectRatios)
        try x.integers(countsKey, count: levels, in: 0...8, &anchors.ratioCounts)
        let sum = anchors.ratioCounts.reduce(0, +), found = anchors.aspectRatios.count
        guard sum == found else { throw .outOfRange(key: x.name(sum > found ? countsKey : ratiosKey)) }
    }

    /// The limit is of each class, or of all; candidates mean nothing where it is of each.
    private mutating func exchangeSuppression<Exchange: MetadataExchange>(_ x: inout Exchange) throws(ModelFileError) {
        var kind = SuppressionKind.perClass, limit = 0, candidates = 1_000_000
        switch suppression {
        case .perClass(let count): limit = count
        case .acrossClasses(let candidatesPerClass, let count):
            (kind, limit, candidates) = (.acrossClasses, count, candidatesPerClass)
        }
        try x.choice("task.suppression.kind", &kind)
        try x.integer("task.suppression.limit", in: 1...10_000, &limit)
        try x.integer("task.suppression.candidates_per_class", in: 1...1_000_000, &candidates)
        suppression =
            kind == .perClass ? .perClass(limit: limit) : .acrossClasses(candidatesPerClass: candidates, limit: limit)
    }
}

/// How a file describes its network.
private enum Architecture: MetadataChoice {
    /// By its graph.
    case graph
    /// By sizes of layers, in the first format.
    case sizes
    static var words: [(word: StaticString, value: Architecture)] {
        [("swiftlet", .graph), ("mobilevitv3-ssdlite", .sizes)]
    }
}

extension TaskKind: MetadataChoice {
    /// As a model file and the stream have them.
    public static var words: [(word: StaticString, value: TaskKind)] {
        [("detection", .detection), ("classification", .classification), ("segmentation", .segmentation)]
    }
}

extension Upsampling: MetadataChoice {
    /// As a model file has them.
    public static var words: [(word: StaticString, value: Upsampling)] {
        [("aligned-edges", .alignedEdges), ("aligned-corners", .alignedCorners)]
    }
}

private enum HeadKind: MetadataChoice {
    case ssd
    static var words: [(word: StaticString, value: HeadKind)] { [("ssd", .ssd)] }
}

private enum SuppressionKind: MetadataChoice {
    case perClass, acrossClasses
    static var words: [(word: StaticString, value: SuppressionKind)] {
        [("per-class", .perClass), ("across-classes", .acrossClasses)]
    }
}

extension ImageFit: MetadataChoice {
    /// As a model file has them.
    public static var words: [(word: StaticString, value: ImageFit)] { [("stretch", .stretch), ("letterbox", .letterbox)] }
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
