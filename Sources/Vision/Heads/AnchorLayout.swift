/// A default box of SSD in centre form, in units of the image's width and height.
public struct Anchor: Equatable, Sendable {
    /// From the left edge.
    public var centreX: Float
    /// From the top edge.
    public var centreY: Float
    /// A share of the image's width.
    public var width: Float
    /// A share of the image's height.
    public var height: Float
}

/// SSD's rule for anchors (Liu et al., 2016; models/networks.md).
///
/// With n levels and n + 1 scales s evenly spaced from `minimumScale` to `maximumScale`, each cell of level i has
/// anchors of the sizes (s_i, s_i), (g, g) with g = sqrt(s_i * s_i+1), and for each aspect ratio r of the level
/// (s_i * sqrt r, s_i / sqrt r) and (s_i / sqrt r, s_i * sqrt r). Centres are the cells' centres. Each of the four
/// numbers is clamped to 0...1: in centre form, so an anchor may still reach over the image's edge.
public struct AnchorLayout: Sendable {
    /// Of the first level: a square anchor's side, as a share of the image's.
    public var minimumScale: Double
    /// The one after the last level's; the last level's second anchor lies between both.
    public var maximumScale: Double
    /// The ratios beside 1, level by level.
    public var aspectRatios: [Float]
    /// For each level, how many of `aspectRatios` are its own.
    public var ratioCounts: [Int]

    /// The layout of the published MobileViT detectors.
    public static var published: AnchorLayout { AnchorLayout(minimumScale: 0.1, maximumScale: 1.05) }

    /// As the published MobileViT detectors have them, but for the scales. Levels are from the finest to the coarsest;
    /// scales are above 0.
    public init(minimumScale: Double, maximumScale: Double) {
        self.minimumScale = minimumScale
        self.maximumScale = maximumScale
        aspectRatios = [2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2]
        ratioCounts = [2, 2, 2, 2, 2, 1]
    }

    /// `level` is one of `ratioCounts`, the finest being 0.
    public func anchorsPerCell(level: Int) -> Int { 2 + 2 * ratioCounts[level] }

    /// The anchors for feature maps of these sizes, one per level, in the order level, row, column, size. Computed in
    /// double precision.
    public func anchors(for levels: [ImageSize]) -> [Anchor] {
        precondition(levels.count == ratioCounts.count)
        var anchors: [Anchor] = []
        anchors.reserveCapacity(
            levels.indices.reduce(0) { $0 + levels[$1].width * levels[$1].height * anchorsPerCell(level: $1) })
        var sizes: [(width: Double, height: Double)] = []
        for (level, map) in levels.enumerated() {
            findSizes(&sizes, level: level)
            for y in 0..<map.height {
                for x in 0..<map.width {
                    let centreX = (Double(x) + 0.5) / Double(map.width)
                    let centreY = (Double(y) + 0.5) / Double(map.height)
                    for (width, height) in sizes {
                        anchors.append(
                            Anchor(
                                centreX: Self.clamped(centreX), centreY: Self.clamped(centreY),
                                width: Self.clamped(width), height: Self.clamped(height)))
                    }
                }
            }
        }
        return anchors
    }

    private func findSizes(_ sizes: inout [(width: Double, height: Double)], level: Int) {
        let step = (maximumScale - minimumScale) / Double(ratioCounts.count)
        let scale = minimumScale + Double(level) * step
        let next = minimumScale + Double(level + 1) * step
        let between = (scale * next).squareRoot()
        sizes.removeAll(keepingCapacity: true)
        sizes.reserveCapacity(anchorsPerCell(level: level))
        sizes.append((width: scale, height: scale))
        sizes.append((width: between, height: between))
        for ratio in aspectRatios[ratioCounts[..<level].reduce(0, +)...].prefix(ratioCounts[level]) {
            let root = Double(ratio).squareRoot()
            sizes.append((width: scale * root, height: scale / root))
            sizes.append((width: scale / root, height: scale * root))
        }
    }

    private static func clamped(_ value: Double) -> Float { Float(min(max(value, 0), 1)) }
}
