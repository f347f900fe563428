/// Everything a model file says about a model beside its weights.
public struct ModelDescription {
    /// Classes in the largest model that is accepted, background included.
    public static let largestClassCount = 4096
    /// The sides of the smallest and the largest input, in pixels.
    public static let inputSides = 32...2048
    /// Levels of anchors.
    static let levels = 1...6
    /// Bytes of the longest label that is accepted: a line of the stream contains a hundred detections with such.
    public static let labelLimit = 256

    /// What people call the model, UTF-8.
    public var name: [UInt8]
    /// Of which networks it is one, for people and reports, UTF-8.
    public var family: [UInt8]
    /// The size that the model was made for, and what becomes of a pixel.
    public var input: InputFormat
    /// The resize with which the network was evaluated upstream.
    public var resize: ResizeRule
    /// One level for each map that the output is made of.
    public var anchors: AnchorLayout
    /// SSD's factor on regressed centres, above 0 (Liu et al., 2016).
    public var centreVariance: Float
    /// SSD's factor on regressed widths and heights, above 0.
    public var sizeVariance: Float
    /// As the network was evaluated upstream.
    public var suppression: NonMaximumSuppression
    /// Boxes of a class that overlap more than this suppress each other.
    public var iouThreshold: Float
    /// UTF-8, one per class; class 0 is the background.
    public var labels: [ArraySlice<UInt8>]

    /// For writing a model file; what is out of range is found when the file is read.
    public init(
        name: [UInt8], family: [UInt8], input: InputFormat, resize: ResizeRule,
        anchors: AnchorLayout = .published, centreVariance: Float = 0.1, sizeVariance: Float = 0.2,
        suppression: NonMaximumSuppression, iouThreshold: Float = 0.5, labels: [ArraySlice<UInt8>]
    ) {
        self.name = name
        self.family = family
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
