/// What the daemon says in one line, as a client reads it. Fields that a line of its kind does not have are 0 or empty.
/// Texts are UTF-8 without escapes, and may contain control characters. Texts and detections are valid until the line's
/// reader reads the next one.
public struct StreamLine {
    /// `stream.schema.json` describes each.
    public enum Kind: Sendable {
        case hello, frame, snapshot, dropped, camera, options, status, error, end
        /// One that this version does not know.
        case other
    }

    /// One object in the image, a segment, or a class of the whole image, which has no box.
    public struct Detection {
        /// 0...`StreamLineReader.maximumClasses - 1`; an object's is not 0.
        public var classIndex = 0
        /// Empty where the line has none.
        public var label = StreamLine.nothing
        /// 0...1; a segment's share of the image.
        public var score = 0.0
        /// In pixels of the upright image, not necessarily inside it.
        public var left = 0.0
        /// From the image's upper edge.
        public var top = 0.0
        /// From the image's left edge.
        public var right = 0.0
        /// From the image's upper edge.
        public var bottom = 0.0
    }

    /// Decides which of the fields below mean something.
    public var kind = Kind.other

    // Of hello.
    /// `StreamProtocol.version` of the daemon.
    public var protocolVersion = 0
    /// The daemon's.
    public var version = StreamLine.nothing
    /// What people call the model.
    public var modelName = StreamLine.nothing
    /// "fp32", "fp16" or "int8".
    public var precision = StreamLine.nothing
    /// Whether the daemon gives images away. A daemon that says nothing of it does not.
    public var offersSnapshots = false

    // Of frame and snapshot.
    /// Counts the images that the source came across, from 0.
    public var sequence: UInt64 = 0
    /// Seconds since 1970.
    public var captured = 0.0
    /// Milliseconds.
    public var age = 0.0
    /// Milliseconds of the network alone.
    public var inference = 0.0
    /// Since the daemon's start.
    public var droppedFrames: UInt64 = 0
    /// Since the daemon's start: images that could not be used.
    public var corruptFrames: UInt64 = 0
    /// Those that the line lists, in its order.
    public var detections = UnsafeBufferPointer<Detection>(start: nil, count: 0)
    /// Of a classifier or a segmenter: nil where the line lists none, not even an empty list.
    public var classes: UnsafeBufferPointer<Detection>?
    /// Whether these are segments, which have a share of the image and a box.
    public var areSegments = false
    /// Detections or classes that the line had no room for.
    public var omitted = 0

    /// In pixels: of the network's input (hello), the upright image (frame, snapshot), the camera's frames (camera).
    public var width = 0
    /// In pixels, likewise.
    public var height = 0

    // Of snapshot.
    /// Of the image behind the line's descriptor.
    public var byteCount = 0
    /// 0 for a JPEG.
    public var planeCount = 0
    /// Where each plane begins; the first `planeCount` mean something, and `pixels(in:)` checks them.
    public var offsets: InlineArray<3, Int> = [0, 0, 0]
    /// Bytes from one row of a plane to the next, likewise.
    public var rowBytes: InlineArray<3, Int> = [0, 0, 0]
    /// Of YCbCr formats.
    public var colour = ColourEncoding.bt601(isFullRange: false)
    /// What turns the image upright: clockwise, in degrees; 0, 90, 180 or 270.
    public var rotation = 0
    /// Of a segmenter's mask, which covers the upright image; empty where there is none.
    public var maskSize = ImageSize(width: 0, height: 0)
    /// Where it begins in the file, a byte for each pixel.
    public var maskOffset = 0

    /// Of status: an object as JSON, checked, with a name and a value for each that the daemon counts.
    public var metrics = StreamLine.nothing

    /// Lines that this client has lost (dropped), or frames that the source had (end).
    public var count: UInt64 = 0

    // Of camera. The format, of up to four letters, is a snapshot's too; the message, an error's.
    /// "absent", "opening", "streaming", "stalled", "unusable", or what a later daemon says.
    public var state = StreamLine.nothing
    /// Such as "YUYV".
    public var format = StreamLine.nothing
    /// Frames per second; 0 where it is not known.
    public var rate = 0.0
    /// What happened and what to do.
    public var message = StreamLine.nothing

    /// An empty one of an unknown kind.
    public init() {}

    static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}

extension StreamLine {
    /// The image that a snapshot's line speaks of, in its bytes and not yet turned; nil where the two do not fit: neither
    /// is to be trusted.
    public func pixels(in bytes: UnsafeRawBufferPointer) -> PixelBuffer? {
        guard let format = PixelFormat(name: self.format) else { return nil }
        guard format == .mjpeg || planeCount == format.planeCount else { return nil }
        let isSwapped = rotation == 90 || rotation == 270
        let size = ImageSize(width: isSwapped ? height : width, height: isSwapped ? width : height)
        return PixelBuffer(
            PixelShape(format: format, size: size, colour: colour, rowBytes: rowBytes), offsets: offsets, in: bytes)
    }
}

/// Why bytes are no line of the daemon.
public enum StreamLineError: Error, Equatable {
    /// Not JSON, or not UTF-8, or more deeply nested than any line.
    case json(JSONError)
    case notAnObject
    /// A field that is known stands twice.
    case repeated
    /// A field that is known has a value that it cannot have.
    case badValue
    /// A field is missing that such a line always has.
    case missing
    case tooManyDetections
    /// No newline within that many bytes.
    case tooLong(limit: Int)
}
