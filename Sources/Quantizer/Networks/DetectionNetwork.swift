/// A detector's graph at one input size.
public struct DetectionNetwork: Sendable {
    /// From the image, [height, width, 3], to predictions [1, R, 4 + classes]: of each anchor four box offsets, then
    /// its logits; R in the order level, row, column, anchor.
    public let graph: Graph

    /// `height` and `width` within `ModelDescription.inputSides`; `keepsAll` is the graph's.
    public init(backbone: MobileViTv3, head: SSDLite, height: Int, width: Int, keepsAll: Bool = false) {
        precondition(ModelDescription.inputSides.contains(height) && ModelDescription.inputSides.contains(width))
        var graph = Graph(input: MapShape(height: height, width: width, channels: 3), keepsAll: keepsAll)
        let maps = backbone.build(&graph)
        graph.output = head.build(&graph, stride16: maps.stride16, stride32: maps.stride32)
        self.graph = graph
    }
}
