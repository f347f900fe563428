/// A camera that may come, go, hang and send garbage: the newest of its frames, and what becomes of it.
///
///     absent -> opening -> streaming <-> stalled, unusable -> absent
///
/// Without a frame, or without one that can be used, for as long as the camera may need (`Patience`) the stream is
/// restarted; if that does not help the device is closed and opened again, ever less often. A device that comes is opened
/// at once. The caller says whether a frame can be used: the camera streams from the first that can. One thread
/// owns a camera; a wait ends when the driver's interrupting descriptor becomes readable. Nothing is allocated while
/// frames come.
public final class LiveCamera<Driver: CaptureDriver>: FrameSource {
    /// Nanoseconds.
    public struct Deadlines: Sendable {
        /// The minimum time that a camera may take for a frame before it is restarted. One that says or has shown that it
        /// needs longer may take longer.
        public var frame: UInt64 = 3_000_000_000
        /// The maximum, unless `frame` is more.
        public var slowestFrame: UInt64 = 60_000_000_000
        /// The first time between two attempts to open a camera.
        public var firstRetry: UInt64 = 250_000_000
        /// The longest, which doubling reaches.
        public var lastRetry: UInt64 = 4_000_000_000
        /// What a device that came gets until its rights and links are set.
        public var settling: UInt64 = 100_000_000

        /// The defaults: 3 to 60 s for a frame, 0.25 s to 4 s between attempts.
        public init() {}
    }

    /// By the last change; `absent` before the first.
    public private(set) var state = CameraState.absent
    private var opened: OpenCamera?
    private var dropped: UInt64 = 0
    private var restartCounts: (stalled: UInt64, unusable: UInt64) = (0, 0)

    public override var kindName: StaticString { "camera" }
    public override var isLive: Bool { true }
    public override var camera: OpenCamera? { opened }
    public override var droppedFrames: UInt64 { dropped }
    public override var restarts: (stalled: UInt64, unusable: UInt64) { restartCounts }
    public override var quietEnd: UInt64 {
        isOpen && silence.failures == 0 && useless.failures == 0 ? silence.end : 0
    }

    private var driver: Driver
    private let deadlines: Deadlines
    private var isOpen = false
    /// The buffer that is lent.
    private var lent: Int?
    private var lastReason: CameraError?
    private var retry: UInt64
    private var nextAttempt: UInt64 = 0
    /// For frames of any kind, and for usable ones.
    private var silence: Patience
    private var useless: Patience
    /// Since the last usable one or the start: frames that can't be used, and whether the driver left any unmarked.
    private var badFrames = 0
    private var hasUnflagged = false
    private var ignoresFlags = false
    private var hasSaidFlags = false
    private var hasSaidTimes = false
    /// When each buffer was handed to the driver: what is in it was captured later. Linux has at most 32.
    private var queued = InlineArray<32, UInt64>(repeating: 0)
    private var needsRestart = false
    private var wasRestarted = false
    /// Whether a frame was usable since the device was opened; and whether it fails again and again before one is.
    private var hasBeenUsed = false
    private var keepsFailing = false
    /// The driver's number of the next frame; nil after a start, when it starts again.
    private var expected: UInt32?
    private var sequence: UInt64 = 0
    private var isFirstAttempt = true
    /// What comes before anything else, in this order.
    private var heldEvent: SourceEvent?
    private var heldFrame: Frame?

    /// A driver's clock and the frame's may differ a little.
    private static var clockSlack: UInt64 { 20_000_000 }
    /// Fewer bad frames say nothing of a camera.
    private static var fewestBadFrames: Int { 3 }

    /// Opens nothing: the first `next()` does.
    public init(_ driver: Driver, deadlines: Deadlines = Deadlines()) {
        self.driver = driver
        self.deadlines = deadlines
        retry = deadlines.firstRetry
        silence = Patience(minimum: deadlines.frame, maximum: deadlines.slowestFrame)
        useless = silence
        super.init()
    }

    deinit { if isOpen { driver.close() } }

    /// Waits for what comes next. Invalidates the previously returned frame.
    public override func next() -> SourceEvent {
        if let event = heldEvent {
            heldEvent = nil
            return event
        }
        if let frame = heldFrame {
            heldFrame = nil
            return .frame(frame)
        }
        if let index = lent {
            lent = nil
            do throws(CameraError) { try enqueue(index) } catch { if let change = fail(error) { return change } }
        }
        while true {
            if let event = isOpen ? nextOfOpen() : nextOfClosed() { return event }
        }
    }

    /// The frame returned last can be used. Returns the change of state that comes before it, if there is one.
    public override func use() -> CameraChange? {
        guard isOpen else { return nil }
        useless.came(at: driver.monotonicTime)
        (badFrames, hasUnflagged) = (0, false)
        wasRestarted = false
        (hasBeenUsed, keepsFailing) = (true, false)
        retry = deadlines.firstRetry
        return change(to: .streaming, nil)
    }

    /// The frame returned last can't be used.
    public override func reject(_ reason: BadFrame) {
        guard isOpen else { return }
        if let event = count(bad: reason) { heldEvent = event }
    }

    /// From here on, the frame rate to ask for; the camera is reopened where it differs.
    public override func ask(rate: Double?) {
        guard rate != driver.rate else { return }
        driver.rate = rate
        guard isOpen else { return }
        close()
        nextAttempt = driver.monotonicTime
    }

    // MARK: - Without a device

    private func nextOfClosed() -> SourceEvent? {
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
                return event(change(to: .absent, error))
            }
        }
        do throws(CameraError) {
            let opened = try driver.open()
            isOpen = true
            begin(opened, queuedAt: now)
            // No news for a camera that will fail once more.
            let isSame = state == .stalled || state == .unusable || keepsFailing
            return event(change(to: isSame ? state : .opening, nil))
        } catch {
            if error == .noCamera { keepsFailing = false }
            nextAttempt = driver.monotonicTime + retry
            retry = min(2 * retry, deadlines.lastRetry)
            return event(change(to: state == .stalled && error != .noCamera ? .stalled : .absent, error))
        }
    }

    private func begin(_ opened: OpenCamera, queuedAt time: UInt64) {
        if opened.identity != self.opened?.identity {
            silence.forget()
            useless.forget()
            (ignoresFlags, hasSaidFlags, hasSaidTimes) = (false, false, false)
        }
        self.opened = opened
        let mode = opened.mode
        // A driver says what it likes: beyond an hour it is no interval.
        silence.announced = mode.rate > 1.0 / 3600 ? UInt64(1e9 / mode.rate) : 0
        wasRestarted = false
        hasBeenUsed = false
        begin(queuedAt: time)
    }

    /// The stream has been started, with all buffers handed to the driver no earlier than at `time`.
    private func begin(queuedAt time: UInt64) {
        expected = nil
        (badFrames, hasUnflagged) = (0, false)
        for index in queued.indices { queued[index] = time }
        let now = driver.monotonicTime
        silence.begin(at: now)
        useless.begin(at: now)
    }

    // MARK: - With a device

    private func nextOfOpen() -> SourceEvent? {
        if needsRestart {
            needsRestart = false
            wasRestarted = true
            let now = driver.monotonicTime
            do throws(CameraError) { try driver.restart() } catch { return fail(error) }
            begin(queuedAt: now)
        }
        let now = driver.monotonicTime
        do throws(CameraError) {
            // Once the time is up, frames that came while the caller was busy still count.
            switch try driver.wait(atMost: silence.end - min(now, silence.end)) {
            case .interrupted: return .interrupted
            // A driver may tell of frames and have none.
            case .frames: if let event = try newest() { return event }
            case .timedOut, .devicesChanged: break
            }
            let now = driver.monotonicTime
            guard now >= silence.end else { return nil }
            let reason = CameraError.noFrames(silence.limit)
            silence.failed(at: now)
            restartCounts.stalled += 1
            return startAnew(.stalled, reason)
        } catch {
            return fail(error)
        }
    }

    /// Takes all that has come and keeps the last that is whole.
    private func newest() throws(CameraError) -> SourceEvent? {
        // Only what is used is looked at: a converter holds one image, which the next one replaces.
        var newest: Drained?
        var older: Drained?
        var fault: BadFrame?
        var hasCome = false
        // No further than every buffer once: a driver may fill what it gets back at once, without an end.
        for _ in queued.indices {
            guard let filled = try driver.dequeue() else { break }
            hasCome = true
            count(filled.sequence)
            if !filled.isDamaged { (hasUnflagged, ignoresFlags) = (true, false) }
            guard !filled.isDamaged || ignoresFlags else {
                fault = .damaged
                try enqueue(filled.index)
                continue
            }
            if let older { try drop(older) }
            older = newest
            newest = Drained(buffer: filled, sequence: sequence - 1)
        }
        // Frames that can't be used show too that the camera lives.
        if hasCome { silence.came(at: driver.monotonicTime) }
        var kept = newest
        var image: PixelBuffer?
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
            guard let fault else { return nil }
            heldEvent = count(bad: fault)
            return .bad(fault, .index(sequence))
        }
        lent = kept.buffer.index
        return give(kept, image)
    }

    private func give(_ kept: Drained, _ image: PixelBuffer) -> SourceEvent {
        let now = driver.monotonicTime
        let told = kept.buffer.captured, earliest = queued[kept.buffer.index & 31]
        let isPossible = told <= now && told + Self.clockSlack >= earliest
        let captured = told > 0 && isPossible ? told : now
        let frame = Frame(
            pixels: image, sequence: kept.sequence,
            times: FrameTimes(monotonic: captured, realtime: driver.realTime - (now - captured)),
            name: .index(kept.sequence), isFlagged: kept.buffer.isDamaged)
        guard told > 0, !isPossible, !hasSaidTimes else { return .frame(frame) }
        hasSaidTimes = true
        heldFrame = frame
        return .noticed(.impossibleTime(Int64(truncatingIfNeeded: now &- told)))
    }

    /// A buffer that has been taken from the driver, and its frame's number.
    private struct Drained {
        var buffer: FilledBuffer
        var sequence: UInt64
    }

    /// The image in a buffer; nil where it is a bad one, whose buffer the driver has got back.
    private func look(at drained: Drained, _ fault: inout BadFrame?) throws(CameraError) -> PixelBuffer? {
        switch driver.image(drained.buffer.index) {
        case .success(let image): return image
        case .failure(let bad):
            fault = bad.reason
            try enqueue(drained.buffer.index)
            return nil
        }
    }

    private func drop(_ drained: Drained) throws(CameraError) {
        dropped += 1
        try enqueue(drained.buffer.index)
    }

    private func enqueue(_ index: Int) throws(CameraError) {
        queued[index & 31] = driver.monotonicTime
        try driver.enqueue(index)
    }

    private func count(_ number: UInt32) {
        if let expected {
            // The driver had no buffer for those in between; a count that goes back is a driver's own affair.
            let missing = number &- expected
            if missing < 1 << 16 {
                dropped += UInt64(missing)
                sequence += UInt64(missing)
            }
        }
        expected = number &+ 1
        sequence += 1
    }

    // MARK: - What goes wrong

    /// One frame more that can't be used; what becomes of the camera after many.
    private func count(bad reason: BadFrame) -> SourceEvent? {
        badFrames += 1
        let now = driver.monotonicTime
        guard badFrames >= Self.fewestBadFrames, now >= useless.end else { return nil }
        if !hasUnflagged, !ignoresFlags {
            // Some drivers mark whatever comes.
            ignoresFlags = true
            (badFrames, hasUnflagged) = (0, false)
            useless.begin(at: now)
            defer { hasSaidFlags = true }
            return hasSaidFlags ? nil : .noticed(.flagsIgnored)
        }
        let limit = useless.limit
        useless.failed(at: now)
        restartCounts.unusable += 1
        return startAnew(.unusable, .noUsableFrames(limit, reason))
    }

    private func startAnew(_ state: CameraState, _ reason: CameraError) -> SourceEvent? {
        (badFrames, hasUnflagged) = (0, false)
        // It is told first: a restart may itself hang in the driver.
        if wasRestarted { closeAndRetry() } else { needsRestart = true }
        return event(change(to: state, reason))
    }

    /// The device is no longer usable as it is.
    private func fail(_ error: CameraError) -> SourceEvent? {
        if !hasBeenUsed { keepsFailing = true }
        closeAndRetry()
        return event(change(to: .absent, error))
    }

    private func closeAndRetry() {
        close()
        nextAttempt = driver.monotonicTime + retry
        retry = min(2 * retry, deadlines.lastRetry)
    }

    private func close() {
        if isOpen { driver.close() }
        isOpen = false
        needsRestart = false
        lent = nil
        heldFrame = nil
    }

    private func change(to next: CameraState, _ reason: CameraError?) -> CameraChange? {
        // A camera that went is not there: no news.
        var isNews = next != state
        if let reason, reason != .noCamera { isNews = isNews || !(lastReason?.isLike(reason) ?? false) }
        guard isFirstAttempt || isNews else { return nil }
        isFirstAttempt = false
        state = next
        lastReason = reason
        return CameraChange(state: next, reason: reason)
    }

    private func event(_ change: CameraChange?) -> SourceEvent? { change.map { .changed($0) } }
}
