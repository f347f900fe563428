/// When a frame was captured, in nanoseconds.
public struct FrameTimes: Equatable, Sendable {
    /// CLOCK_MONOTONIC, from a camera's driver where that tells. An image from a file is captured when it is asked for and
    /// has been read, one from a stream when its last byte has been read, asked for or not.
    public var monotonic: UInt64
    /// The same moment since 1970.
    public var realtime: UInt64

    /// Both of one moment.
    public init(monotonic: UInt64, realtime: UInt64) {
        self.monotonic = monotonic
        self.realtime = realtime
    }
}

/// What a frame is called in its source.
public enum FrameName {
    /// An image's file name, UTF-8 by custom only. Lives as long as the source.
    case file(UnsafeBufferPointer<UInt8>)
    /// The place of the image in a sequence, from 0.
    case index(UInt64)
}

/// One image on its way from its source to all sinks. A plain value: nothing is allocated for it.
public struct Frame {
    /// As it was captured; lent by the source until that is asked for the next frame.
    public var pixels: PixelBuffer
    /// Counts every image that the source came across, usable or not, from 0: a gap is one that was skipped.
    public var sequence: UInt64
    /// When it was captured.
    public var times: FrameTimes
    /// What it is called.
    public var name: FrameName
    /// Whether the driver marked it as damaged, as it does with all of this camera's frames: it is to be used where
    /// nothing else is wrong with it.
    public var isFlagged = false
    /// Of the upright image, in pixels; of a JPEG known once it is decoded.
    public var size: ImageSize
    /// A copy of the pixels, where a sink needs one.
    public var image: CapturedImage?

    /// Without a copy, and upright as it is.
    public init(pixels: PixelBuffer, sequence: UInt64, times: FrameTimes, name: FrameName, isFlagged: Bool = false) {
        self.pixels = pixels
        self.sequence = sequence
        self.times = times
        self.name = name
        self.isFlagged = isFlagged
        size = pixels.size
    }
}
