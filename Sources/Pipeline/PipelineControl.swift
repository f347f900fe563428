/// What may change while frames go by, on its way to the threads that they go through.
public final class PipelineControl: Sendable {
    private let filters = Mailbox<DetectionFilter>()
    private let periods = Mailbox<UInt64>()
    /// Readable when there is a period to take.
    let periodArrived: Event

    /// Nothing has changed. Throws where there is no descriptor left.
    public init() throws(SystemError) { periodArrived = try Event() }

    /// From the next frame on, these detections count; and frames are at least that many nanoseconds apart. For any thread.
    public func put(_ filter: DetectionFilter, period: UInt64) {
        filters.put(filter)
        periods.put(period)
        periodArrived.signal()
    }

    /// For the network's thread.
    func takeFilter() -> DetectionFilter? { filters.take() }
    /// For the capturing thread.
    func takePeriod() -> UInt64? { periods.take() }
}
