/// What a live camera is known by. Texts are UTF-8, empty where there is none.
public struct CameraIdentity: Equatable, Sendable {
    /// The device node, null-terminated. The kernel numbers nodes as they come: the others stay.
    public var path: [CChar]
    public var card: [UInt8]
    public var bus: [UInt8]
    /// Names under /dev/v4l/by-id and /dev/v4l/by-path.
    public var byID: [UInt8]
    public var byPath: [UInt8]

    /// `path` without its end.
    public var node: [UInt8] { path.dropLast().map { UInt8(bitPattern: $0) } }

    /// The name that stays the same longest.
    public var name: [UInt8] { !byID.isEmpty ? byID : !byPath.isEmpty ? byPath : !card.isEmpty ? card : bus }
}

/// A camera that was started.
public struct OpenCamera: Equatable, Sendable {
    public var identity: CameraIdentity
    /// What the driver granted.
    public var mode: CaptureMode
}

/// A buffer that the driver has filled.
public struct FilledBuffer {
    public var index: Int
    /// The driver's count of frames since the stream began.
    public var sequence: UInt32
    public var isDamaged: Bool
    /// Nanoseconds of CLOCK_MONOTONIC; 0 where the driver doesn't tell.
    public var captured: UInt64
}

public enum CaptureWait: Equatable, Sendable {
    case frames, timedOut, interrupted
    /// Devices came, went or changed their rights.
    case devicesChanged
}

/// What the camera's state machine needs of the system: V4L2, or a test's pretence of it.
public protocol CaptureDriver {
    /// Nanoseconds of CLOCK_MONOTONIC, and since 1970.
    var monotonicTime: UInt64 { get }
    var realTime: UInt64 { get }

    /// Finds the wanted camera, chooses a mode, hands all buffers to the driver and starts the stream. Nothing is open
    /// after an error.
    mutating func open() throws(CameraError) -> OpenCamera
    mutating func close()
    /// Stops and starts the stream again, with all buffers handed to the driver.
    mutating func restart() throws(CameraError)
    /// Waits for frames of the open camera, or for devices where none is open, at most so many nanoseconds.
    mutating func wait(atMost: UInt64) throws(CameraError) -> CaptureWait
    /// Takes a filled buffer; nil where there is none.
    mutating func dequeue() throws(CameraError) -> FilledBuffer?
    /// Hands a buffer back to the driver.
    mutating func enqueue(_ index: Int) throws(CameraError)
    /// The pixels in a filled buffer, or what is wrong with it.
    func image(_ index: Int) -> Result<CapturedImage, BadCapture>
}

/// `BadFrame` as an error, for `Result`.
public struct BadCapture: Error {
    public var reason: BadFrame
}
