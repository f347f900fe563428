/// The pipeline's time, and what ends its waits; a test has its own.
open class PipelineClock {
    /// Readable once a signal asks for the end, or -1.
    public let stop: Int32

    /// The system's clock.
    public init(stop: Int32) { self.stop = stop }

    /// Nanoseconds of CLOCK_MONOTONIC.
    open var now: UInt64 { clinux_monotonic_ns() }

    /// Why a wait ended; several reasons may apply, and none where the time is up.
    public struct Wake {
        /// `stop` is readable.
        public var isStopped = false
        /// The other descriptor is.
        public var isReady = false
    }

    /// Waits for a descriptor, or -1 for none, at most that many nanoseconds; nil: without an end.
    open func wait(_ descriptor: Int32 = -1, atMost time: UInt64?) -> Wake {
        var wake = Wake()
        _ = clinux_wait_readable(stop, descriptor, time.map { Int64(min($0, 1 << 62)) } ?? -1, &wake.isStopped, &wake.isReady)
        return wake
    }

    /// Whether a signal has asked for the end.
    final var isStopped: Bool { wait(atMost: 0).isStopped }
}
