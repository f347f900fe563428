/// What has become of the camera, for a line to all clients.
public struct CameraLine {
    /// What the camera is doing.
    public enum State: Int, CaseIterable, Sendable {
        /// There is none, or not the one that was asked for.
        case absent
        case opening
        case streaming
        /// It is there and gives no frames.
        case stalled
        /// It gives frames, none of which can be used.
        case unusable

        /// As the line has it.
        public var name: StaticString {
            switch self {
            case .absent: "absent"
            case .opening: "opening"
            case .streaming: "streaming"
            case .stalled: "stalled"
            case .unusable: "unusable"
            }
        }
    }

    /// Why a camera is stalled or unusable.
    public enum Reason: Int, CaseIterable, Sendable {
        /// It gives no frames.
        case silent
        /// Its driver marks them as damaged, and they are.
        case flagged
        case empty
        /// They end too early.
        case truncated
        /// They are not what their format says, or can't be decoded.
        case corrupt
        /// They have another size than the camera was set to, and are damaged.
        case size

        /// As the line has it.
        public var name: StaticString {
            switch self {
            case .silent: "silent"
            case .flagged: "flagged"
            case .empty: "empty"
            case .truncated: "truncated"
            case .corrupt: "corrupt"
            case .size: "size"
            }
        }
    }

    /// What a streaming camera delivers.
    public struct Mode: Sendable {
        /// A fourcc of V4L2: four characters, the first in the lowest byte.
        public var format: UInt32
        /// In pixels.
        public var width: Int
        /// In pixels.
        public var height: Int
        /// Frames per second; 0 where the driver does not say.
        public var rate: Double

        /// What the driver granted.
        public init(format: UInt32, width: Int, height: Int, rate: Double) {
            self.format = format
            self.width = width
            self.height = height
            self.rate = rate
        }
    }

    /// The one that begins.
    public var state: State
    /// The camera's name, UTF-8.
    public var camera: [UInt8]
    /// What happened and what to do, one sentence of UTF-8.
    public var message: [UInt8]
    /// Only while it streams.
    public var mode: Mode?
    /// Where it is stalled or unusable.
    public var reason: Reason?

    /// Texts are UTF-8; the line cuts them after 256 bytes.
    public init(state: State, camera: [UInt8], message: [UInt8], mode: Mode? = nil, reason: Reason? = nil) {
        self.reason = reason
        self.state = state
        self.camera = camera
        self.message = message
        self.mode = mode
    }
}

extension JSONWriter {
    /// A change of the camera's state, for `StreamServer.publish(state:)`. Texts are cut after 256 bytes.
    public mutating func cameraLine(_ line: CameraLine) throws(StreamError) -> UnsafeRawBufferPointer {
        clear()
        beginObject()
        string("type", "camera")
        string("state", line.state.name)
        string("camera", Array(line.camera.prefix(StreamProtocol.stateTextLimit)))
        string("message", Array(line.message.prefix(StreamProtocol.stateTextLimit)))
        if let reason = line.reason {
            string("reason", reason.name)
        }
        if line.state == .streaming, let mode = line.mode {
            fourcc("format", mode.format)
            integer("width_px", mode.width)
            integer("height_px", mode.height)
            decimal("rate_fps", mode.rate, decimals: 3)
        }
        endObject()
        return try self.line()
    }
}
