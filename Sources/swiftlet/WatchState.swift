/// What `swiftlet watch` knows of the daemon. Texts are as they came: control characters included.
struct WatchState {
    struct Detection {
        var classIndex: Int32
        var label: String
        var score: Double
        var left: Double
        var top: Double
        var right: Double
        var bottom: Double
    }

    /// Whether the daemon has said hello on the present connection.
    var isConnected = false
    /// What became of the connection.
    var connection = ""
    var model = ""
    var camera = ""
    /// What the daemon says of the camera, or of this client.
    var message = ""
    var sequence: UInt64 = 0
    var captured = 0.0
    var age = 0.0
    var inference = 0.0
    var droppedFrames: UInt64 = 0
    var corruptFrames: UInt64 = 0
    var width = 0
    var height = 0
    /// A classifier's classes have no boxes, a segmenter's a share in place of a score.
    var detections: [Detection] = []
    var haveBoxes = true
    var areSegments = false
    var omitted = 0
    /// Lines that this client was too slow for.
    var lostLines: UInt64 = 0
    /// Since the program's start, over all connections.
    private(set) var frames = 0
    /// When the last frame came, by the monotonic clock; nil: none yet.
    private(set) var arrival: UInt64?
    /// When the latest frames came, a ring.
    private var arrivals = InlineArray<256, UInt64>(repeating: 0)

    private static var window: UInt64 { 3_000_000_000 }

    mutating func take(frame line: StreamLine, now: UInt64) {
        (sequence, captured, age, inference) = (line.sequence, line.captured, line.age, line.inference)
        (droppedFrames, corruptFrames) = (line.droppedFrames, line.corruptFrames)
        (width, height, omitted) = (line.width, line.height, line.omitted)
        detections.removeAll(keepingCapacity: true)
        (haveBoxes, areSegments) = (line.classes == nil || line.areSegments, line.areSegments)
        for found in line.classes ?? line.detections {
            detections.append(
                Detection(
                    classIndex: Int32(found.classIndex), label: text(found.label), score: found.score, left: found.left,
                    top: found.top,
                    right: found.right, bottom: found.bottom))
        }
        arrivals[frames & 255] = now
        arrival = now
        frames += 1
    }

    mutating func take(hello line: StreamLine) {
        isConnected = true
        model = "\(text(line.modelName)) \(text(line.precision)) \(line.width)x\(line.height)"
        (camera, message) = ("", "")
    }

    mutating func take(camera line: StreamLine) {
        camera = text(line.state)
        if !line.format.isEmpty { camera += " \(line.width)x\(line.height) \(text(line.format))" }
        message = text(line.message)
    }

    /// Frames per second that have come in the last three seconds.
    func rate(at now: UInt64) -> Double {
        var count = 0
        var first = now
        for back in 1...min(256, max(frames, 1)) where frames > 0 {
            let time = arrivals[(frames - back) & 255]
            guard now - min(now, time) < Self.window else { break }
            (first, count) = (time, count + 1)
        }
        guard count > 1, let arrival, arrival > first else { return 0 }
        // While frames come, between the first and the last of them; when they stop, ever less.
        let period = max(Double(arrival - first), Double(now - first) * Double(count - 1) / Double(count))
        return Double(count - 1) / period * 1e9
    }
}
