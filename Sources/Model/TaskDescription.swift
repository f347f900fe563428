/// What a network's output stands for, and how it is decoded.
public enum TaskDescription {
    case detection(DetectionDescription)
    /// A logit per class, [1, 1, classes].
    case classification
    case segmentation(SegmentationDescription)

    /// Without what belongs to the kind alone.
    public var kind: TaskKind {
        switch self {
        case .detection: .detection
        case .classification: .classification
        case .segmentation: .segmentation
        }
    }
}

/// What people call a task.
public enum TaskKind: Sendable {
    case detection, classification, segmentation

    /// The first class that a result may name: a detector's class 0 is the background.
    public var firstClass: Int { self == .detection ? 1 : 0 }
    /// Scores, or a segment's share of the image, are above this, unless something else is asked for.
    public var defaultThreshold: Float {
        switch self {
        case .detection: 0.3
        case .classification: 0
        case .segmentation: 0.001
        }
    }
    /// The most detections, classes or segments that programs list for an image, unless something else is asked for.
    public var defaultLimit: Int { self == .classification ? 5 : 100 }
    /// Classes of the largest model that is accepted, a background included.
    public var largestClassCount: Int {
        self == .segmentation ? SegmentationDecoder.largestClassCount : ModelDescription.largestClassCount
    }
}

/// How SSD's predictions become boxes (Liu et al., 2016).
public struct DetectionDescription {
    /// One level for each map that the output is made of.
    public var anchors: AnchorLayout
    /// SSD's factor on regressed centres, above 0.
    public var centreVariance: Float
    /// SSD's factor on regressed widths and heights, above 0.
    public var sizeVariance: Float
    /// As the network was evaluated upstream.
    public var suppression: NonMaximumSuppression
    /// Boxes of a class that overlap more than this suppress each other.
    public var iouThreshold: Float

    /// As published, but for what is given.
    public init(
        anchors: AnchorLayout = .published, centreVariance: Float = 0.1, sizeVariance: Float = 0.2,
        suppression: NonMaximumSuppression, iouThreshold: Float = 0.5
    ) {
        self.anchors = anchors
        self.centreVariance = centreVariance
        self.sizeVariance = sizeVariance
        self.suppression = suppression
        self.iouThreshold = iouThreshold
    }
}

/// How low-resolution logits, [h, w, classes], become a mask.
public struct SegmentationDescription {
    /// As the network was evaluated upstream.
    public var upsampling: Upsampling

    /// What it says.
    public init(upsampling: Upsampling) { self.upsampling = upsampling }
}
