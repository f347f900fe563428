@testable import Camera
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

    /// Changes and bad frames until so many frames came, or nothing more for a long time.
    private func take(
        _ count: Int, events most: Int = 10_000, each body: (CapturedFrame) -> Void = { _ in }
    ) -> (frames: Int, changes: [CameraState], bad: Int) {
        var frames = 0, bad = 0
        var changes: [CameraState] = []
        for _ in 0..<most where frames < count {
            switch camera.next() {
            case .frame(let frame):
                frames += 1
                body(frame)
            case .bad: bad += 1
            case .changed(let change): changes.append(change.state)
            case .interrupted: return (frames, changes, bad)
            }
        }
        return (frames, changes, bad)
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
            age = fake.now - $0.capturedMonotonic
        }
        #expect(sequence == 3 && camera.droppedFrames == 2)
        #expect(age == 7 * FakeCamera.interval)
        _ = take(1) { sequence = $0.sequence }
        #expect(sequence == 11 && camera.droppedFrames == 9)
        #expect(fake.brokenRules.isEmpty)
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
    private func nextOrTimePasses(until end: UInt64) -> LiveCamera<FakeDriver>.Event? {
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

    @Test func damagedFramesAreCountedAndNoReasonToStop() {
        fake.damagedEvery = 5
        let result = take(100)
        #expect(result.frames == 100 && result.bad == 24 && result.changes == [.opening, .streaming])
        fake.damagedEvery = 1
        let damaged = take(1, events: 300)
        #expect(damaged.bad == 300 && damaged.changes == [])
        #expect(fake.opens.count == 1 && fake.brokenRules.isEmpty)
    }

    /// Whatever happens in whatever order: buffers have one owner, changes are changes, and frames come back.
    @Test(arguments: UInt64(1)...40) func recoversFromAnything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        fake.reopenUnwedges = true
        for _ in 0..<60 {
            switch Int.random(in: 0..<7, using: &random) {
            case 0: fake.plug(false)
            case 1: fake.plug(true)
            case 2: fake.faults.append(.wedged)
            case 3: fake.faults.append(.dequeue(.driver(.dequeue, 5)))
            case 4: fake.faults.append(.open(.driver(.open, 16)))
            case 5: fake.damagedEvery = Int.random(in: 0...3, using: &random)
            default: fake.pass(UInt64.random(in: 0...10 * FakeCamera.second, using: &random))
            }
            fake.interruptAt = fake.now + 5 * FakeCamera.second
            var last: CameraState?
            for state in take(3).changes {
                #expect(state != last || state == .absent || state == .stalled)
                last = state
            }
            fake.faults.removeAll { if case .open = $0 { true } else { false } }
        }
        fake.interruptAt = nil
        fake.damagedEvery = 0
        fake.faults = []
        fake.plug(true)
        #expect(take(3).frames == 3)
        #expect(camera.state == .streaming && fake.brokenRules.isEmpty, "\(fake.brokenRules)")
    }
}
