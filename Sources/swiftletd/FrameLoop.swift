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
    private let period: UInt64
    private var writer = FrameLineWriter()
    private var nextFrame: UInt64 = 0
    private var framesInPass = 0
    private(set) var frames: UInt64 = 0
    private(set) var bad: PictureLog
    private var damaged: PictureLog
    private var unsent: PictureLog

    init(
        detector: Detector, source: FileSource, server: StreamServer, stop: Int32, period: UInt64, log: Log
    ) {
        self.detector = detector
        self.source = source
        self.server = server
        self.stop = stop
        self.period = period
        bad = PictureLog(log, "left out")
        damaged = PictureLog(log, "used all the same")
        unsent = PictureLog(log, "has no line")
    }

    mutating func run() throws(CameraError) -> End {
        while true {
            guard pause(until: nextFrame) else { return .stopped }
            switch try source.next() {
            case .frame(let frame):
                // Counted from this frame: a late one is not made up for by a burst.
                nextFrame = clinux_monotonic_ns() + period
                process(frame)
            case .bad(let reason, let name):
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
        do throws(JPEGError) {
            let warnings = try detector.load(jpeg: frame.bytes)
            if warnings > 0 { damaged.add(frame.name, JPEGError.message(warnings: warnings)) }
        } catch {
            bad.add(frame.name, error.message)
            return
        }
        let started = clinux_monotonic_ns()
        detector.engine.run()
        let inference = clinux_monotonic_ns() - started
        let detections = detector.decode()
        writer.begin(line(for: frame, inference: inference))
        for detection in detections {
            let box = detection.box
            writer.add(
                classIndex: Int(detection.classIndex), label: detector.description.labels[Int(detection.classIndex)],
                score: detection.score, left: box.left, top: box.top, right: box.right, bottom: box.bottom)
        }
        do throws(StreamError) {
            server.publish(try writer.finish())
        } catch {
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
