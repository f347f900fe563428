/// Why a source cannot be opened or go on. Numbers are errno values.
public enum CameraError: Error, Equatable, Sendable {
    case cannotOpen(Int32)
    case cannotRead(Int32)
    /// Neither a file nor a folder nor a stream: a socket, a block device.
    case unsupportedKind
    case emptyFolder
    case tooManyPictures(limit: Int)
    /// A pipe, a terminal or standard input has no beginning to go back to.
    case cannotRepeatStream
    case outOfMemory(Int32)

    // MARK: Cameras

    /// No device captures video, or none is the wanted one.
    case noCamera
    /// The camera offers nothing that is read here or that libv4l converts.
    case noFormat
    /// The driver refused to do this.
    case driver(DriverCall, Int32)
    /// The driver's buffers are smaller than its format needs.
    case badBuffers
    /// No frame came for so many nanoseconds.
    case noFrames(UInt64)
}

/// What is asked of a driver, for messages.
public enum DriverCall: Equatable, Sendable {
    case open, setFormat, requestBuffers, mapBuffer, queueBuffer, start, stop, dequeue, wait
}

/// Why one frame was left out. The source goes on with the next.
public enum BadFrame: Equatable, Sendable {
    /// The next picture or the end came before this one's end marker.
    case truncated
    /// No marker where JPEG wants one, or a segment shorter than its own length field.
    case brokenStructure
    case tooLarge(limit: Int)
    case empty
    /// This many bytes in a row that belong to no picture. They use up no sequence number.
    case noPicture(bytes: Int)
    /// The file is gone or unreadable: errno.
    case unreadable(Int32)
    /// Other than the camera was set to.
    case wrongSize(width: Int, height: Int)
    /// The camera's driver says that the frame is damaged.
    case damaged
}
