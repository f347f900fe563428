import Pixels

/// What a frame's line says besides its detections. Times are in nanoseconds.
public struct FrameLine {
    /// What the picture is called in its source: a file's name, or its place in a sequence, from 0.
    public enum Picture {
        case file(UnsafeRawBufferPointer)
        case index(UInt64)
    }

    /// Counts the pictures that the source came across, from 0: a gap is one that was left out.
    public var sequence: UInt64
    /// CLOCK_MONOTONIC.
    public var capturedMonotonic: UInt64
    /// The same moment since 1970.
    public var capturedRealtime: UInt64
    /// From capture to this line.
    public var age: UInt64
    /// What the network alone took.
    public var inference: UInt64
    /// Since the start: frames that came while the last one was busy, and pictures that could not be read.
    public var droppedFrames: UInt64
    /// Since the start: pictures that could not be used.
    public var corruptFrames: UInt64
    /// A file's name is lent until `FrameLineWriter.begin` has returned.
    public var picture: Picture
    /// Of the upright picture, in pixels.
    public var width: Int
    /// Of the upright picture, in pixels.
    public var height: Int

    /// All of the line that is known before its detections.
    public init(
        sequence: UInt64, capturedMonotonic: UInt64, capturedRealtime: UInt64, age: UInt64, inference: UInt64,
        droppedFrames: UInt64, corruptFrames: UInt64, picture: Picture, width: Int, height: Int
    ) {
        self.sequence = sequence
        self.capturedMonotonic = capturedMonotonic
        self.capturedRealtime = capturedRealtime
        self.age = age
        self.inference = inference
        self.droppedFrames = droppedFrames
        self.corruptFrames = corruptFrames
        self.picture = picture
        self.width = width
        self.height = height
    }
}

/// Writes frame lines, one after the other, into one buffer: `begin`, `add` for each detection, `finish`.
public struct FrameLineWriter: ~Copyable {
    private var json: JSONWriter
    private var width = 0
    private var height = 0
    private var omitted = 0
    private var isFull = false
    private var body = 0
    private let segments: UnsafeMutableBufferPointer<FrameSegments.Segment>
    private var segmentCount = 0
    private var head = 0
    /// Room for what follows the detections.
    private static let tail = 64
    /// No detection is written with fewer bytes.
    private static let shortestDetection = 48

    /// `capacity` is the longest line's, in bytes, newline included.
    public init(capacity: Int = StreamProtocol.frameLimit) {
        json = JSONWriter(capacity: capacity)
        segments = .allocate(capacity: capacity / Self.shortestDetection)
    }

    deinit { segments.deallocate() }

    /// Takes the line's own fields; a line that was not finished is forgotten.
    public mutating func begin(_ line: FrameLine) {
        (width, height, omitted, segmentCount, isFull) = (line.width, line.height, 0, 0, false)
        json.clear()
        json.beginObject()
        json.key("type")
        json.string("frame")
        body = json.byteCount
        json.key("sequence")
        json.integer(line.sequence)
        json.key("captured_monotonic_s")
        json.seconds(nanoseconds: line.capturedMonotonic)
        json.key("captured_unix_s")
        json.seconds(nanoseconds: line.capturedRealtime)
        json.key("age_ms")
        json.decimal(Double(line.age) / 1e6, decimals: 3)
        json.key("inference_ms")
        json.decimal(Double(line.inference) / 1e6, decimals: 3)
        json.key("dropped_frames")
        json.integer(line.droppedFrames)
        json.key("corrupt_frames")
        json.integer(line.corruptFrames)
        json.key("picture")
        switch line.picture {
        case .file(let name): json.string(name)
        case .index(let index): json.integer(index)
        }
        json.key("width_px")
        json.integer(line.width)
        json.key("height_px")
        json.integer(line.height)
        json.key("detections")
        json.beginArray()
        head = json.byteCount
    }

    /// Adds one detection, or counts it as omitted: once the line is full, since the caller begins with the best, and
    /// alone where its label is longer than `StreamProtocol.labelLimit`.
    /// The box has fractions of the frame's size; what lies outside the frame is cut off.
    public mutating func add(
        classIndex: Int, label: [UInt8], score: Float, left: Float, top: Float, right: Float, bottom: Float
    ) {
        guard label.count <= StreamProtocol.labelLimit else {
            omitted += 1
            return
        }
        let mark = json.mark
        json.detection(
            classIndex: classIndex, label: label, score: score, left: left, top: top, right: right, bottom: bottom,
            width: width, height: height)
        guard !isFull, !json.hasOverflowed, json.room >= Self.tail, segmentCount < segments.count else {
            json.rewind(to: mark)
            isFull = true
            omitted += 1
            return
        }
        let start = mark.count + (segmentCount > 0 ? 1 : 0)
        segments.initializeElement(at: segmentCount, to: .init(start: start, classIndex: classIndex, score: score))
        segmentCount += 1
    }

    /// The line with its newline; valid until the next `begin`.
    public mutating func finish() throws(StreamError) -> FrameSegments {
        let tail = json.byteCount
        json.endArray()
        json.key("detections_omitted")
        json.integer(omitted)
        json.endObject()
        return FrameSegments(
            line: try json.line(), detections: UnsafeBufferPointer(rebasing: segments[..<segmentCount]), body: body,
            head: head, tail: tail)
    }
}
