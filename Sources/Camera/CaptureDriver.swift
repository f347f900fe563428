/// What a live camera is known by. Texts are UTF-8, empty where there is none.
public struct CameraIdentity: Equatable, Sendable {
    /// The device node, null-terminated. The kernel numbers nodes as they come: the others stay.
    public var path: [CChar]
    /// What the device calls itself; two of the same make are called the same.
    public var card: [UInt8]
    /// Where it is plugged in, by the driver.
    public var bus: [UInt8]
    /// The link under /dev/v4l/by-id, made of vendor, model and serial number.
    public var byID: [UInt8]
    /// The link under /dev/v4l/by-path, which names the port that it is plugged into.
    public var byPath: [UInt8]

    /// `path` without its end.
    public var node: [UInt8] { path.dropLast().map { UInt8(bitPattern: $0) } }

    /// The name that stays the same longest.
    public var name: [UInt8] { !byID.isEmpty ? byID : !byPath.isEmpty ? byPath : !card.isEmpty ? card : bus }
}

/// A camera that was started.
public struct OpenCamera: Equatable, Sendable {
    /// Of the device that was chosen.
    public var identity: CameraIdentity
    /// What the driver granted.
    public var mode: CaptureMode
    /// What would have been better and could not be had.
    public var givenUp: CaptureMode?
    /// Why: the bus or memory did not suffice, or the driver rejects what it offers.
    public var rejection: CameraError?
}

/// A buffer that the driver has filled.
public struct FilledBuffer {
    /// The buffer's number, 0...: what `image` and `enqueue` take.
    public var index: Int
    /// The driver's count of frames since the stream began.
    public var sequence: UInt32
    /// Whether the driver says that the frame's data is damaged (V4L2_BUF_FLAG_ERROR).
    public var isDamaged: Bool
    /// Nanoseconds of CLOCK_MONOTONIC; 0 where the driver doesn't tell.
    public var captured: UInt64
}

/// What ended a wait.
public enum CaptureWait: Equatable, Sendable {
    case frames, timedOut, interrupted
    /// Devices came, went or changed their rights.
    case devicesChanged
}

/// What the camera's state machine needs of the system: V4L2, or a test's pretence of it.
public protocol CaptureDriver {
    /// Nanoseconds of CLOCK_MONOTONIC.
    var monotonicTime: UInt64 { get }
    /// Nanoseconds since 1970, which jump when the clock is set: for people, not for deadlines.
    var realTime: UInt64 { get }
    /// Frames per second that the next `open` asks for; nil: as many as cost nothing else.
    var rate: Double? { get set }

    /// Finds the wanted camera, chooses a mode, hands all buffers to the driver and starts the stream. Nothing is open
    /// after an error.
    mutating func open() throws(CameraError) -> OpenCamera
    /// Stops the stream and gives the buffers back: what was lent of them is void. Nothing, where nothing is open.
    mutating func close()
    /// Stops and starts the stream again, with all buffers handed to the driver.
    mutating func restart() throws(CameraError)
    /// Waits for frames of the open camera, or for devices where none is open, at most that many nanoseconds.
    mutating func wait(atMost: UInt64) throws(CameraError) -> CaptureWait
    /// Takes a filled buffer; nil where there is none.
    mutating func dequeue() throws(CameraError) -> FilledBuffer?
    /// Hands a buffer back to the driver.
    mutating func enqueue(_ index: Int) throws(CameraError)
    /// The pixels in a filled buffer, or what is wrong with it.
    func image(_ index: Int) -> Result<PixelBuffer, BadCapture>
}

/// `BadFrame` as an error, for `Result`.
public struct BadCapture: Error {
    /// What the frame is skipped for.
    public var reason: BadFrame
}
