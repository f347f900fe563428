/// What a pipeline is told.
public struct PipelineSettings {
    /// Which detections count, until `control` says otherwise.
    public var filter: DetectionFilter
    /// The shortest time between two frames in nanoseconds; 0: frames come as they do.
    public var period: UInt64
    /// What turns captured images upright: clockwise, in degrees.
    public var rotation: Int
    /// Names a camera until one is open.
    public var sourceText: String
    /// What changes while frames go by.
    public var control: PipelineControl
    /// Counts what becomes of frames; the watchdog lives on it.
    public var metrics: Metrics
    /// What people should know.
    public var log: Log

    /// All of it.
    public init(
        filter: DetectionFilter, period: UInt64, rotation: Int, sourceText: String, control: PipelineControl,
        metrics: Metrics, log: Log
    ) {
        self.filter = filter
        self.period = period
        self.rotation = rotation
        self.sourceText = sourceText
        self.control = control
        self.metrics = metrics
        self.log = log
    }
}

/// A frame's way: from the source through the network to the sinks, until the source ends or a signal comes. While the
/// network works on one frame, a thread of capture's gets the next one ready.
///
/// All buffers are made at the start; what allocates are log lines, and capture where an image is larger than all
/// before it.
public struct Pipeline<Network: FrameModel>: ~Copyable {
    /// Why a pipeline ended, and what it has done.
    public struct End {
        /// A signal came before the source's end.
        public var isStopped = false
        /// Why the source could not continue.
        public var failure: CameraError?
        /// Frames that the network has seen.
        public var frames: UInt64 = 0
        /// Frames that could not be used.
        public var corruptFrames: UInt64 = 0
    }

    private let model: Network
    private let sinks: [FrameSink]
    private let clock: PipelineClock
    private let settings: PipelineSettings
    private let slot: FrameSlot
    private let capture: Capture
    private var filter: DetectionFilter
    /// What the filter keeps of a frame's detections.
    private let kept: UnsafeMutableBufferPointer<Detection>
    private var writer: FrameLineWriter
    private var unsent: ImageLog
    private var end = End()

    /// Makes all buffers. `input` decodes for the model on the capturing thread. Throws what the system has not given.
    public init(
        _ source: FrameSource, _ input: ImageInput, _ model: Network, _ sinks: [FrameSink], _ clock: PipelineClock,
        _ settings: PipelineSettings
    ) throws(SystemError) {
        self.model = model
        self.sinks = sinks
        self.clock = clock
        self.settings = settings
        slot = try FrameSlot(like: model.input)
        capture = Capture(source, input, slot, sinks, clock, settings)
        filter = settings.filter
        kept = .allocate(capacity: Int(Configuration.limitRange.upperBound))
        writer = FrameLineWriter(model.kind.list)
        unsent = ImageLog(settings.log, "has no line", isLive: false)
    }

    deinit { kept.deallocate() }

    /// Returns at the end, when capture's thread has ended too. Throws where that cannot start. Once.
    public mutating func run() throws(SystemError) -> End {
        let thread = try capture.start()
        end.isStopped = !takeFrames()
        thread.join()
        end.failure = capture.failure
        end.corruptFrames = capture.corruptFrames
        if !end.isStopped, end.failure?.isOfContent ?? true { tellEnd() }
        return end
    }

    /// False when a signal came before the source's end.
    private mutating func takeFrames() -> Bool {
        while true {
            switch slot.take(into: model.input, clock) {
            case .frame(let frame, let counts): process(frame, counts)
            // Capture may have seen the signal first.
            case .ended: return !clock.isStopped
            case .stopped: return false
            }
        }
    }

    private mutating func process(_ frame: Frame, _ counts: FrameCounts) {
        defer { frame.image?.close() }
        if let filter = settings.control.takeFilter() { self.filter = filter }
        let metrics = settings.metrics, started = clock.now
        model.run()
        let inference = clock.now - started
        // What the zones skip does not count for the limit.
        let found = model.result(of: frame.size, thresholds: filter.thresholds, limit: nil)
        let detections = keep(found.detections), classes = UnsafeBufferPointer(rebasing: found.classes.prefix(filter.limit))
        let segments = UnsafeBufferPointer(rebasing: found.segments.prefix(filter.limit))
        var frame = frame
        if let mask = found.mask { frame.add(mask) }
        let decoded = clock.now
        metrics.frameInferred()
        metrics.took(.inference, nanoseconds: decoded - started)
        end.frames += 1
        writer.begin(
            FrameLine(
                frame, age: clock.now - frame.times.monotonic, inference: inference,
                droppedFrames: counts.dropped + slot.replacedCount, corruptFrames: counts.corrupt))
        for detection in detections { write(detection.classIndex, detection.score, detection.box) }
        for segment in segments { write(segment.classIndex, segment.share, segment.box) }
        for entry in classes {
            let index = Int(entry.classIndex)
            writer.add(classIndex: index, label: model.labels[index], score: entry.score)
        }
        do throws(StreamError) {
            let result = FrameResult(
                frame: frame, detections: detections, classes: classes, segments: segments, line: try writer.finish())
            for sink in sinks { sink.accept(result) }
            metrics.took(.publish, nanoseconds: clock.now - decoded)
            metrics.framePublished()
        } catch {
            metrics.frameDropped(.unsent)
            // The writer leaves detections out before a line becomes too long: only an image's name could do that.
            unsent.add(frame.name, at: decoded, "needs more than \(byteCount(StreamProtocol.frameLimit))")
        }
    }

    private mutating func write(_ classIndex: Int32, _ score: Float, _ box: Box) {
        let index = Int(classIndex)
        writer.add(
            classIndex: index, label: model.labels[index], score: score, left: box.left, top: box.top, right: box.right,
            bottom: box.bottom)
    }

    private func keep(_ detections: UnsafeBufferPointer<Detection>) -> UnsafeBufferPointer<Detection> {
        var count = 0
        for detection in detections where count < min(filter.limit, kept.count) && filter.keeps(detection) {
            kept.initializeElement(at: count, to: detection)
            count += 1
        }
        return UnsafeBufferPointer(rebasing: kept[..<count])
    }

    private func tellEnd() {
        var writer = JSONWriter(capacity: 256)
        do throws(StreamError) {
            let line = try writer.endLine(frames: end.frames, corruptFrames: end.corruptFrames)
            for sink in sinks { sink.accept(end: line) }
        } catch {
            settings.log.error(error.message(socket: "the end"))
        }
    }
}

extension TaskKind {
    fileprivate var list: FrameList {
        switch self {
        case .detection: .detections
        case .classification: .classes
        case .segmentation: .segments
        }
    }
}

extension Frame {
    /// Puts a mask behind the image that a client waits for; without memory for it the image goes alone.
    fileprivate mutating func add(_ mask: ClassMask) {
        guard var image else { return }
        try? image.add(mask: mask.classes, size: mask.size)
        self.image = image
    }
}
