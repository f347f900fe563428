/// How long a camera may take for something: at minimum a limit, longer where it says or has shown that it needs longer, and
/// ever longer while it does not come. All times are nanoseconds.
struct Patience {
    private let minimum: UInt64
    private let maximum: UInt64
    /// What the camera says that it takes; 0 where it does not say.
    var announced: UInt64 = 0
    /// The longest that it took of late.
    private var slowest: UInt64 = 0
    private(set) var failures = 0
    /// Since when it is waited for.
    private var since: UInt64 = 0

    /// What was slow once is half forgotten after about seven minutes: a factor e in this time.
    private static var memory: UInt64 { 600_000_000_000 }

    /// `minimum` wins where it is more than `maximum`.
    init(minimum: UInt64, maximum: UInt64) {
        self.minimum = minimum
        self.maximum = max(minimum, maximum)
    }

    /// The time that is allowed at the moment.
    var limit: UInt64 {
        min(max(minimum << UInt64(min(failures, 16)), 3 * min(announced, maximum), slowest / 2 * 5), maximum)
    }

    /// When that time is up.
    var end: UInt64 { since + limit }

    /// Waits again, as after a start: what was awaited neither came nor failed.
    mutating func begin(at now: UInt64) { since = now }

    /// It came.
    mutating func came(at now: UInt64) {
        let gap = min(now - min(now, since), maximum)
        // In milliseconds, so that the product of two such times fits.
        slowest = max(gap, slowest - min(slowest, slowest / 1_000_000 * gap / (Self.memory / 1_000_000)))
        failures = 0
        since = now
    }

    /// It did not come in time.
    mutating func failed(at now: UInt64) {
        failures += 1
        since = now
    }

    /// Another camera: nothing is known of it.
    mutating func forget() { (slowest, failures, announced) = (0, 0, 0) }
}
