/// What a live camera is doing.
public enum CameraState: Equatable, Sendable {
    /// There is no such camera, or it cannot be used at the moment.
    case absent
    /// It was started and has yet to give its first frame.
    case opening
    case streaming
    /// It is there and gives no frames.
    case stalled
}

/// A change of a live camera's state, and why it came about.
public struct CameraChange: Equatable, Sendable {
    /// The one that begins.
    public var state: CameraState
    /// nil where nothing is wrong.
    public var reason: CameraError?
}
