import ModelFile

/// The metadata keys of a detector's model file, beside `general.name` and `general.architecture`.
public enum ModelKey {
    /// The value of `general.architecture`, and the prefix of all other keys.
    public static let architecture: StaticString = "mobilevitv3-ssdlite"

    /// "multi-head" or "separable".
    public static var attention: Name { key("attention.kind") }
    /// Integer, 1...64; of no meaning for "separable".
    public static var heads: Name { key("attention.head_count") }
    /// Integer: hidden channels per input channel of an inverted residual.
    public static var expansion: Name { key("expansion") }
    /// Integer: channels that leave conv_1.
    public static var stemChannels: Name { key("stem.channels") }
    /// layer_1 and layer_2.
    public static var earlyChannels: Name { key("early.channels") }
    /// Integer: inverted residuals in layer_2.
    public static var layer2Depth: Name { key("layer_2.depth") }
    /// layer_3, layer_4 and layer_5, as are the next three.
    public static var stageChannels: Name { key("stage.channels") }
    /// The width of a token.
    public static var tokenChannels: Name { key("stage.token_channels") }
    /// The width of the feed-forward layer inside an encoder.
    public static var feedForwardChannels: Name { key("stage.feed_forward_channels") }
    /// The number of transformer encoders.
    public static var stageDepth: Name { key("stage.depth") }

    /// Levels 2 to 5.
    public static var extraChannels: Name { key("ssd.extra_channels") }
    /// Levels 0 to 5; 0 where a level has no projection.
    public static var projectionChannels: Name { key("ssd.projection_channels") }
    /// The smallest anchor's side, as a share of the picture's (`AnchorLayout.minimumScale`).
    public static var minimumScale: Name { key("ssd.anchor.minimum_scale") }
    /// The scale after that of the last level (`AnchorLayout.maximumScale`).
    public static var maximumScale: Name { key("ssd.anchor.maximum_scale") }
    /// The aspect ratios of all levels, one after the other.
    public static var aspectRatios: Name { key("ssd.anchor.aspect_ratios") }
    /// One integer per level: how many of the ratios are its own.
    public static var aspectRatioCounts: Name { key("ssd.anchor.aspect_ratio_counts") }
    /// SSD's factor on regressed centres.
    public static var centreVariance: Name { key("ssd.centre_variance") }
    /// SSD's factor on regressed widths and heights.
    public static var sizeVariance: Name { key("ssd.size_variance") }
    /// "per-class" or "across-classes".
    public static var suppression: Name { key("ssd.suppression.kind") }
    /// The most boxes that are kept: of each class for "per-class", of all classes for "across-classes".
    public static var suppressionLimit: Name { key("ssd.suppression.limit") }
    /// For "across-classes" only.
    public static var candidatesPerClass: Name { key("ssd.suppression.candidates_per_class") }
    /// Boxes of a class that overlap more than this suppress each other.
    public static var iouThreshold: Name { key("ssd.suppression.iou_threshold") }

    /// In pixels.
    public static var inputWidth: Name { key("input.width") }
    /// In pixels.
    public static var inputHeight: Name { key("input.height") }
    /// "stretch" or "letterbox".
    public static var fit: Name { key("input.fit") }
    /// "rgb" or "bgr".
    public static var channelOrder: Name { key("input.channel_order") }
    /// "opencv-bilinear" or "pillow-bicubic".
    public static var resize: Name { key("input.resize") }
    /// A channel value 0...255 becomes (value * scale - mean) / standard deviation.
    public static var scale: Name { key("input.scale") }
    /// Three floats in the network's channel order, of values that are scaled already.
    public static var mean: Name { key("input.mean") }
    /// Three floats in the network's channel order, above 0.
    public static var standardDeviation: Name { key("input.standard_deviation") }
    /// One label per class, the background first.
    public static var labels: Name { key("labels") }

    private static func key(_ suffix: StaticString) -> Name {
        Name(architecture).appending(".").appending(suffix)
    }
}
