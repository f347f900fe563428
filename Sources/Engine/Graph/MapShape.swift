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

    /// Whether each side has 1 element or more, and products of few sides overflow nowhere.
    var isSmallEnough: Bool {
        guard height > 0, width > 0, channels > 0, channels <= 1 << 20 else { return false }
        let (rows, overflows) = height.multipliedReportingOverflow(by: width)
        return !overflows && rows <= 1 << 28 && Int64(rows) * Int64(channels) <= 1 << 28
    }
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

    var attributes: [Int] { [height, width] }
}

/// The height and width of the map that an operation makes, in terms of another map, so that a graph is one at any size.
public enum Extent: Sendable {
    /// The next multiples of the patch's sides.
    case multiple(of: PatchGrid)
    /// As a tensor of the graph, which has this shape.
    case like(TensorID, MapShape)

    /// For an operation that reads `map`.
    func shape(for map: MapShape) -> MapShape {
        switch self {
        case .multiple(let grid):
            MapShape(
                height: (map.height + grid.height - 1) / grid.height * grid.height,
                width: (map.width + grid.width - 1) / grid.width * grid.width, channels: map.channels)
        case .like(_, let shape): MapShape(height: shape.height, width: shape.width, channels: map.channels)
        }
    }

    var attributes: [Int] {
        switch self {
        case .multiple(let grid): [0] + grid.attributes
        case .like(let tensor, _): [1, tensor.index]
        }
    }
}
