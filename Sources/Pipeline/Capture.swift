/// Takes frames from the source and puts them into the slot, on a thread of its own, until the source ends or a signal
/// comes.
///
/// A live source's frames replace each other in the slot; those of others wait for their turn, none is skipped.
/// `@unchecked Sendable`: only the capturing thread uses it until it has ended.
final class Capture: @unchecked Sendable {
    /// After a pass without a single usable frame: repeating it at once would only heat the board.
    private static var emptyPassPause: UInt64 { 1_000_000_000 }

    private let source: FrameSource
    private let input: ImageInput
    private let slot: FrameSlot
    private let sinks: [FrameSink]
    private let clock: PipelineClock
    private let settings: PipelineSettings
    private let metrics: Metrics
    private let reporter: CameraReporter
    private var pace: FramePace
    /// Frames that the source had counted as dropped when it was asked last.
    private var skipped: UInt64 = 0
    /// Frames of a live source that came too early.
    private var cappedFrames: UInt64 = 0
    private var framesInPass = 0
    private var bad: ImageLog
    private var damaged: ImageLog
    /// Why a JPEG was rejected last.
    private var rejection: JPEGError?
    /// Why the source cannot continue.
    private(set) var failure: CameraError?

    init(
        _ source: FrameSource, _ input: ImageInput, _ slot: FrameSlot, _ sinks: [FrameSink], _ clock: PipelineClock,
        _ settings: PipelineSettings
    ) {
        self.source = source
        self.input = input
        self.slot = slot
        self.sinks = sinks
        self.clock = clock
        self.settings = settings
        metrics = settings.metrics
        pace = FramePace(period: settings.period)
        reporter = CameraReporter(sinks, settings)
        bad = ImageLog(settings.log, "skipped", isLive: source.isLive)
        damaged = ImageLog(settings.log, "used anyway", isLive: source.isLive)
    }

    /// Frames that could not be used. For after the thread's end.
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
        while source.isLive || waitForTurn() {
            takePeriod()
            do throws(CameraError) {
                guard try takeEvent() else { return }
            } catch {
                failure = error
                return
            }
        }
    }

    /// False at the end.
    private func takeEvent() throws(CameraError) -> Bool {
        let event = try source.next()
        metrics.cameraRestarts(stalled: source.restarts.stalled, unusable: source.restarts.unusable)
        switch event {
        case .frame(let frame):
            guard take(frame) else { return false }
        case .bad(let reason, let name):
            metrics.frameCaptured()
            countSkipped()
            skip(name, reason == .damaged ? .driver : .corrupt, reason.message)
        case .changed(let change): reporter.report(change, source.camera, rejection: rejection)
        case .noticed(let notice): reporter.report(notice, source.camera)
        case .passEnded:
            // A video in which bytes look like an image's beginning will hold none the next time.
            let kind = source.content
            if framesInPass == 0, kind != .unknown, kind != .jpeg { throw .noImages(kind) }
            if framesInPass == 0, !pause(Self.emptyPassPause) { return false }
            framesInPass = 0
        case .ended:
            let kind = source.content
            guard framesInPass > 0 else { throw kind == .unknown || kind == .jpeg ? .noneUsable : .noImages(kind) }
            return false
        case .interrupted: return false
        }
        // A camera that is slow, and has shown no fault, is not stuck.
        metrics.idle(until: max(pace.next, source.quietEnd))
        return true
    }

    /// False when a signal came first.
    private func take(_ frame: Frame) -> Bool {
        guard source.isLive || slot.waitUntilFree(clock) else { return false }
        let now = clock.now
        metrics.frameCaptured()
        metrics.took(.capture, nanoseconds: now - min(now, frame.times.monotonic))
        countSkipped()
        if !source.isLive {
            pace.take(at: now)
        } else if !pace.takesFrame(at: now) {
            cappedFrames += 1
            metrics.frameDropped(.skipped)
            // What can't be used has no successor that is too early.
            use()
            return true
        }
        var frame = frame
        guard load(&frame) else { return true }
        use()
        framesInPass += 1
        metrics.took(.decode, nanoseconds: clock.now - now)
        metrics.frameDecoded()
        let counts = FrameCounts(dropped: source.droppedFrames + cappedFrames, corrupt: bad.count)
        if slot.put(frame, counts) { metrics.frameDropped(.superseded) }
        return true
    }

    /// Tells the source that a frame can be used.
    private func use() {
        guard let change = source.use() else { return }
        reporter.report(change, source.camera, rejection: nil)
    }

    /// Frames that were skipped before anybody looked at them.
    private func countSkipped() {
        let new = source.droppedFrames - skipped
        skipped = source.droppedFrames
        metrics.frameDropped(.skipped, count: new)
    }

    // MARK: - Pixels

    /// Fills the slot's tensor from a frame. False where it is none that can be used.
    private func load(_ frame: inout Frame) -> Bool {
        if let view = frame.pixels.view {
            frame.size = input.load(view, into: slot.tensor)
            frame.image = image(frame.pixels)
            return true
        }
        let jpeg = frame.pixels.planes[0], agreed = frame.pixels.size
        do throws(JPEGError) {
            let loaded = try input.load(jpeg: jpeg, into: slot.tensor)
            if loaded.warnings > 0 {
                // What a camera sends is used where nothing else is wrong with it.
                var flaw: BadFrame? = frame.isFlagged ? .damaged : nil
                if agreed.width > 0, loaded.stored != agreed {
                    flaw = .wrongSize(width: loaded.stored.width, height: loaded.stored.height)
                }
                if let flaw {
                    reject(frame.name, flaw == .damaged ? .driver : .corrupt, flaw, flaw.message)
                    return false
                }
                damaged.add(frame.name, at: clock.now, JPEGError.message(warnings: loaded.warnings))
            }
            frame.size = loaded.size
            frame.image = image(PixelBuffer(jpeg: UnsafeRawBufferPointer(rebasing: jpeg[loaded.start...])))
            return true
        } catch {
            // A camera's frame cannot be copied again.
            let isCut = error == .truncated
            rejection = error
            reject(
                frame.name, .corrupt, isCut ? .truncated : .undecodable,
                source.isLive && isCut ? BadFrame.truncated.message : error.message)
            return false
        }
    }

    /// What can't be used leaves its turn to the next.
    private func reject(_ name: FrameName, _ why: Metrics.Drop, _ flaw: BadFrame, _ reason: @autoclosure () -> String) {
        pace.giveBack()
        metrics.idle(until: pace.next)
        skip(name, why, reason())
        source.reject(flaw)
    }

    private func skip(_ name: FrameName, _ why: Metrics.Drop, _ reason: @autoclosure () -> String) {
        metrics.frameDropped(why)
        bad.add(name, at: clock.now, reason())
    }

    /// The frame's own bytes, where a sink waits for them.
    private func image(_ pixels: PixelBuffer) -> CapturedImage? {
        guard sinks.contains(where: { $0.wantsImage }) else { return nil }
        do throws(ImageError) {
            return try slot.image(of: pixels, rotation: settings.rotation)
        } catch {
            for sink in sinks where sink.wantsImage { sink.rejectImage(error) }
            return nil
        }
    }

    // MARK: - Time

    private func takePeriod() {
        guard let period = settings.control.takePeriod() else { return }
        pace.change(to: period)
        source.ask(rate: period > 0 ? 1e9 / Double(period) : nil)
        metrics.idle(until: pace.next)
    }

    /// Waits until the next frame is due, by the current period. False when a signal came first.
    private func waitForTurn() -> Bool {
        while true {
            takePeriod()
            metrics.idle(until: pace.next)
            let now = clock.now
            guard pace.next > now else { return true }
            let wake = clock.wait(settings.control.periodArrived.descriptor, atMost: pace.next - now)
            if wake.isStopped { return false }
            if wake.isReady { settings.control.periodArrived.clear() }
        }
    }

    /// False when a signal came first.
    private func pause(_ time: UInt64) -> Bool {
        let end = clock.now + time
        metrics.idle(until: end)
        while true {
            let now = clock.now
            guard end > now else { return true }
            if clock.wait(atMost: end - now).isStopped { return false }
        }
    }
}
