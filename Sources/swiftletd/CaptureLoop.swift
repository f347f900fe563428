import CLinux
import Camera
import Model
import Files
import Pixels
import Service
import Stream
import Threading
import Vision

/// Takes pictures from the source and puts them into the slot, on a thread of its own, until the source ends or a signal
/// comes.
///
/// A camera's frames replace each other in the slot; pictures from files wait for their turn, none is left out.
/// `@unchecked Sendable`: only the capturing thread uses it until it has ended.
final class CaptureLoop: @unchecked Sendable {
    enum Source {
        case files(FileSource)
        case camera(LiveCamera<V4L2Driver>)
    }

    /// After a pass without a single usable picture: repeating it at once would only heat the board.
    private static var emptyPassPause: UInt64 { 1_000_000_000 }

    private let source: Source
    private let isLive: Bool
    private let input: PictureInput
    private let slot: FrameSlot
    private let stream: StreamServer
    private let stop: Int32
    private let metrics: Metrics
    private var pace: FramePace
    private let newPeriods: NewPeriods
    /// Frames that the camera had counted as dropped when it was asked last.
    private var skipped: UInt64 = 0
    /// Frames of the camera that came too early.
    private var cappedFrames: UInt64 = 0
    private let log: Log
    /// Clockwise, in degrees: what turns captured pictures upright.
    private let rotation: Int
    private let reporter: CameraReporter
    private var framesInPass = 0
    private var bad: PictureLog
    private var damaged: PictureLog
    /// Why a JPEG was refused last.
    private var refusal: JPEGError?
    /// Why the source cannot go on.
    private(set) var failure: CameraError?

    init(
        _ source: Source, input: PictureInput, slot: FrameSlot, stream: StreamServer, stop: Int32, metrics: Metrics,
        period: UInt64, newPeriods: NewPeriods, rotation: Int, log: Log, reporter: CameraReporter
    ) {
        self.rotation = rotation
        self.source = source
        self.input = input
        self.slot = slot
        self.stream = stream
        self.stop = stop
        self.metrics = metrics
        pace = FramePace(period: period)
        self.newPeriods = newPeriods
        self.log = log
        self.reporter = reporter
        isLive = if case .camera = source { true } else { false }
        bad = PictureLog(log, "left out", isLive: isLive)
        damaged = PictureLog(log, "used all the same", isLive: isLive)
    }

    /// Pictures that could not be used. For after the thread's end.
    var corruptFrames: UInt64 { bad.count }

    /// Starts the thread, whose last act is the slot's end.
    func start() throws(SystemError) -> Thread {
        try Thread("capture", stackByteCount: 512 << 10) {
            self.run()
            self.slot.end()
        }
    }

    private func run() {
        // A camera is never left waiting: its buffers would grow old, and its silence could not be told from a fault.
        while isLive || waitForTurn() {
            takePeriod()
            do throws(CameraError) {
                switch source {
                case .files(let source): guard try takePicture(source) else { return }
                case .camera(let camera): guard takeFrame(camera) else { return }
                }
            } catch {
                failure = error
                return
            }
        }
    }

    // MARK: - Files

    private func takePicture(_ source: FileSource) throws(CameraError) -> Bool {
        switch try source.next() {
        case .frame(let frame):
            guard slot.waitUntilFree(interrupt: stop) else { return false }
            let now = came(frame.capturedMonotonic)
            pace.take(at: now)
            let item = FrameSlot.Item(
                sequence: frame.sequence, capturedMonotonic: frame.capturedMonotonic,
                capturedRealtime: frame.capturedRealtime, name: frame.name, size: PictureSize(width: 0, height: 0),
                corruptFrames: bad.count, droppedFrames: 0)
            if let item = load(frame.bytes, item) { put(item, at: now) }
        case .bad(let reason, let name):
            metrics.frameCaptured()
            leaveOut(name, .corrupt, reason.message)
        case .passEnded:
            // A video in which bytes look like a picture's beginning will hold none the next time.
            let kind = source.content
            if framesInPass == 0, kind != .unknown, kind != .jpeg { throw .noPictures(kind) }
            if framesInPass == 0, !pause(until: clinux_monotonic_ns() + Self.emptyPassPause) { return false }
            framesInPass = 0
        case .ended:
            let kind = source.content
            guard framesInPass > 0 else { throw kind == .unknown || kind == .jpeg ? .noneUsable : .noPictures(kind) }
            return false
        case .interrupted:
            return false
        }
        return true
    }

    // MARK: - Cameras

    private func takeFrame(_ camera: LiveCamera<V4L2Driver>) -> Bool {
        let event = camera.next()
        metrics.cameraRestarts(stalled: camera.restartsOfStalled, unusable: camera.restartsOfUnusable)
        switch event {
        case .frame(let frame): take(frame, of: camera)
        case .bad(let reason):
            metrics.frameCaptured()
            countSkipped(camera)
            leaveOut(.index(camera.frameCount), reason == .damaged ? .driver : .corrupt, reason.message)
        case .changed(let change):
            reporter.report(change, camera.camera, refusal: refusal)
        case .noticed(let notice): reporter.report(notice, camera.camera)
        case .interrupted: return false
        }
        // A camera that is slow, and has shown no fault, is not stuck.
        metrics.idle(until: max(pace.next, camera.quietEnd))
        return true
    }

    private func take(_ frame: CapturedFrame, of camera: LiveCamera<V4L2Driver>) {
        let now = came(frame.capturedMonotonic)
        countSkipped(camera)
        guard pace.takesFrame(at: now) else {
            cappedFrames += 1
            metrics.frameDropped(.skipped)
            // What can't be used has no successor that is too early.
            use(camera)
            return
        }
        let item = FrameSlot.Item(
            sequence: frame.sequence, capturedMonotonic: frame.capturedMonotonic,
            capturedRealtime: frame.capturedRealtime, name: .index(frame.sequence),
            size: frame.image.size, corruptFrames: bad.count,
            droppedFrames: camera.droppedFrames + cappedFrames)
        guard let item = load(frame, item, camera) else { return }
        use(camera)
        put(item, at: now)
    }

    /// Tells the camera that a frame can be used.
    private func use(_ camera: LiveCamera<V4L2Driver>) {
        guard let change = camera.use() else { return }
        reporter.report(change, camera.camera, refusal: nil)
    }

    /// Fills the slot's tensor from a frame. nil where it is none that can be used.
    private func load(
        _ frame: CapturedFrame, _ item: FrameSlot.Item, _ camera: LiveCamera<V4L2Driver>
    ) -> FrameSlot.Item? {
        var item = item
        if let view = frame.image.view {
            item.size = input.load(view, into: slot.tensor)
            item.picture = picture(frame.image)
            return item
        }
        let mustBeWhole: BadFrame? = frame.isFlagged ? .damaged : nil
        let loaded = load(frame.image.planes[0], item, agreed: item.size, mustBeWhole) { camera.refuse($0) }
        return loaded
    }

    /// Frames that were left out before anybody looked at them.
    private func countSkipped(_ camera: LiveCamera<V4L2Driver>) {
        let new = camera.droppedFrames - skipped
        skipped = camera.droppedFrames
        metrics.frameDropped(.skipped, count: new)
    }

    // MARK: - Both

    /// Counts a frame and tells the time.
    private func came(_ captured: UInt64) -> UInt64 {
        let now = clinux_monotonic_ns()
        metrics.frameCaptured()
        metrics.took(.capture, nanoseconds: now - min(now, captured))
        return now
    }

    /// Fills the slot's tensor from a JPEG. nil where it is none that can be used.
    /// - Parameters:
    ///   - agreed: the size that the camera was set to. A JPEG of another one is used where nothing is wrong with it.
    ///   - flaw: why the JPEG is used only where nothing else is wrong with it.
    ///   - refuse: is told of one that can't be used.
    private func load(
        _ jpeg: UnsafeRawBufferPointer, _ item: FrameSlot.Item, agreed: PictureSize? = nil, _ flaw: BadFrame? = nil,
        refuse: (BadFrame) -> Void = { _ in }
    ) -> FrameSlot.Item? {
        do throws(JPEGError) {
            let loaded = try input.load(jpeg: jpeg, into: slot.tensor)
            if loaded.warnings > 0 {
                var flaw = flaw
                if let agreed, loaded.stored != agreed {
                    flaw = .wrongSize(width: loaded.stored.width, height: loaded.stored.height)
                }
                if let flaw {
                    giveBackTurn()
                    leaveOut(item.name, flaw == .damaged ? .driver : .corrupt, flaw.message)
                    refuse(flaw)
                    return nil
                }
                damaged.add(item.name, JPEGError.message(warnings: loaded.warnings))
            }
            var item = item
            item.size = loaded.size
            item.picture = picture(PixelBuffer(jpeg: UnsafeRawBufferPointer(rebasing: jpeg[loaded.start...])))
            return item
        } catch {
            giveBackTurn()
            // Nobody can copy a camera's frame again.
            leaveOut(item.name, .corrupt, isLive && error == .truncated ? BadFrame.truncated.message : error.message)
            refusal = error
            refuse(error == .truncated ? .truncated : .undecodable)
            return nil
        }
    }

    /// What can't be used leaves its turn to the next.
    private func giveBackTurn() {
        pace.giveBack()
        metrics.idle(until: pace.next)
    }

    /// The frame's own bytes, where a client waits for them.
    private func picture(_ pixels: PixelBuffer) -> CapturedPicture? {
        guard stream.wantsPicture else { return nil }
        do throws(PictureError) {
            guard var picture = try slot.makePicture() else { return nil }
            do throws(PictureError) {
                try picture.fill(pixels, rotation: rotation)
            } catch {
                picture.close()
                throw error
            }
            return picture
        } catch {
            stream.refusePicture(error)
            return nil
        }
    }

    private func put(_ item: FrameSlot.Item, at start: UInt64) {
        framesInPass += 1
        metrics.took(.decode, nanoseconds: clinux_monotonic_ns() - start)
        metrics.frameDecoded()
        if slot.put(item) { metrics.frameDropped(.superseded) }
    }

    private func leaveOut(_ name: FrameName, _ why: Metrics.Drop, _ reason: @autoclosure () -> String) {
        metrics.frameDropped(why)
        bad.add(name, reason())
    }

    private func takePeriod() {
        guard let period = newPeriods.take() else { return }
        pace.change(to: period)
        if case .camera(let camera) = source { camera.ask(rate: period > 0 ? 1e9 / Double(period) : nil) }
        metrics.idle(until: pace.next)
    }

    /// Waits until the next picture is due, by the period that holds then. False when a signal came first.
    private func waitForTurn() -> Bool {
        while true {
            takePeriod()
            metrics.idle(until: pace.next)
            let now = clinux_monotonic_ns()
            guard pace.next > now else { return true }
            var isStopped = false, isChanged = false
            _ = clinux_wait_readable(stop, newPeriods.descriptor, Int64(pace.next - now), &isStopped, &isChanged)
            if isStopped { return false }
            if isChanged { newPeriods.clear() }
        }
    }

    /// Waits until a time of the monotonic clock. False when a signal came first.
    private func pause(until time: UInt64) -> Bool {
        metrics.idle(until: time)
        while true {
            let now = clinux_monotonic_ns()
            guard time > now else { return true }
            var isStopped = false, unused = false
            _ = clinux_wait_readable(stop, -1, Int64(time - now), &isStopped, &unused)
            if isStopped { return false }
        }
    }
}
