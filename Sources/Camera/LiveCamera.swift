/// A camera that may come, go, hang and send garbage: the newest of its frames, and what becomes of it.
///
///     absent -> opening -> streaming <-> stalled -> absent
///
/// Without a frame for `Deadlines.frame` the stream is restarted; without one for as long again the device is closed and
/// opened anew, ever less often. A device that comes is opened at once. One thread owns a camera; a wait ends when the
/// driver's interrupting descriptor becomes readable. Nothing is allocated while frames come.
public final class LiveCamera<Driver: CaptureDriver> {
    /// Nanoseconds.
    public struct Deadlines: Sendable {
        /// The longest time between two frames.
        public var frame: UInt64 = 3_000_000_000
        /// The first time between two attempts to open a camera.
        public var firstRetry: UInt64 = 250_000_000
        /// The longest, which doubling reaches.
        public var lastRetry: UInt64 = 4_000_000_000
        /// What a device that came gets until its rights and links are set.
        public var settling: UInt64 = 100_000_000

        /// The defaults: 3 s for a frame, 0.25 s to 4 s between attempts.
        public init() {}
    }

    /// What a camera has to tell.
    public enum Event {
        case frame(CapturedFrame)
        case bad(BadFrame)
        case changed(CameraChange)
        case interrupted
    }

    /// The camera that was opened last, nil before the first.
    public private(set) var camera: OpenCamera?
    /// By the last `changed`; `absent` before the first.
    public private(set) var state = CameraState.absent
    /// Since the start: frames that came while another was worked on, or that the driver had no buffer for.
    public private(set) var droppedFrames: UInt64 = 0

    /// Frames that the camera has made while it was open, also those that were left out.
    public var frameCount: UInt64 { sequence }

    private var driver: Driver
    private let deadlines: Deadlines
    private var isOpen = false
    /// The buffer that is lent.
    private var lent: Int?
    private var lastReason: CameraError?
    private var retry: UInt64
    private var nextAttempt: UInt64 = 0
    /// When a frame has to have come.
    private var frameDeadline: UInt64 = 0
    private var needsRestart = false
    private var wasRestarted = false
    /// The driver's number of the next frame; nil after a start, when it begins anew.
    private var expected: UInt32?
    private var sequence: UInt64 = 0
    private var isFirstAttempt = true
    /// A first frame, whose state comes before it.
    private var heldFrame: CapturedFrame?

    /// Opens nothing: the first `next()` does.
    public init(_ driver: Driver, deadlines: Deadlines = Deadlines()) {
        self.driver = driver
        self.deadlines = deadlines
        retry = deadlines.firstRetry
    }

    deinit { if isOpen { driver.close() } }

    /// Waits for what comes next. The frame returned last is void.
    public func next() -> Event {
        if let frame = heldFrame {
            heldFrame = nil
            return .frame(frame)
        }
        if let index = lent {
            lent = nil
            do throws(CameraError) { try driver.enqueue(index) } catch { if let change = fail(error) { return change } }
        }
        while true {
            if let event = isOpen ? nextOfOpen() : nextOfClosed() { return event }
        }
    }

    // MARK: - Without a device

    private func nextOfClosed() -> Event? {
        let now = driver.monotonicTime
        if now < nextAttempt {
            do throws(CameraError) {
                switch try driver.wait(atMost: nextAttempt - now) {
                case .interrupted: return .interrupted
                case .devicesChanged:
                    retry = deadlines.firstRetry
                    nextAttempt = min(nextAttempt, driver.monotonicTime + deadlines.settling)
                case .timedOut, .frames: break
                }
                return nil
            } catch {
                // The attempt stays due: an error that comes at once must not put it off for ever.
                return change(to: .absent, error)
            }
        }
        do throws(CameraError) {
            camera = try driver.open()
            isOpen = true
            expected = nil
            wasRestarted = false
            frameDeadline = driver.monotonicTime + deadlines.frame
            return change(to: state == .stalled ? .stalled : .opening, nil)
        } catch {
            nextAttempt = driver.monotonicTime + retry
            retry = min(2 * retry, deadlines.lastRetry)
            return change(to: state == .stalled && error != .noCamera ? .stalled : .absent, error)
        }
    }

    // MARK: - With a device

    private func nextOfOpen() -> Event? {
        if needsRestart {
            needsRestart = false
            wasRestarted = true
            expected = nil
            do throws(CameraError) { try driver.restart() } catch { return fail(error) }
            frameDeadline = driver.monotonicTime + deadlines.frame
        }
        let now = driver.monotonicTime
        do throws(CameraError) {
            // Once the time is up, frames that came while the caller was busy still count.
            switch try driver.wait(atMost: frameDeadline - min(now, frameDeadline)) {
            case .interrupted: return .interrupted
            case .frames: return try newest()
            case .timedOut, .devicesChanged: return driver.monotonicTime < frameDeadline ? nil : missedDeadline()
            }
        } catch {
            return fail(error)
        }
    }

    /// Takes all that has come and keeps the last that is whole.
    private func newest() throws(CameraError) -> Event? {
        // Only what is used is looked at: a converter holds one image, which the next one replaces.
        var newest: Drained?
        var older: Drained?
        var fault: BadFrame?
        while let filled = try driver.dequeue() {
            count(filled.sequence)
            guard !filled.isDamaged else {
                fault = .damaged
                try driver.enqueue(filled.index)
                continue
            }
            if let older { try drop(older) }
            older = newest
            newest = Drained(buffer: filled, sequence: sequence - 1)
        }
        var kept = newest
        var image: CapturedImage?
        if let newest { image = try look(at: newest, &fault) }
        if let older {
            if image == nil {
                kept = older
                image = try look(at: older, &fault)
            } else {
                try drop(older)
            }
        }
        guard let kept, let image else {
            // Damaged frames show that the camera lives: the wait goes on.
            if fault != nil { frameDeadline = driver.monotonicTime + deadlines.frame }
            return fault.map { .bad($0) }
        }
        frameDeadline = driver.monotonicTime + deadlines.frame
        wasRestarted = false
        retry = deadlines.firstRetry
        lent = kept.buffer.index
        let now = driver.monotonicTime
        let captured = kept.buffer.captured > 0 && kept.buffer.captured <= now ? kept.buffer.captured : now
        let frame = CapturedFrame(
            image: image, sequence: kept.sequence, capturedMonotonic: captured,
            capturedRealtime: driver.realTime - (now - captured))
        guard let change = change(to: .streaming, nil) else { return .frame(frame) }
        heldFrame = frame
        return change
    }

    /// A buffer that has been taken from the driver, and its frame's number.
    private struct Drained {
        var buffer: FilledBuffer
        var sequence: UInt64
    }

    /// The image in a buffer; nil where it is a bad one, whose buffer the driver has got back.
    private func look(at drained: Drained, _ fault: inout BadFrame?) throws(CameraError) -> CapturedImage? {
        switch driver.image(drained.buffer.index) {
        case .success(let image): return image
        case .failure(let bad):
            fault = bad.reason
            try driver.enqueue(drained.buffer.index)
            return nil
        }
    }

    private func drop(_ drained: Drained) throws(CameraError) {
        droppedFrames += 1
        try driver.enqueue(drained.buffer.index)
    }

    private func count(_ number: UInt32) {
        if let expected {
            // The driver had no buffer for those in between; a count that goes back is a driver's own affair.
            let missing = number &- expected
            if missing < 1 << 16 {
                droppedFrames += UInt64(missing)
                sequence += UInt64(missing)
            }
        }
        expected = number &+ 1
        sequence += 1
    }

    private func missedDeadline() -> Event? {
        let reason = CameraError.noFrames(deadlines.frame)
        frameDeadline = driver.monotonicTime + deadlines.frame
        if wasRestarted {
            closeAndRetry()
            return change(to: .stalled, reason)
        }
        // The stall is told first: a restart may itself hang in the driver.
        needsRestart = true
        return change(to: .stalled, reason)
    }

    /// The device is no longer usable as it is.
    private func fail(_ error: CameraError) -> Event? {
        closeAndRetry()
        return change(to: .absent, error)
    }

    private func closeAndRetry() {
        if isOpen { driver.close() }
        isOpen = false
        needsRestart = false
        lent = nil
        nextAttempt = driver.monotonicTime + retry
        retry = min(2 * retry, deadlines.lastRetry)
    }

    private func change(to next: CameraState, _ reason: CameraError?) -> Event? {
        // A camera that went is not there: no news.
        let isNews = next != state || (reason != nil && reason != lastReason && reason != .noCamera)
        guard isFirstAttempt || isNews else { return nil }
        isFirstAttempt = false
        state = next
        lastReason = reason
        return .changed(CameraChange(state: next, reason: reason))
    }
}
