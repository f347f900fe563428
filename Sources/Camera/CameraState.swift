/// What a live camera is doing.
public enum CameraState: Equatable, Sendable {
    /// There is no such camera, or it cannot be used at the moment.
    case absent
    /// It was started and has yet to give its first frame.
    case opening
    case streaming
    /// It is there and gives no frames.
    case stalled
    /// It gives frames, none of which can be used.
    case unusable
}

/// A change of a live camera's state, and why it came about.
public struct CameraChange: Equatable, Sendable {
    /// The one that begins.
    public var state: CameraState
    /// nil where nothing is wrong.
    public var reason: CameraError?
}

/// What a camera does that is made up for, said once for each camera.
public enum CameraNotice: Equatable, Sendable {
    /// Its driver marks every frame as damaged: those that are whole are used all the same.
    case flagsIgnored
    /// Its driver's time of a frame lies that many nanoseconds before the frame's arrival, which it can't, or after it
    /// where the number is negative: the time of arrival is taken instead.
    case impossibleTime(Int64)
}
