/// What a network's output stands for, with what turns it into a result: a kind of task is a decoder and a case here.
public enum ModelTask {
    case detection(DetectionDecoder)

    /// Throws where the graph's output is none that the description tells how to decode.
    init(_ description: ModelDescription, _ graph: Graph) throws(ModelFileError) {
        let maps = graph.outputParts, layout = description.anchors, rowSize = 4 + description.labels.count
        guard graph.shape(graph.output).channels == rowSize else { throw .outOfRange(key: Name("labels")) }
        var fits = maps.count == layout.ratioCounts.count
        for (level, map) in maps.enumerated() where fits {
            fits = map.channels == layout.anchorsPerCell(level: level) * rowSize
        }
        guard fits else { throw .outOfRange(key: Name("task.anchor.aspect_ratio_counts")) }
        let anchors = layout.anchors(for: maps.map { ImageSize(width: $0.width, height: $0.height) })
        let head = SSDHead(
            anchors: anchors, classCount: description.labels.count, centreVariance: description.centreVariance,
            sizeVariance: description.sizeVariance)
        self = .detection(
            DetectionDecoder(head, suppression: description.suppression, iouThreshold: description.iouThreshold))
    }

    /// One for each row of the output, where it has anchors.
    public var anchors: [Anchor] {
        switch self {
        case .detection(let decoder): decoder.head.anchors
        }
    }
}

/// What a model says of one image. Points into memory of the model's, valid until its next result.
public struct ModelResult {
    /// Empty for tasks other than detection.
    public var detections: UnsafeBufferPointer<Detection>
}
