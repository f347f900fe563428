import Engine
import Pixels
import Vision

/// What a network's output stands for, with what turns it into a result: a kind of task is a decoder and a case here.
public enum ModelTask {
    case detection(DetectionDecoder)

    /// One for each row of the output, where it has anchors.
    public var anchors: [Anchor] {
        switch self {
        case .detection(let decoder): decoder.head.anchors
        }
    }

    init(_ description: ModelDescription, levels: [MapShape]) {
        let anchors = description.anchors.anchors(for: levels.map { PictureSize(width: $0.width, height: $0.height) })
        let head = SSDHead(
            anchors: anchors, classCount: description.labels.count, centreVariance: description.centreVariance,
            sizeVariance: description.sizeVariance)
        self = .detection(
            DetectionDecoder(head, suppression: description.suppression, iouThreshold: description.iouThreshold))
    }
}

/// What a model says of one picture. Points into memory of the model's, valid until its next result.
public struct ModelResult {
    /// Empty for tasks other than detection.
    public var detections: UnsafeBufferPointer<Detection>
}
