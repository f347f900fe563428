import Model
import ModelFile
import Networks

extension ModelDescription {
    /// The key-value pairs from which `ModelDescription.init(_:)` reads the same description.
    public var metadata: [(key: Name, value: MetadataValue)] {
        func integers<let count: Int>(_ values: InlineArray<count, Int>) -> MetadataValue {
            .integers(values.indices.map { UInt32(values[$0]) })
        }
        func floats<let count: Int>(_ values: InlineArray<count, Float>) -> MetadataValue {
            .floats(values.indices.map { values[$0] })
        }
        func stages(_ path: KeyPath<MobileViTv3.Stage, Int>) -> MetadataValue {
            .integers(backbone.stages.indices.map { UInt32(backbone.stages[$0][keyPath: path]) })
        }

        let attention: (kind: String, heads: UInt32) =
            switch backbone.attention {
            case .multiHead(let heads): ("multi-head", UInt32(heads))
            case .separable: ("separable", 1)
            }
        let suppression: (kind: String, limit: UInt32, candidates: UInt32) =
            switch self.suppression {
            case .perClass(let limit): ("per-class", UInt32(limit), 1_000_000)
            case .acrossClasses(let candidates, let limit): ("across-classes", UInt32(limit), UInt32(candidates))
            }
        return [
            (Name("general.architecture"), .text("\(ModelKey.architecture)")),
            (Name("general.name"), .text(String(decoding: name, as: UTF8.self))),
            (ModelKey.attention, .text(attention.kind)),
            (ModelKey.heads, .integer(attention.heads)),
            (ModelKey.expansion, .integer(UInt32(backbone.expansion))),
            (ModelKey.stemChannels, .integer(UInt32(backbone.stemChannels))),
            (ModelKey.earlyChannels, integers(backbone.earlyChannels)),
            (ModelKey.layer2Depth, .integer(UInt32(backbone.layer2Depth))),
            (ModelKey.stageChannels, stages(\.channels)),
            (ModelKey.tokenChannels, stages(\.tokenChannels)),
            (ModelKey.feedForwardChannels, stages(\.feedForwardChannels)),
            (ModelKey.stageDepth, stages(\.depth)),
            (ModelKey.extraChannels, integers(head.extraChannels)),
            (ModelKey.projectionChannels, integers(head.projectionChannels)),
            (ModelKey.minimumScale, .float(Float(anchors.minimumScale))),
            (ModelKey.maximumScale, .float(Float(anchors.maximumScale))),
            (ModelKey.aspectRatios, .floats(anchors.aspectRatios.flatMap { $0 }.map { Float($0) })),
            (ModelKey.aspectRatioCounts, .integers(anchors.aspectRatios.map { UInt32($0.count) })),
            (ModelKey.centreVariance, .float(centreVariance)),
            (ModelKey.sizeVariance, .float(sizeVariance)),
            (ModelKey.suppression, .text(suppression.kind)),
            (ModelKey.suppressionLimit, .integer(suppression.limit)),
            (ModelKey.candidatesPerClass, .integer(suppression.candidates)),
            (ModelKey.iouThreshold, .float(iouThreshold)),
            (ModelKey.inputWidth, .integer(UInt32(input.size.width))),
            (ModelKey.inputHeight, .integer(UInt32(input.size.height))),
            (ModelKey.fit, .text(input.fit == .letterbox ? "letterbox" : "stretch")),
            (ModelKey.channelOrder, .text(input.channelOrder == .bgr ? "bgr" : "rgb")),
            (ModelKey.resize, .text(resize == .bicubicPillow ? "pillow-bicubic" : "opencv-bilinear")),
            (ModelKey.scale, .float(input.scale)),
            (ModelKey.mean, floats(input.mean)),
            (ModelKey.standardDeviation, floats(input.standardDeviation)),
            (ModelKey.labels, .texts(labels.map { String(decoding: $0, as: UTF8.self) })),
        ]
    }
}
