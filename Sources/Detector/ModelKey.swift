import ModelFile

/// The metadata keys of a detector's model file, beside `general.name` and `general.architecture`.
public enum ModelKey {
    /// The value of `general.architecture`, and the prefix of all other keys.
    public static let architecture: StaticString = "mobilevitv3-ssdlite"

    /// "multi-head" or "separable".
    public static var attention: Name { key("attention.kind") }
    public static var heads: Name { key("attention.head_count") }
    public static var expansion: Name { key("expansion") }
    public static var stemChannels: Name { key("stem.channels") }
    /// layer_1 and layer_2.
    public static var earlyChannels: Name { key("early.channels") }
    public static var layer2Depth: Name { key("layer_2.depth") }
    /// layer_3, layer_4 and layer_5, as are the next three.
    public static var stageChannels: Name { key("stage.channels") }
    public static var tokenChannels: Name { key("stage.token_channels") }
    public static var feedForwardChannels: Name { key("stage.feed_forward_channels") }
    public static var stageDepth: Name { key("stage.depth") }

    /// Levels 2 to 5.
    public static var extraChannels: Name { key("ssd.extra_channels") }
    /// Levels 0 to 5; 0 where a level has no projection.
    public static var projectionChannels: Name { key("ssd.projection_channels") }
    public static var minimumScale: Name { key("ssd.anchor.minimum_scale") }
    public static var maximumScale: Name { key("ssd.anchor.maximum_scale") }
    /// The aspect ratios of all levels, one after the other, and how many each level has.
    public static var aspectRatios: Name { key("ssd.anchor.aspect_ratios") }
    public static var aspectRatioCounts: Name { key("ssd.anchor.aspect_ratio_counts") }
    public static var centreVariance: Name { key("ssd.centre_variance") }
    public static var sizeVariance: Name { key("ssd.size_variance") }
    /// "per-class" or "across-classes".
    public static var suppression: Name { key("ssd.suppression.kind") }
    public static var suppressionLimit: Name { key("ssd.suppression.limit") }
    /// For "across-classes" only.
    public static var candidatesPerClass: Name { key("ssd.suppression.candidates_per_class") }
    public static var iouThreshold: Name { key("ssd.suppression.iou_threshold") }

    public static var inputWidth: Name { key("input.width") }
    public static var inputHeight: Name { key("input.height") }
    /// "stretch" or "letterbox".
    public static var fit: Name { key("input.fit") }
    /// "rgb" or "bgr".
    public static var channelOrder: Name { key("input.channel_order") }
    /// "opencv-bilinear" or "pillow-bicubic".
    public static var resize: Name { key("input.resize") }
    /// A channel value 0...255 becomes (value * scale - mean) / standard deviation.
    public static var scale: Name { key("input.scale") }
    public static var mean: Name { key("input.mean") }
    public static var standardDeviation: Name { key("input.standard_deviation") }
    /// One label per class, the background first.
    public static var labels: Name { key("labels") }

    private static func key(_ suffix: StaticString) -> Name {
        Name(architecture).appending(".").appending(suffix)
    }
}
