import CLinux
import Camera
import Detector
import Engine
import Service
import Stream
import Vision

/// Takes frames from the source, finds what is in them and publishes a line for each, until the source ends or a signal
/// comes.
///
/// Reading, inference, boxes and lines use buffers that are made at the start. What allocates per picture is libjpeg,
/// within the decoder's limit, and the decoded picture where it is larger than all before it; log lines do too.
struct FrameLoop: ~Copyable {
    /// Why the loop ended.
    enum End { case sourceEnded, stopped }

    /// After a pass without a single usable picture: repeating it at once would only heat the board.
    private static var emptyPassPause: UInt64 { 1_000_000_000 }

    private let detector: Detector
    private let source: FileSource
    private let server: StreamServer
    /// Readable once a signal asks for the end.
    private let stop: Int32
    private let metrics: Metrics
    private let changes: Mailbox<LiveSettings>
    private var settings: LiveSettings
    private var writer = FrameLineWriter()
    private var nextFrame: UInt64 = 0
    private var framesInPass = 0
    private(set) var frames: UInt64 = 0
    private(set) var bad: PictureLog
    private var damaged: PictureLog
    private var unsent: PictureLog

    init(
        detector: Detector, source: FileSource, server: StreamServer, stop: Int32, metrics: Metrics,
        settings: LiveSettings, changes: Mailbox<LiveSettings>, log: Log
    ) {
        self.detector = detector
        self.source = source
        self.server = server
        self.stop = stop
        self.metrics = metrics
        self.settings = settings
        self.changes = changes
        bad = PictureLog(log, "left out")
        damaged = PictureLog(log, "used all the same")
        unsent = PictureLog(log, "has no line")
    }

    mutating func run() throws(CameraError) -> End {
        while true {
            guard pause(until: nextFrame) else { return .stopped }
            if let changed = changes.take() { settings = changed }
            switch try source.next() {
            case .frame(let frame):
                // Counted from this frame: a late one is not made up for by a burst.
                nextFrame = clinux_monotonic_ns() + settings.period
                metrics.frameCaptured()
                process(frame)
            case .bad(let reason, let name):
                metrics.frameDropped(.corrupt)
                bad.add(name, reason.message)
            case .passEnded:
                if framesInPass == 0, !pause(until: clinux_monotonic_ns() + Self.emptyPassPause) { return .stopped }
                framesInPass = 0
            case .ended:
                return .sourceEnded
            case .interrupted:
                return .stopped
            }
        }
    }

    private mutating func process(_ frame: Frame) {
        let begun = clinux_monotonic_ns()
        metrics.took(.capture, nanoseconds: begun - min(begun, frame.capturedMonotonic))
        do throws(JPEGError) {
            let warnings = try detector.load(jpeg: frame.bytes)
            if warnings > 0 { damaged.add(frame.name, JPEGError.message(warnings: warnings)) }
        } catch {
            metrics.frameDropped(.corrupt)
            bad.add(frame.name, error.message)
            return
        }
        let started = clinux_monotonic_ns()
        metrics.frameDecoded()
        metrics.took(.decode, nanoseconds: started - begun)
        detector.engine.run()
        let inference = clinux_monotonic_ns() - started
        let detections = detector.decode(thresholds: settings.filter.thresholds, limit: nil)
        let inferred = clinux_monotonic_ns()
        metrics.frameInferred()
        metrics.took(.inference, nanoseconds: inferred - started)
        writer.begin(line(for: frame, inference: inference))
        var kept = 0
        for detection in detections where kept < settings.filter.limit && settings.filter.keeps(detection) {
            kept += 1
            let box = detection.box
            writer.add(
                classIndex: Int(detection.classIndex), label: detector.description.labels[Int(detection.classIndex)],
                score: detection.score, left: box.left, top: box.top, right: box.right, bottom: box.bottom)
        }
        do throws(StreamError) {
            server.publish(try writer.finish())
            metrics.took(.publish, nanoseconds: clinux_monotonic_ns() - inferred)
            metrics.framePublished()
        } catch {
            metrics.frameDropped(.unsent)
            // The writer leaves detections out before a line becomes too long: only a picture's name could do that.
            unsent.add(frame.name, "needs more than \(byteCount(StreamProtocol.lineLimit))")
        }
        frames += 1
        framesInPass += 1
    }

    private func line(for frame: Frame, inference: UInt64) -> FrameLine {
        let picture: FrameLine.Picture
        switch frame.name {
        case .file(let name): picture = .file(UnsafeRawBufferPointer(name))
        case .index(let index): picture = .index(index)
        }
        return FrameLine(
            sequence: frame.sequence, capturedMonotonic: frame.capturedMonotonic,
            capturedRealtime: frame.capturedRealtime, age: clinux_monotonic_ns() - frame.capturedMonotonic,
            inference: inference, droppedFrames: 0, corruptFrames: bad.count, picture: picture,
            width: detector.pictureSize.width, height: detector.pictureSize.height)
    }

    /// Waits until a time of the monotonic clock. False when a signal came first.
    private func pause(until time: UInt64) -> Bool {
        metrics.idle(until: time)
        while true {
            let now = clinux_monotonic_ns()
            guard time > now else { return true }
            var isStopped = false
            var unused = false
            _ = clinux_wait_readable(stop, -1, Int64(time - now), &isStopped, &unused)
            if isStopped { return false }
        }
    }
}
