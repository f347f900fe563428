/// The SSDLite head (Sandler et al., 2018, "MobileNetV2"; models/networks.md): six feature levels, of
/// which the last four are made from the stride-32 map, and one layer per level that predicts boxes and classes. All lists
/// are from the finest level to the coarsest.
public struct SSDLite: Sendable {
    /// Levels 0 to 5: maps of stride 16, 32, 64, 128 and 256, and one single cell.
    public static let levelCount = 6

    /// Including the background, which is class 0.
    public var classCount: Int
    /// The channels of levels 2 to 5.
    public var extraChannels: InlineArray<4, Int>
    /// The channels of a 1x1 layer before a level's prediction, 0 where there is none.
    public var projectionChannels: InlineArray<6, Int>
    /// By level: the predictions of each of its cells.
    public var anchorsPerCell: InlineArray<6, Int>

    /// The head as published for a backbone: its two maps are projected to 512 and 256 channels where they have others.
    public static func published(classCount: Int, for backbone: Network.Backbone) -> SSDLite {
        let channels = backbone.channels
        return SSDLite(
            classCount: classCount, extraChannels: [256, 128, 128, 64],
            projectionChannels: [channels.stride16 == 512 ? 0 : 512, channels.stride32 == 256 ? 0 : 256, 0, 0, 0, 0],
            anchorsPerCell: [6, 6, 6, 6, 6, 4])
    }

    /// The values of one prediction: four box offsets and a logit per class.
    public var recordChannels: Int { 4 + classCount }

    /// Appends the head. Returns all predictions, [1, R, 4 + classes] in the order level, y, x, anchor with the box
    /// offsets first.
    func build(_ graph: inout Graph, stride16: TensorID, stride32: TensorID) -> TensorID {
        var features = [stride16, stride32]
        for index in 0..<3 {
            let name = Name("extra_layers.os_").appending(64 << index)
            let x = graph.depthwise3x3(features[index + 1], name.appending(".dw_conv"), stride: 2)
            features.append(graph.pointwise(x, name.appending(".pw_conv"), channels: extraChannels[index], .relu))
        }
        let pooled = graph.mean(features[4], Name("extra_layers.os_-1.0"))
        features.append(
            graph.pointwise(
                pooled, Name("extra_layers.os_-1.1"), channels: extraChannels[3], .relu, origin: .convolution))

        var maps: [TensorID] = []
        for level in 0..<Self.levelCount {
            let name = Name("ssd_heads.").appending(level)
            var x = features[level]
            if projectionChannels[level] > 0 {
                x = graph.pointwise(x, name.appending(".proj_layer"), channels: projectionChannels[level], .relu)
            }
            var predictor = name.appending(".loc_cls_layer")
            if level < Self.levelCount - 1 {
                x = graph.depthwise3x3(x, predictor.appending(".dw_conv"))
                predictor.append(".pw_conv")
            }
            maps.append(
                graph.pointwise(
                    x, predictor, channels: anchorsPerCell[level] * recordChannels, origin: .convolutionWithBias))
        }
        return graph.concatenateRows(maps, channels: recordChannels, Name("predictions"))
    }
}
