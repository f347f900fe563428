/// The shape of one activation: a map of height x width pixels, or patch-position x token rows, of channels (NHWC,
/// batch 1).
public struct MapShape: BitwiseCopyable, Equatable, Sendable {
    /// Pixels, or patch positions.
    public var height: Int
    /// Pixels, or tokens of a patch position.
    public var width: Int
    /// Values of a row.
    public var channels: Int

    /// Sizes are not checked here: a graph checks them when an operation is appended.
    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// Pixels, or tokens, of the whole map.
    public var rows: Int { height * width }
    /// Values of the whole map.
    public var count: Int { height * width * channels }
}

/// The pixels of one patch: a map of h x w pixels has `height` * `width` patch positions with h * w / (`height` * `width`)
/// tokens each.
public struct PatchGrid: Equatable, Sendable {
    /// Pixels.
    public var height: Int
    /// Pixels.
    public var width: Int

    /// Both at least 1; an operation checks that they divide its map.
    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// Pixels of a patch.
    public var positions: Int { height * width }
}
