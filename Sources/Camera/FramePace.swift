/// When the next frame is due, where no more than some a second are wanted. Times are nanoseconds of one clock.
public struct FramePace: Sendable {
    /// The minimum time between two frames.
    public private(set) var period: UInt64
    /// When the next frame is due; 0 until one has been taken.
    public private(set) var next: UInt64 = 0
    private var last: UInt64?
    /// As they were before the last frame was taken.
    private var before: (next: UInt64, last: UInt64?) = (0, nil)

    /// With a period of 0 every frame is due when it comes.
    public init(period: UInt64) { self.period = period }

    /// Takes a frame that was waited for: the next one is due a period after it.
    public mutating func take(at now: UInt64) {
        before = (next, last)
        last = now
        next = now + period
    }

    /// Takes a frame that came by itself, or returns false because it came too early.
    public mutating func takesFrame(at now: UInt64) -> Bool {
        guard now >= next else { return false }
        before = (next, last)
        last = now
        // Counted from the time that was due, so that frames which come at other times keep the rate on average; what
        // is missed by more than a frame is not made up for by a burst.
        next = max(next, now - min(now, period)) + period
        return true
    }

    /// The frame that was taken last could not be used: the next one is due at once.
    public mutating func giveBack() { (next, last) = before }

    /// Another period, which applies at once: it is counted from the last frame.
    public mutating func change(to period: UInt64) {
        self.period = period
        if let last { next = last + period }
    }
}
