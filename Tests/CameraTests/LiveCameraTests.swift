@testable import Camera
import Pixels
import TestSupport
import Testing

/// The camera's state machine against a driver that fails at will.
@Suite struct LiveCameraTests {
    private let fake = FakeCamera()
    private let camera: LiveCamera<FakeDriver>
    private let start: UInt64

    init() {
        camera = LiveCamera(FakeDriver(camera: fake))
        start = fake.now
    }

    /// What `take` has seen.
    private struct Taken {
        var frames = 0, bad = 0
        var changes: [CameraState] = []
        var reasons: [CameraError] = []
        var notices: [CameraNotice] = []
        var flagged = 0

        mutating func add(_ change: CameraChange) {
            changes.append(change.state)
            if let reason = change.reason { reasons.append(reason) }
        }
    }

    /// Changes and bad frames until that many frames came, or nothing more for a long time. `rejects` says what is wrong
    /// with a frame.
    private func take(
        _ count: Int, events most: Int = 10_000, each body: (Frame) -> Void = { _ in },
        rejects: (Frame) -> BadFrame? = { _ in nil }
    ) -> Taken {
        var taken = Taken()
        for _ in 0..<most where taken.frames < count {
            switch camera.next() {
            case .frame(let frame):
                if let reason = rejects(frame) {
                    camera.reject(reason)
                    continue
                }
                if let change = camera.use() { taken.add(change) }
                taken.frames += 1
                taken.flagged += frame.isFlagged ? 1 : 0
                body(frame)
            case .bad: taken.bad += 1
            case .changed(let change): taken.add(change)
            case .noticed(let notice): taken.notices.append(notice)
            case .interrupted, .passEnded, .ended: return taken
            }
        }
        return taken
    }

    @Test func theNewestFrameIsTakenAndTheRestAreCounted() {
        let first = take(1)
        #expect(first.frames == 1 && first.changes == [.opening, .streaming])
        // Ten intervals pass while the first frame is worked on: three buffers fill, seven frames have none.
        fake.pass(10 * FakeCamera.interval)
        var sequence: UInt64 = 0
        var age: UInt64 = 0
        _ = take(1) {
            sequence = $0.sequence
            age = fake.now - $0.times.monotonic
        }
        #expect(sequence == 3 && camera.droppedFrames == 2)
        #expect(age == 7 * FakeCamera.interval)
        _ = take(1) { sequence = $0.sequence }
        #expect(sequence == 11 && camera.droppedFrames == 9)
        #expect(fake.brokenRules.isEmpty)
    }

    /// A broken device fills, or flags as damaged, whatever it gets back: each call ends all the same, and signals are seen.
    @Test(arguments: [0, 1]) func buffersThatAreFilledAtOnceHoldNobodyUp(damagedEvery: Int) {
        fake.fillsAtOnce = true
        fake.damagedEvery = damagedEvery
        let result = take(3, events: 100)
        #expect(damagedEvery == 0 ? result.frames == 3 : result.bad > 0)
        fake.interruptAt = fake.now
        var wasInterrupted = false
        for _ in 0..<3 where !wasInterrupted {
            if case .interrupted = camera.next() { wasInterrupted = true }
        }
        #expect(wasInterrupted && fake.brokenRules.isEmpty)
    }

    @Test func aSlowCallerIsNoStall() {
        _ = take(1)
        // Longer than a camera may be silent.
        fake.pass(10 * FakeCamera.second)
        let result = take(2)
        #expect(result.frames == 2 && result.changes == [])
        #expect(fake.restarts == 0)
    }

    @Test func unpluggedAndBackTenTimes() {
        _ = take(5)
        for round in 0..<10 {
            fake.plug(false)
            fake.card = "card \(round)"
            var states: [CameraState] = []
            // A minute without a camera.
            let away = fake.now
            while fake.now < away + 60 * FakeCamera.second, states.count < 5 {
                if case .changed(let change) = nextOrTimePasses(until: away + 60 * FakeCamera.second) {
                    states.append(change.state)
                }
            }
            #expect(states == [.absent], "one line per transition")
            fake.plug(true)
            let back = fake.now
            let result = take(5)
            #expect(result.frames == 5 && result.changes == [.opening, .streaming])
            #expect(fake.now - back < 2 * FakeCamera.second)
            #expect(camera.camera?.identity.card == Array("card \(round)".utf8))
        }
        #expect(fake.brokenRules.isEmpty)
    }

    /// One event, or nil once time is up: an absent camera is waited for without end.
    private func nextOrTimePasses(until end: UInt64) -> SourceEvent? {
        // The fake interrupts the endless wait for a camera.
        fake.interruptAt = end
        defer { fake.interruptAt = nil }
        let event = camera.next()
        if case .interrupted = event { return nil }
        return event
    }

    @Test func aWedgedCameraIsRestarted() {
        _ = take(3)
        fake.faults = [.wedged]
        fake.restartUnwedges = true
        let wedged = fake.now
        let result = take(1)
        #expect(result.frames == 1 && result.changes == [.stalled, .streaming])
        #expect(fake.restarts == 1 && fake.opens.count == 1)
        #expect(fake.now - wedged < 5 * FakeCamera.second)
    }

    @Test func aCameraThatOnlyTellsOfFramesIsRestarted() {
        _ = take(3)
        fake.faults = [.wedged]
        fake.alwaysTellsOfFrames = true
        fake.restartUnwedges = true
        fake.interruptAt = fake.now + 100 * FakeCamera.second
        let result = take(1)
        #expect(result.frames == 1 && result.changes == [.stalled, .streaming])
        #expect(fake.restarts == 1 && fake.opens.count == 1)
    }

    @Test func aCameraThatARestartDoesNotHelpIsOpenedAnew() {
        _ = take(3)
        fake.faults = [.wedged]
        fake.reopenUnwedges = true
        let result = take(1)
        #expect(result.frames == 1 && result.changes == [.stalled, .streaming])
        #expect(fake.restarts == 1 && fake.opens.count == 2)
        #expect(fake.brokenRules.isEmpty)
    }

    @Test func attemptsBecomeRare() {
        fake.faults = [.open(.driver(.start, 28))]
        fake.interruptAt = fake.now + 600 * FakeCamera.second
        let result = take(1)
        #expect(result.changes == [.absent] && result.frames == 0)
        #expect(fake.opens.count < 170, "\(fake.opens.count) in ten minutes")
        let gaps = zip(fake.opens, fake.opens.dropFirst()).map { $1 - $0 }
        #expect(gaps.max()! <= 5 * FakeCamera.second)
    }

    @Test func errorsWhileStreamingReopenTheCamera() {
        for error in [CameraError.driver(.dequeue, 5), .driver(.wait, 5), .badBuffers] {
            _ = take(3)
            fake.faults = [.dequeue(error)]
            let result = take(3)
            #expect(result.frames == 3 && result.changes == [.absent, .opening, .streaming])
        }
        #expect(fake.brokenRules.isEmpty)
    }

    /// It is opened again and again, and what is wrong is said once.
    @Test func aCameraThatFailsWheneverItIsOpened() {
        let error = CameraError.driver(.dequeue, 5)
        fake.faults = [.always(error)]
        fake.interruptAt = fake.now + 600 * FakeCamera.second
        let failing = take(1)
        #expect(failing.changes == [.opening, .absent] && failing.reasons == [error])
        #expect(fake.opens.count > 100)
        fake.interruptAt = nil
        fake.faults = []
        #expect(take(1).changes == [.streaming])
        fake.plug(false)
        fake.interruptAt = fake.now + 20 * FakeCamera.second
        #expect(take(1).changes == [.absent])
        fake.interruptAt = nil
        fake.plug(true)
        #expect(take(1).changes == [.opening, .streaming])
    }

    @Test func damagedFramesAreCountedAndNoReasonToStop() {
        fake.damagedEvery = 5
        let result = take(100)
        #expect(result.frames == 100 && result.bad == 24 && result.changes == [.opening, .streaming])
        #expect(result.flagged == 0 && fake.opens.count == 1 && fake.brokenRules.isEmpty)
    }

    // MARK: - Frames that can't be used

    /// Some drivers mark whatever comes: after some seconds the frames are given out, and it is said once.
    @Test func framesThatAreAllFlaggedAreGivenOut() {
        fake.damagedEvery = 1
        let result = take(100)
        #expect(result.frames == 100 && result.flagged == 100 && result.changes == [.opening, .streaming])
        #expect(result.notices == [.flagsIgnored] && fake.restarts == 0)
        #expect(fake.opens.count == 1 && result.bad > 60 && result.bad < 120, "\(result.bad)")
        // An unflagged one ends that.
        fake.damagedEvery = 2
        let mixed = take(50)
        #expect(mixed.flagged <= 4 && mixed.bad >= 40 && mixed.changes == [] && mixed.notices == [])
        #expect(fake.brokenRules.isEmpty)
    }

    /// Whatever makes every frame unusable, wherever it is found out.
    @Test(arguments: [true, false]) func aCameraWhoseFramesCannotBeUsedSaysSoAndIsRestarted(inLayout: Bool) {
        if inLayout { fake.badImage = .truncated }
        fake.interruptAt = fake.now + 100 * FakeCamera.second
        let result = take(1, rejects: { _ in .truncated })
        #expect(result.frames == 0 && result.changes == [.opening, .unusable])
        #expect(result.reasons == [.noUsableFrames(3_000_000_000, .truncated)], "one line, not one a restart")
        #expect(camera.restarts.unusable >= 4 && camera.restarts.stalled == 0)
        #expect(fake.restarts >= 2 && fake.opens.count >= 2)
        let first = fake.restarts + fake.opens.count
        #expect(first <= 8, "ever less often: \(first) starts")
        fake.badImage = nil
        fake.interruptAt = nil
        #expect(take(3).changes == [.streaming])
        #expect(camera.state == .streaming && fake.brokenRules.isEmpty, "\(fake.brokenRules)")
    }

    @Test func aNewReasonIsNews() {
        fake.interruptAt = fake.now + 5 * FakeCamera.second
        _ = take(1, rejects: { _ in .truncated })
        fake.interruptAt = fake.now + 20 * FakeCamera.second
        let result = take(1, rejects: { _ in .wrongSize(width: 1, height: 2) })
        #expect(result.changes == [.unusable])
        #expect(result.reasons == [.noUsableFrames(6_000_000_000, .wrongSize(width: 1, height: 2))])
    }

    /// One usable frame in a hundred is a bad camera, and no reason to restart it.
    @Test func someBadFramesAmongGoodOnes() {
        var number = 0
        let result = take(
            20,
            rejects: { _ in
                number += 1
                return number % 50 == 0 ? nil : .undecodable
            })
        #expect(result.frames == 20 && result.changes == [.opening, .streaming] && fake.restarts == 0)
    }

    /// Flagged and really damaged: the flags are ignored first, and then nothing can be used all the same.
    @Test func flaggedFramesThatAreDamagedToo() {
        fake.damagedEvery = 1
        fake.interruptAt = fake.now + 8 * FakeCamera.second
        let result = take(1, rejects: { $0.isFlagged ? .damaged : nil })
        #expect(result.changes == [.opening, .unusable] && result.notices == [.flagsIgnored])
        #expect(result.reasons == [.noUsableFrames(3_000_000_000, .damaged)])
    }

    // MARK: - Slow cameras

    /// Long exposures: however long the camera takes, its frames come, and it is stopped for it a few times at most.
    @Test(arguments: [4, 10, 25, 50]) func aSlowCameraGivesItsFrames(seconds: UInt64) {
        fake.interval = seconds * FakeCamera.second
        fake.rate = 5
        let result = take(10)
        #expect(result.frames == 10)
        #expect(result.changes == [.opening, .stalled, .streaming], "after the first it is known")
        #expect(fake.restarts + fake.opens.count <= 6 && fake.brokenRules.isEmpty)
    }

    @Test func aSlowCameraThatSaysSoIsNeverStopped() {
        for device in 0..<2 {
            fake.card = "slow \(device)"
            fake.interval = 8 * FakeCamera.second
            fake.rate = 30
            let camera = LiveCamera(SlowDriver(fake: FakeDriver(camera: fake)))
            var changes: [CameraState] = []
            var frames = 0
            while frames < 3 {
                switch camera.next() {
                case .frame:
                    frames += 1
                    if let change = camera.use() { changes.append(change.state) }
                case .changed(let change): changes.append(change.state)
                default: break
                }
            }
            #expect(changes == [.opening, .streaming] && fake.restarts == 0)
        }
    }

    /// The first frame takes long, the others do not; and in the dark they begin to.
    @Test func timesThatChange() {
        fake.warmUp = 5 * FakeCamera.second
        #expect(take(50).changes == [.opening, .stalled, .streaming])
        fake.interval = 5 * FakeCamera.second
        #expect(take(5).changes == [], "it took 5 s before")
        fake.interval = 20 * FakeCamera.second
        fake.warmUp = 0
        #expect(take(5).changes == [.stalled, .streaming])
        let restarts = camera.restarts.stalled
        // Half an hour of quicker frames: a hang is noticed after 3 s again.
        fake.interval = FakeCamera.second / 2
        _ = take(30 * 60 * 2)
        fake.faults = [.wedged]
        fake.restartUnwedges = true
        let hung = fake.now
        #expect(take(1).changes == [.stalled, .streaming] && fake.now - hung < 5 * FakeCamera.second)
        #expect(camera.restarts.stalled == restarts + 1)
    }

    /// A stick that sends a frame when something changes.
    @Test func aCameraThatPausesNowAndThen() {
        var restarts: UInt64 = 0
        for round in 0..<20 {
            fake.interval = FakeCamera.interval
            _ = take(100)
            fake.interval = 10 * FakeCamera.second
            _ = take(2)
            if round == 1 { restarts = camera.restarts.stalled }
        }
        #expect(camera.restarts.stalled == restarts, "it has shown that it pauses")
    }

    @Test func aLongerLimitCanBeAskedFor() {
        var deadlines = LiveCamera<FakeDriver>.Deadlines()
        deadlines.frame = 100 * FakeCamera.second
        let camera = LiveCamera(FakeDriver(camera: fake), deadlines: deadlines)
        fake.interval = 90 * FakeCamera.second
        var changes = 0
        while true {
            let event = camera.next()
            if case .frame = event { break }
            changes += 1
        }
        #expect(changes == 1 && fake.restarts == 0)
        #expect(camera.quietEnd > fake.now + 99 * FakeCamera.second)
    }

    // MARK: - Times and rates

    /// A frame that was dequeued can't have been captured before its buffer was handed over, nor after.
    @Test(arguments: [-60, -1, 1, 3600]) func anImpossibleTimeIsReplaced(seconds: Int64) {
        fake.clockError = seconds * Int64(FakeCamera.second)
        let result = take(30) { #expect(fake.now - $0.times.monotonic == 0) }
        #expect(result.frames == 30 && result.notices.count == 1)
        guard case .impossibleTime(let age) = result.notices.first else { return }
        #expect(abs(Double(age) / 1e9 + Double(seconds)) < 0.5)
    }

    @Test func aPossibleTimeStays() {
        fake.clockError = -10_000_000
        var ages: Set<UInt64> = []
        let result = take(30) { ages.insert(fake.now - $0.times.monotonic) }
        #expect(result.notices == [] && ages == [10_000_000])
        fake.clockError = Int64.min / 2
        let wild = take(3) { #expect($0.times.monotonic <= fake.now) }
        #expect(wild.frames == 3)
    }

    @Test func anotherRateIsAskedForAtOnce() {
        _ = take(3)
        camera.ask(rate: nil)
        #expect(take(3).changes == [])
        camera.ask(rate: 5)
        #expect(take(3).changes == [.opening, .streaming] && fake.wantedRate == 5)
        #expect(fake.opens.count == 2 && fake.brokenRules.isEmpty)
    }

    /// Whatever happens in whatever order: buffers have one owner, changes are changes, and frames come back.
    @Test(arguments: UInt64(1)...40) func recoversFromAnything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        fake.reopenUnwedges = true
        for _ in 0..<60 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: fake.plug(false)
            case 1: fake.plug(true)
            case 2: fake.faults.append(.wedged)
            case 3: fake.faults.append(.dequeue(.driver(.dequeue, 5)))
            case 4: fake.faults.append(.open(.driver(.open, 16)))
            case 5: fake.damagedEvery = Int.random(in: 0...3, using: &random)
            case 6: fake.badImage = fake.badImage == nil ? .truncated : nil
            case 7: fake.interval = UInt64.random(in: 1...500, using: &random) * FakeCamera.interval
            case 8: camera.ask(rate: Double.random(in: 1...30, using: &random))
            default: fake.pass(UInt64.random(in: 0...10 * FakeCamera.second, using: &random))
            }
            fake.interruptAt = fake.now + 5 * FakeCamera.second
            var last: CameraState?
            let rejected = Int.random(in: 0...3, using: &random)
            for state in take(3, rejects: { _ in rejected == 0 ? .undecodable : nil }).changes {
                #expect(state != last || state == .absent || state == .stalled || state == .unusable)
                last = state
            }
            fake.faults.removeAll { if case .open = $0 { true } else { false } }
        }
        fake.interruptAt = nil
        fake.damagedEvery = 0
        fake.badImage = nil
        fake.interval = FakeCamera.interval
        fake.faults = []
        fake.plug(true)
        #expect(take(3).frames == 3)
        #expect(camera.state == .streaming && fake.brokenRules.isEmpty, "\(fake.brokenRules)")
    }
}

/// A camera that says that it takes eight seconds for a frame.
private struct SlowDriver: CaptureDriver {
    var fake: FakeDriver

    var monotonicTime: UInt64 { fake.monotonicTime }
    var realTime: UInt64 { fake.realTime }
    var rate: Double?
    mutating func open() throws(CameraError) -> OpenCamera {
        var camera = try fake.open()
        (camera.mode.intervalNumerator, camera.mode.intervalDenominator) = (8, 1)
        return camera
    }
    mutating func close() { fake.close() }
    mutating func restart() throws(CameraError) { try fake.restart() }
    mutating func wait(atMost time: UInt64) throws(CameraError) -> CaptureWait { try fake.wait(atMost: time) }
    mutating func dequeue() throws(CameraError) -> FilledBuffer? { try fake.dequeue() }
    func enqueue(_ index: Int) throws(CameraError) { try fake.enqueue(index) }
    func image(_ index: Int) -> Result<PixelBuffer, BadCapture> { fake.image(index) }
}
