/// Turns a network's output into detections: the head finds candidates, the selection chooses among them. All buffers are
/// made once; decoding allocates nothing. One thread owns it.
public final class DetectionDecoder {
    /// What the rows of the output stand for.
    public let head: DetectionHead
    private var candidates: Candidates
    private let selection: Selection

    /// - Parameter iouThreshold: boxes that overlap more than this suppress each other.
    public init(_ head: DetectionHead, suppression: NonMaximumSuppression, iouThreshold: Float = 0.5) {
        self.head = head
        candidates = Candidates(capacity: head.rowCount, classCount: head.classCount)
        selection = Selection(
            candidates: head.rowCount, classCount: head.classCount, suppression: suppression, iouThreshold: iouThreshold)
    }

    /// Decodes an output of as many rows as the head has (precondition).
    ///
    /// - Parameters:
    ///   - thresholds: one per class; a detection scores more than its class's. The background's is not used.
    ///   - limit: keeps the best this many of all classes, whatever the order. nil keeps all.
    ///   - map: from boxes in units of the network's input to those that are returned; nil leaves them.
    /// - Returns: the detections, valid until the next call. Of equal scores the one whose row comes first is first.
    public func decode(
        _ output: OutputRows, thresholds: [Float], limit: Int? = nil, order: DetectionOrder = .ofSuppression,
        map: BoxMap? = nil
    ) -> UnsafeBufferPointer<Detection> {
        precondition(output.count == head.rowCount * head.rowSize && thresholds.count == head.classCount)
        var lowest = Float.infinity
        for index in 1..<thresholds.count { lowest = min(lowest, thresholds[index]) }
        candidates.removeAll()
        head.find(output, above: lowest, &candidates)
        return selection.select(candidates, thresholds: thresholds, limit: limit, order, map)
    }
}
