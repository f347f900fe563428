import Pixels

/// What a frame is called in its source.
public enum FrameName {
    /// A picture's file name, UTF-8 by custom only.
    case file(UnsafeBufferPointer<UInt8>)
    /// The place of the picture in a sequence of JPEGs, from 0.
    case index(UInt64)
}

/// One compressed picture, lent by its source until the source is asked for the next.
public struct Frame {
    /// A JPEG from its SOI on.
    public let bytes: UnsafeRawBufferPointer
    /// Counts every picture the source came across, readable or not, from 0: a gap is a picture that was left out.
    public let sequence: UInt64
    /// Nanoseconds of CLOCK_MONOTONIC. A picture from a file is captured when it is asked for and has been read, one
    /// from a stream when its last byte has been read, asked for or not.
    public let capturedMonotonic: UInt64
    /// The same moment in nanoseconds since 1970.
    public let capturedRealtime: UInt64
    /// Lives as long as the source.
    public let name: FrameName
}

/// What a source answers when it is asked for the next frame.
public enum FrameEvent {
    case frame(Frame)
    case bad(BadFrame, FrameName)
    /// A repeated source begins again.
    case passEnded
    /// There will be no more frames.
    case ended
    /// The interrupting descriptor became readable.
    case interrupted
}

/// One frame of a live camera.
public struct CapturedFrame {
    /// Void once the camera is asked for the next frame.
    public let image: PixelBuffer
    /// Counts the frames that the camera made while it was open, from 0: a gap is a frame that was left out.
    public let sequence: UInt64
    /// Nanoseconds of CLOCK_MONOTONIC, from the driver where that tells.
    public let capturedMonotonic: UInt64
    /// The same moment in nanoseconds since 1970.
    public let capturedRealtime: UInt64
    /// Whether the driver marked it as damaged, as it does with all of this camera's frames: it is to be used where
    /// nothing else is wrong with it.
    public let isFlagged: Bool
}
