/// What a network's output stands for, with what turns it into a result: a kind of task is a decoder and a case here.
public enum ModelTask {
    case detection(DetectionDecoder)
    case classification(ClassificationDecoder)
    case segmentation(SegmentationDecoder)

    /// Throws where the graph's output is none that the description tells how to decode.
    init(_ description: ModelDescription, _ graph: Graph) throws(ModelFileError) {
        let output = graph.shape(graph.output), count = description.labels.count
        switch description.task {
        case .detection(let task): self = .detection(try Self.decoder(task, classCount: count, graph))
        case .classification:
            guard output.rows == 1 else { throw .output(height: output.height, width: output.width) }
            guard output.channels == count else { throw .outOfRange(key: Name("labels")) }
            self = .classification(ClassificationDecoder(classCount: count))
        case .segmentation(let task):
            guard output.channels == count else { throw .outOfRange(key: Name("labels")) }
            let input = graph.shape(graph.input), size = ImageSize(width: input.width, height: input.height)
            guard output.width <= size.width, output.height <= size.height else {
                throw .enlarged(height: output.height, width: output.width)
            }
            self = .segmentation(
                SegmentationDecoder(
                    mapSize: ImageSize(width: output.width, height: output.height), classCount: count, size: size,
                    upsampling: task.upsampling))
        }
    }

    private static func decoder(
        _ task: DetectionDescription, classCount: Int, _ graph: Graph
    ) throws(ModelFileError) -> DetectionDecoder {
        let maps = graph.outputParts, layout = task.anchors, rowSize = 4 + classCount
        guard graph.shape(graph.output).channels == rowSize else { throw .outOfRange(key: Name("labels")) }
        var fits = maps.count == layout.ratioCounts.count
        for (level, map) in maps.enumerated() where fits {
            fits = map.channels == layout.anchorsPerCell(level: level) * rowSize
        }
        guard fits else { throw .outOfRange(key: Name("task.anchor.aspect_ratio_counts")) }
        let anchors = layout.anchors(for: maps.map { ImageSize(width: $0.width, height: $0.height) })
        let head = SSDHead(
            anchors: anchors, classCount: classCount, centreVariance: task.centreVariance, sizeVariance: task.sizeVariance)
        return DetectionDecoder(head, suppression: task.suppression, iouThreshold: task.iouThreshold)
    }

    /// One for each row of the output, where it has anchors.
    public var anchors: [Anchor] {
        switch self {
        case .detection(let decoder): decoder.head.anchors
        case .classification, .segmentation: []
        }
    }
}

/// What a model says of one image. Points into memory of the model's, valid until its next result.
public struct ModelResult {
    /// Empty for tasks other than detection.
    public var detections = UnsafeBufferPointer<Detection>(start: nil, count: 0)
    /// The best first; empty for tasks other than classification.
    public var classes = UnsafeBufferPointer<ClassScore>(start: nil, count: 0)
    /// The largest first; empty for tasks other than segmentation.
    public var segments = UnsafeBufferPointer<Segment>(start: nil, count: 0)
    /// What segments are made of; nil for other tasks.
    public var mask: ClassMask?
}
