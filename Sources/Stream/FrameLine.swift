/// What a frame's line says besides its detections. Times are in nanoseconds.
public struct FrameLine {
    /// Its name is lent until `FrameLineWriter.begin` has returned.
    public var frame: Frame
    /// From capture to this line.
    public var age: UInt64
    /// What the network alone took.
    public var inference: UInt64
    /// Since the start: frames that came while the last one was busy, and images that could not be read.
    public var droppedFrames: UInt64
    /// Since the start: images that could not be used.
    public var corruptFrames: UInt64

    /// All of the line that is known before its detections.
    public init(_ frame: Frame, age: UInt64, inference: UInt64, droppedFrames: UInt64, corruptFrames: UInt64) {
        self.frame = frame
        self.age = age
        self.inference = inference
        self.droppedFrames = droppedFrames
        self.corruptFrames = corruptFrames
    }
}

/// What frames' lines list of what was found, by the model's task.
public enum FrameList: Sendable {
    case detections, classes
    /// Classes with a share of the image and a box.
    case segments

    var name: StaticString { self == .detections ? "detections" : "classes" }
    var omitted: StaticString { self == .detections ? "detections_omitted" : "classes_omitted" }
}

/// Writes frame lines, one after the other, into one buffer: `begin`, `add` for each detection or class, `finish`.
public struct FrameLineWriter: ~Copyable {
    private var json: JSONWriter
    private let list: FrameList
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
    /// No detection or class is written with fewer bytes.
    static let shortestDetection = 32

    /// `capacity` is the longest line's, in bytes, newline included.
    public init(_ list: FrameList = .detections, capacity: Int = StreamProtocol.frameLimit) {
        self.list = list
        json = JSONWriter(capacity: capacity)
        segments = .allocate(capacity: capacity / Self.shortestDetection)
    }

    deinit { segments.deallocate() }

    /// Takes the line's own fields; a line that was not finished is forgotten.
    public mutating func begin(_ line: FrameLine) {
        let frame = line.frame
        (width, height, omitted, segmentCount, isFull) = (frame.size.width, frame.size.height, 0, 0, false)
        json.clear()
        json.beginObject()
        json.string("type", "frame")
        body = json.byteCount
        json.integer("sequence", frame.sequence)
        json.seconds("captured_monotonic_s", nanoseconds: frame.times.monotonic)
        json.seconds("captured_unix_s", nanoseconds: frame.times.realtime)
        json.decimal("age_ms", Double(line.age) / 1e6, decimals: 3)
        json.decimal("inference_ms", Double(line.inference) / 1e6, decimals: 3)
        json.integer("dropped_frames", line.droppedFrames)
        json.integer("corrupt_frames", line.corruptFrames)
        json.key("picture")
        switch frame.name {
        case .file(let name): json.string(UnsafeRawBufferPointer(name))
        case .index(let index): json.integer(index)
        }
        json.integer("width_px", width)
        json.integer("height_px", height)
        json.beginArray(list.name)
        head = json.byteCount
    }

    /// Adds one detection, or one segment, whose score is its share, or counts it as omitted: once the line is full, since
    /// the caller begins with the best, and alone where its label is longer than `StreamProtocol.labelLimit`.
    /// The box has fractions of the frame's size; what lies outside the frame is cut off.
    public mutating func add(
        classIndex: Int, label: ArraySlice<UInt8>, score: Float, left: Float, top: Float, right: Float, bottom: Float
    ) {
        guard fits(label) else { return }
        let mark = json.mark
        json.detection(
            classIndex: classIndex, label: label, score: score, left: left, top: top, right: right, bottom: bottom,
            width: width, height: height, isSegment: list == .segments)
        end(mark, classIndex, score)
    }

    /// Adds one class of the whole image, likewise.
    public mutating func add(classIndex: Int, label: ArraySlice<UInt8>, score: Float) {
        guard fits(label) else { return }
        let mark = json.mark
        json.classScore(classIndex: classIndex, label: label, score: score)
        end(mark, classIndex, score)
    }

    private mutating func fits(_ label: ArraySlice<UInt8>) -> Bool {
        let fits = label.count <= StreamProtocol.labelLimit
        if !fits { omitted += 1 }
        return fits
    }

    /// Takes the object that was written since `mark`, or forgets it where the line is full.
    private mutating func end(_ mark: JSONWriter.Mark, _ classIndex: Int, _ score: Float) {
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
        json.integer(list.omitted, omitted)
        json.endObject()
        return FrameSegments(
            line: try json.line(), detections: UnsafeBufferPointer(rebasing: segments[..<segmentCount]), body: body,
            head: head, tail: tail)
    }
}
