import Synchronization

/// What the daemon counts. Every method may be called from any thread at any time: no locks, no allocation, no waiting.
public final class Metrics: Sendable {
    /// Why a captured frame has no line.
    public enum Drop: Int, CaseIterable, Sendable {
        /// Skipped before anybody looked at it: newer ones lay behind it, or the driver had no buffer for it.
        case skipped
        /// Replaced by a newer one before the network had time for it.
        case superseded
        /// It is no image that can be used.
        case corrupt
        /// The driver marked it as damaged.
        case driver
        /// Its line would have been too long.
        case unsent

        var name: StaticString {
            switch self {
            case .skipped: "skipped"
            case .superseded: "superseded"
            case .corrupt: "corrupt"
            case .driver: "driver"
            case .unsent: "unsent"
            }
        }
    }

    /// A part of a frame's way that is timed.
    public enum Stage: Int, CaseIterable, Sendable {
        /// From the driver's timestamp to the frame's being in the program's hands.
        case capture
        /// From there to the network's input.
        case decode
        /// The network, and its output's boxes.
        case inference
        /// The line, and its way into the clients' queues.
        case publish

        var name: StaticString {
            switch self {
            case .capture: "capture"
            case .decode: "decode"
            case .inference: "inference"
            case .publish: "publish"
            }
        }
    }

    let captured = Atomic<UInt64>(0)
    let decoded = Atomic<UInt64>(0)
    let inferred = Atomic<UInt64>(0)
    let published = Atomic<UInt64>(0)
    let cameraStarts = Atomic<UInt64>(0)
    let restartsOfStalled = Atomic<UInt64>(0)
    let restartsOfUnusable = Atomic<UInt64>(0)
    /// A raw value of `CameraLine.Reason`, or `noCamera`.
    private let reason = Atomic<Int>(Metrics.noCamera)
    /// A raw value of `CameraLine.State`, or `noCamera`.
    private let state = Atomic<Int>(Metrics.noCamera)
    /// Until when no frame is due (CLOCK_MONOTONIC).
    private let idleEnd = Atomic<UInt64>(0)
    private let drops: AtomicCounters
    private let latencies: [LatencyHistogram]
    /// Readable after something that the service's thread should know of at once.
    let news: Event

    private static var noCamera: Int { -1 }

    /// All 0. Throws where there is no descriptor left.
    public init() throws(SystemError) {
        news = try Event()
        drops = AtomicCounters(Drop.allCases.count)
        var latencies: [LatencyHistogram] = []
        for _ in Stage.allCases { latencies.append(LatencyHistogram()) }
        self.latencies = latencies
    }

    // MARK: - The frame path

    /// The source has given a frame, usable or not.
    public func frameCaptured() { captured.add(1, ordering: .relaxed) }
    /// A frame has become an input of the network.
    public func frameDecoded() { decoded.add(1, ordering: .relaxed) }
    /// The network has seen a frame.
    public func frameInferred() { inferred.add(1, ordering: .relaxed) }
    /// `count` frames will have no line.
    public func frameDropped(_ why: Drop, count: UInt64 = 1) { drops.add(why.rawValue, count) }

    /// A frame has gone all the way. This alone feeds the watchdog while a camera streams.
    public func framePublished() {
        // The service is ready with the first one.
        if published.add(1, ordering: .releasing).oldValue == 0 { news.signal() }
    }

    /// A stage of one frame is over and took so long.
    public func took(_ stage: Stage, nanoseconds: UInt64) { latencies[stage.rawValue].add(nanoseconds) }

    /// No frame is due before this time of the monotonic clock: a source that is slow on purpose is not stuck.
    public func idle(until time: UInt64) { idleEnd.store(time, ordering: .relaxed) }

    // MARK: - The camera

    /// The camera's state has changed; `reason` is there where it is stalled or unusable.
    public func cameraIs(_ state: CameraLine.State, _ reason: CameraLine.Reason? = nil) {
        self.reason.store(reason?.rawValue ?? Self.noCamera, ordering: .relaxed)
        self.state.store(state.rawValue, ordering: .releasing)
        if state == .opening { cameraStarts.add(1, ordering: .relaxed) }
        news.signal()
    }

    /// How often the camera has been started again: because no frame came, and because none could be used.
    public func cameraRestarts(stalled: UInt64, unusable: UInt64) {
        restartsOfStalled.store(stalled, ordering: .relaxed)
        restartsOfUnusable.store(unusable, ordering: .relaxed)
    }

    /// Why the camera is stalled or unusable, where it is.
    public var cameraFault: CameraLine.Reason? { CameraLine.Reason(rawValue: reason.load(ordering: .relaxed)) }

    /// nil until `cameraIs` has been called: the source is not a camera.
    public var camera: CameraLine.State? {
        CameraLine.State(rawValue: state.load(ordering: .acquiring))
    }

    // MARK: - Reading

    /// Frames that have gone all the way.
    public var framesPublished: UInt64 { published.load(ordering: .acquiring) }

    /// Whether no frame is due and none is being worked on.
    public func isIdle(at now: UInt64) -> Bool {
        let done = framesPublished + dropped(.superseded) + dropped(.unsent)
        return now < idleEnd.load(ordering: .relaxed) && decoded.load(ordering: .relaxed) == done
    }

    /// Frames without a line, for that reason.
    public func dropped(_ why: Drop) -> UInt64 { drops[why.rawValue] }

    func latency(_ stage: Stage) -> LatencyHistogram { latencies[stage.rawValue] }
}

/// Some counters side by side.
final class AtomicCounters: @unchecked Sendable {
    let count: Int
    private let values: UnsafeMutablePointer<Atomic<UInt64>>

    init(_ count: Int) {
        self.count = count
        values = .allocate(capacity: count)
        for index in 0..<count { (values + index).initialize(to: Atomic(0)) }
    }

    deinit {
        values.deinitialize(count: count)
        values.deallocate()
    }

    func add(_ index: Int, _ amount: UInt64 = 1) {
        precondition(index >= 0 && index < count)
        values[index].add(amount, ordering: .relaxed)
    }

    subscript(index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        return values[index].load(ordering: .relaxed)
    }
}

/// How long something took, by classes of duration.
final class LatencyHistogram: Sendable {
    /// The classes' upper bounds in microseconds; what takes longer is in one class more.
    static var bounds: InlineArray<13, UInt64> {
        [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000]
    }

    private let classes = AtomicCounters(14)
    private let nanoseconds = Atomic<UInt64>(0)

    func add(_ time: UInt64) {
        var place = 0
        let bounds = Self.bounds
        while place < bounds.count, time > bounds[place] * 1000 { place += 1 }
        classes.add(place)
        nanoseconds.add(time, ordering: .relaxed)
    }

    /// Durations up to the bound of a class; the last class has them all.
    func count(upTo place: Int) -> UInt64 {
        var count: UInt64 = 0
        for index in 0...place { count += classes[index] }
        return count
    }

    /// Nanoseconds of all together.
    var sum: UInt64 { nanoseconds.load(ordering: .relaxed) }
}
