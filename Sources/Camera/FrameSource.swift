/// What a source answers when it is asked for the next frame.
public enum SourceEvent {
    case frame(Frame)
    /// One that can't be used. The source continues with the next.
    case bad(BadFrame, FrameName)
    /// A camera's state.
    case changed(CameraChange)
    case noticed(CameraNotice)
    /// A source that repeats starts again.
    case passEnded
    /// There will be no more frames.
    case ended
    /// The interrupting descriptor became readable.
    case interrupted
}

/// Where frames come from. One thread owns a source, and nothing is allocated while frames come. A base class: which
/// source it is turns out when the program runs, and what is behind it exists once.
open class FrameSource {
    /// For those that inherit.
    public init() {}

    /// As the stream's hello line calls it.
    open var kindName: StaticString { "stream" }
    /// Whether frames come whether or not they are asked for: frames that are not taken are dropped.
    open var isLive: Bool { false }

    /// Waits for the next frame, or for what there is instead of one. Invalidates the pixels of the one before. Throws why
    /// the source cannot continue.
    open func next() throws(CameraError) -> SourceEvent { .ended }
    /// The last frame can be used. Returns the change of state that comes before it, if there is one.
    open func use() -> CameraChange? { nil }
    /// The last frame can't be used.
    open func reject(_ reason: BadFrame) {}
    /// From here on, the frame rate to ask for; nil: unlimited.
    open func ask(rate: Double?) {}

    /// The camera that was opened last.
    open var camera: OpenCamera? { nil }
    /// Since the start: frames that came while another was worked on, or that the driver had no buffer for.
    open var droppedFrames: UInt64 { 0 }
    /// Since the start: how often the source was started again because no frame came, and because none could be used.
    open var restarts: (stalled: UInt64, unusable: UInt64) { (0, 0) }
    /// Until when nothing is wrong if no frame comes (CLOCK_MONOTONIC); 0 while there is something wrong.
    open var quietEnd: UInt64 { 0 }
    /// What the source's bytes are by their beginning; unknown where that is not asked.
    open var content: FileKind { .unknown }
}
