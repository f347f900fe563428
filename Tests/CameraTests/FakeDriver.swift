import Pixels

@testable import Camera

/// A camera that a test makes fail at will. Time passes only in waits.
final class FakeCamera {
    enum Fault: Equatable {
        /// The node is there and gives nothing.
        case wedged
        /// What the next dequeue says.
        case dequeue(CameraError)
        /// What every dequeue says.
        case always(CameraError)
        /// What opening says.
        case open(CameraError)
    }

    static let bufferCount = 4
    static let second: UInt64 = 1_000_000_000
    static let interval = second / 30

    var now: UInt64 = 100 * second
    var isPlugged = true
    var faults: [Fault] = []
    /// Every wait ends at once and tells of frames.
    var alwaysTellsOfFrames = false
    /// A restart or reopening ends a wedge.
    var restartUnwedges = false
    var reopenUnwedges = false
    var damagedEvery = 0
    /// Buffers are filled as soon as the driver has them, without time passing: broken devices flag them so.
    var fillsAtOnce = false
    /// What is wrong with frames in their buffers.
    var badImage: BadFrame?
    /// The time between two frames; `rate` is what the mode says.
    var interval = FakeCamera.interval
    var rate: UInt32 = 30
    /// From a start to the first frame, besides `interval`.
    var warmUp: UInt64 = 0
    /// Is added to the time that frames say they were captured at.
    var clockError: Int64 = 0
    var wantedRate: Double?
    /// When every wait ends.
    var interruptAt: UInt64?
    var card = "card"

    private(set) var opens: [UInt64] = []
    private(set) var restarts = 0
    private(set) var isOpen = false
    /// Buffers that the driver holds, empty ones first.
    private(set) var queued: [Int] = []
    private(set) var filled: [FilledBuffer] = []
    private(set) var lent: Set<Int> = []
    private var lastFrame: UInt64 = 0
    private var sequence: UInt32 = 0
    private var announces = false
    private(set) var brokenRules: [String] = []

    func plug(_ plugged: Bool) {
        isPlugged = plugged
        announces = true
        if !plugged { faults.append(.dequeue(.driver(.dequeue, 19))) }
    }

    private func begin() {
        queued = Array(0..<Self.bufferCount)
        filled = []
        lent = []
        sequence = 0
        lastFrame = now + warmUp
    }

    func open() throws(CameraError) -> OpenCamera {
        if isOpen { brokenRules.append("opened twice") }
        opens.append(now)
        guard isPlugged else { throw .noCamera }
        for fault in faults { if case .open(let error) = fault { throw error } }
        faults.removeAll { if case .dequeue = $0 { true } else { false } }
        if reopenUnwedges { faults.removeAll { $0 == .wedged } }
        isOpen = true
        begin()
        let identity = CameraIdentity(path: [0], card: Array(card.utf8), bus: [], byID: [], byPath: [])
        return OpenCamera(
            identity: identity,
            mode: CaptureMode(
                format: .grey, fourcc: 0, width: 8, height: 8, intervalNumerator: 1, intervalDenominator: rate))
    }

    func close() {
        if !isOpen { brokenRules.append("closed twice") }
        isOpen = false
    }

    func restart() throws(CameraError) {
        restarts += 1
        if restartUnwedges { faults.removeAll { $0 == .wedged } }
        begin()
    }

    /// Lets time pass as the driver's clock does: a frame per interval while there is a buffer for it.
    func pass(_ time: UInt64) {
        now += time
        guard isOpen, isPlugged, !faults.contains(.wedged) else { return }
        while lastFrame + interval <= now {
            lastFrame += interval
            fill(at: lastFrame)
        }
    }

    private func fill(at time: UInt64) {
        defer { sequence += 1 }
        guard let buffer = queued.first else { return }
        queued.removeFirst()
        let isDamaged = damagedEvery > 0 && Int(sequence) % damagedEvery == damagedEvery - 1
        filled.append(
            FilledBuffer(
                index: buffer, sequence: sequence, isDamaged: isDamaged,
                captured: UInt64(bitPattern: Int64(time) + clockError)))
    }

    func wait(atMost limit: UInt64) -> CaptureWait {
        if let end = interruptAt, now >= end { return .interrupted }
        if isOpen, alwaysTellsOfFrames {
            pass(Self.interval)
            return .frames
        }
        if announces, !isOpen {
            announces = false
            return .devicesChanged
        }
        var left = limit
        while left > 0 {
            if isOpen, hasFrame { return .frames }
            let step = min(left, Self.interval)
            pass(step)
            left -= step
            if let end = interruptAt, now >= end { return .interrupted }
        }
        return isOpen && hasFrame ? .frames : .timedOut
    }

    private var hasFrame: Bool { !filled.isEmpty || dequeueError != nil }

    private var dequeueError: CameraError? {
        for fault in faults {
            switch fault {
            case .dequeue(let error), .always(let error): return error
            default: break
            }
        }
        return nil
    }

    func dequeue() throws(CameraError) -> FilledBuffer? {
        if let dequeueError { throw dequeueError }
        if fillsAtOnce, filled.isEmpty { fill(at: now) }
        guard let buffer = filled.first else { return nil }
        filled.removeFirst()
        lent.insert(buffer.index)
        return buffer
    }

    func enqueue(_ index: Int) throws(CameraError) {
        if lent.remove(index) == nil { brokenRules.append("buffer \(index) handed back twice") }
        guard isPlugged else { throw .driver(.queueBuffer, 19) }
        queued.append(index)
    }
}

struct FakeDriver: CaptureDriver {
    let camera: FakeCamera

    var monotonicTime: UInt64 { camera.now }
    var realTime: UInt64 { camera.now + 5_000 }
    var rate: Double? {
        get { camera.wantedRate }
        set { camera.wantedRate = newValue }
    }
    mutating func open() throws(CameraError) -> OpenCamera { try camera.open() }
    mutating func close() { camera.close() }
    mutating func restart() throws(CameraError) { try camera.restart() }
    mutating func wait(atMost time: UInt64) throws(CameraError) -> CaptureWait { camera.wait(atMost: time) }
    mutating func dequeue() throws(CameraError) -> FilledBuffer? { try camera.dequeue() }
    func enqueue(_ index: Int) throws(CameraError) { try camera.enqueue(index) }

    func image(_ index: Int) -> Result<PixelBuffer, BadCapture> {
        if let reason = camera.badImage { return .failure(BadCapture(reason: reason)) }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        return .success(
            PixelBuffer(
                PixelShape(format: .grey, size: ImageSize(width: 8, height: 8), colour: .jpeg), planes: [none, none, none]))
    }
}
