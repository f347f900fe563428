/// A frame that went all the way. Valid until the sink that gets it has returned.
public struct FrameResult {
    /// Its pixels are void: what a sink needs of them is in `image`, which it may retain.
    public let frame: Frame
    /// The best first, and only those that the configuration keeps.
    public let detections: UnsafeBufferPointer<Detection>
    /// Of a classifier, likewise.
    public let classes: UnsafeBufferPointer<ClassScore>
    /// Of a segmenter, likewise, the largest first.
    public let segments: UnsafeBufferPointer<Segment>
    /// The stream's line.
    public let line: FrameSegments
}

/// Where results go. The pipeline calls one sink after the other on its own thread, the camera's changes on the capturing
/// one: no sink may wait, and whatever it needs was allocated at the start. A base class, so that several kinds stand in one
/// list.
open class FrameSink {
    /// A sink that does nothing with anything.
    public init() {}

    /// Takes a frame's result.
    open func accept(_ result: FrameResult) {}
    /// Takes the line about the camera's new state.
    open func accept(state line: UnsafeRawBufferPointer) {}
    /// Takes the last line, after the source's end.
    open func accept(end line: UnsafeRawBufferPointer) {}
    /// Whether the next frame should come with its image. For the capturing thread.
    open var wantsImage: Bool { false }
    /// There is no image for this reason, though one was wanted. For the capturing thread.
    open func rejectImage(_ error: ImageError) {}
    /// Sends or writes what is left. Once, after the pipeline's end.
    open func close() {}
}

/// The stream's clients.
public final class StreamSink: FrameSink {
    /// How long clients may take to read what is queued at the end.
    private static var drainTime: UInt64 { 2_000_000_000 }

    private let server: StreamServer

    /// Closes the server with itself.
    public init(_ server: StreamServer) { self.server = server }

    public override func accept(_ result: FrameResult) { server.publish(result.line, image: result.frame.image) }
    public override func accept(state line: UnsafeRawBufferPointer) { server.publish(state: line) }
    public override func accept(end line: UnsafeRawBufferPointer) { server.publish(line) }
    public override var wantsImage: Bool { server.wantsImage }
    public override func rejectImage(_ error: ImageError) { server.rejectImage(error) }
    public override func close() { server.close(drain: Self.drainTime) }
}
