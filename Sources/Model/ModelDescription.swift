import ModelFile
import Networks
import Pixels
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
    public func network(at size: PictureSize? = nil, keepsAll: Bool = false) -> DetectionNetwork {
        let size = size ?? input.size
        return DetectionNetwork(
            backbone: backbone, head: head, height: size.height, width: size.width, keepsAll: keepsAll)
    }
}
