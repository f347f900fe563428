import Vision

/// One picture in, detections out: model file, engine and vision joined. Not thread-safe; one thread owns it.
public final class Detector {
    public init() {}
}
