import CLinux
import Camera
import Model
import Engine
import Pixels
import Service
import Stream
import Threading
import Vision

/// Finds what is in the pictures that capture has put into the slot and publishes a line for each, until there are no
/// more or a signal comes. While one is worked on, capture gets the next one ready.
///
/// All buffers are made at the start; what allocates are log lines, and capture where a picture is larger than all
/// before it.
struct FrameLoop: ~Copyable {
    /// Why the loop ended.
    enum End { case sourceEnded, stopped }

    private let detector: Model
    private let slot: FrameSlot
    private let server: StreamServer
    /// Readable once a signal asks for the end.
    private let stop: Int32
    private let metrics: Metrics
    private var filter: DetectionFilter
    private let newFilters: Mailbox<DetectionFilter>
    private var writer = FrameLineWriter()
    private(set) var frames: UInt64 = 0
    private var unsent: PictureLog

    init(
        detector: Model, slot: FrameSlot, server: StreamServer, stop: Int32, metrics: Metrics,
        filter: DetectionFilter, newFilters: Mailbox<DetectionFilter>, log: Log
    ) {
        self.detector = detector
        self.slot = slot
        self.server = server
        self.stop = stop
        self.metrics = metrics
        self.filter = filter
        self.newFilters = newFilters
        unsent = PictureLog(log, "has no line", isLive: false)
    }

    mutating func run() -> End {
        while true {
            switch slot.take(into: detector.input, stop: stop) {
            case .item(let item): process(item)
            // Capture may have seen the signal first.
            case .ended: return isStopped ? .stopped : .sourceEnded
            case .stopped: return .stopped
            }
        }
    }

    private var isStopped: Bool {
        var isStopped = false, unused = false
        _ = clinux_wait_readable(stop, -1, 0, &isStopped, &unused)
        return isStopped
    }

    private mutating func process(_ item: FrameSlot.Item) {
        if let filter = newFilters.take() { self.filter = filter }
        let started = clinux_monotonic_ns()
        detector.run()
        let inference = clinux_monotonic_ns() - started
        let detections = detector.result(of: item.size, thresholds: filter.thresholds, limit: nil).detections
        let decoded = clinux_monotonic_ns()
        metrics.frameInferred()
        metrics.took(.inference, nanoseconds: decoded - started)
        writer.begin(line(for: item, inference: inference))
        var kept = 0
        for detection in detections where kept < filter.limit && filter.keeps(detection) {
            kept += 1
            let box = detection.box
            writer.add(
                classIndex: Int(detection.classIndex), label: detector.description.labels[Int(detection.classIndex)],
                score: detection.score, left: box.left, top: box.top, right: box.right, bottom: box.bottom)
        }
        do throws(StreamError) {
            server.publish(try writer.finish(), picture: item.picture)
            metrics.took(.publish, nanoseconds: clinux_monotonic_ns() - decoded)
            metrics.framePublished()
        } catch {
            item.picture?.close()
            metrics.frameDropped(.unsent)
            // The writer leaves detections out before a line becomes too long: only a picture's name could do that.
            unsent.add(item.name, "needs more than \(byteCount(StreamProtocol.frameLimit))")
        }
        frames += 1
    }

    private func line(for item: FrameSlot.Item, inference: UInt64) -> FrameLine {
        let picture: FrameLine.Picture
        switch item.name {
        case .file(let name): picture = .file(UnsafeRawBufferPointer(name))
        case .index(let index): picture = .index(index)
        }
        return FrameLine(
            sequence: item.sequence, capturedMonotonic: item.capturedMonotonic,
            capturedRealtime: item.capturedRealtime, age: clinux_monotonic_ns() - item.capturedMonotonic,
            inference: inference, droppedFrames: item.droppedFrames + slot.replacedCount,
            corruptFrames: item.corruptFrames, picture: picture, width: item.size.width, height: item.size.height)
    }
}
