import Engine

/// A detector's graph at one input size.
public struct DetectionNetwork: Sendable {
    /// The input of the smallest and largest network that is built, in pixels per side.
    public static let inputSides = 32...2048

    /// From the picture, [height, width, 3], to predictions [1, R, 4 + classes]: of each anchor four box offsets, then
    /// its logits; R in the order level, row, column, anchor.
    public let graph: Graph
    /// The size of each feature level, finest first.
    public let levels: [MapShape]

    /// `height` and `width` within `inputSides`; `keepsAll` is the graph's.
    public init(backbone: MobileViTv3, head: SSDLite, height: Int, width: Int, keepsAll: Bool = false) {
        precondition(Self.inputSides.contains(height) && Self.inputSides.contains(width))
        var graph = Graph(input: MapShape(height: height, width: width, channels: 3), keepsAll: keepsAll)
        let maps = backbone.build(&graph)
        let result = head.build(&graph, stride16: maps.stride16, stride32: maps.stride32)
        graph.output = result.predictions
        self.graph = graph
        levels = result.levels
    }
}
