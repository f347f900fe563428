/// Why a source cannot be opened or continue. Numbers are errno values.
public enum CameraError: Error, Equatable, Sendable {
    case cannotOpen(Int32)
    case cannotRead(Int32)
    /// Neither a file nor a directory nor a stream: a camera, a socket, a block device.
    case unsupportedKind
    /// There is no such file, and the path is a URL.
    case isURL
    /// A directory without JPEGs, and of which kind another image in it is by its name.
    case emptyDirectory(FileKind)
    /// No JPEG begins in a file or stream; what it is instead.
    case noImages(FileKind)
    /// There are JPEGs, of which none could be used.
    case noneUsable
    case tooManyImages(limit: Int)
    /// A pipe, a terminal or standard input has no beginning to go back to.
    case cannotRepeatStream
    case outOfMemory(Int32)
    /// Of raw frames: rows have more bytes than were said to lie between them.
    case strideTooSmall(minimum: Int)
    /// Of raw frames, in bytes.
    case frameTooLarge(limit: Int)

    // MARK: Cameras

    /// No device captures video, or none is the wanted one.
    case noCamera
    /// The camera offers nothing that is read here or that libv4l converts.
    case noFormat
    /// The camera does not offer the format that was asked for.
    case formatNotOffered(PixelFormat)
    /// The driver rejected to do this.
    case driver(DriverCall, Int32)
    /// The driver's buffers are smaller than its format needs.
    case badBuffers
    /// No frame came for that many nanoseconds.
    case noFrames(UInt64)
    /// Frames came, but none usable for that many nanoseconds; the last one for this reason.
    case noUsableFrames(UInt64, BadFrame)

    /// Whether a source of files came to its end, and it is its contents that are wrong.
    public var isOfContent: Bool {
        switch self {
        case .noImages, .noneUsable: true
        default: false
        }
    }

    /// Whether a mode that needs less of the bus or of memory may do.
    var isOfMeans: Bool {
        switch self {
        case .driver(.open, _): false
        case .driver(_, clinux_ENOSPC), .driver(_, clinux_ENOMEM): true
        default: false
        }
    }

    /// Whether another mode may do, of a driver that does not keep what it promises for this one.
    var isOfMode: Bool {
        switch self {
        case .noFormat, .badBuffers: true
        case .driver(.open, _): false
        case .driver(_, let error): !Self.errorsOfDevice.contains(error)
        default: false
        }
    }

    /// The device is in use, gone, or none of ours.
    private static var errorsOfDevice: [Int32] {
        [clinux_EBUSY, clinux_ENODEV, clinux_ENXIO, clinux_ENOENT, clinux_EACCES, clinux_EPERM]
    }

    /// Whether the two say the same, however long it has lasted.
    func isLike(_ other: CameraError) -> Bool {
        switch (self, other) {
        case (.noFrames, .noFrames): true
        case (.noUsableFrames(_, let a), .noUsableFrames(_, let b)): a == b
        default: self == other
        }
    }
}

/// What is asked of a driver, for messages.
public enum DriverCall: Equatable, Sendable {
    case open, setFormat, requestBuffers, mapBuffer, queueBuffer, start, stop, dequeue, wait
}

/// Why one frame was skipped. The source continues with the next.
public enum BadFrame: Equatable, Sendable {
    /// The image ends before its data do.
    case truncated
    /// No JPEG begins where one has to, or a driver's numbers do not fit its format.
    case brokenStructure
    case tooLarge(limit: Int)
    case empty
    /// The source ended within a raw frame.
    case partial(bytes: Int, of: Int)
    /// This many bytes in a row that belong to no image. They use up no sequence number.
    case noImage(bytes: Int)
    /// The file is gone or unreadable: errno.
    case unreadable(Int32)
    /// Of another size than the camera was set to, and damaged: its header is not to be trusted.
    case wrongSize(width: Int, height: Int)
    /// The camera's driver says that the frame is damaged.
    case damaged
    /// Its decoder rejected it, for a reason that the caller of `LiveCamera.reject` knows.
    case undecodable
}
