/// SSD (Liu et al., 2016): a row is four box offsets from an anchor, then a logit for each class, over which the softmax
/// is taken.
public final class SSDHead: DetectionHead {
    private let layout: [Anchor]
    private let centreVariance: Float
    private let sizeVariance: Float

    /// - Parameters:
    ///   - anchors: one per row of the network's output.
    ///   - classCount: with the background, at least 2 (precondition).
    ///   - centreVariance, sizeVariance: the factors on the regressed centre and size.
    public init(anchors: [Anchor], classCount: Int, centreVariance: Float = 0.1, sizeVariance: Float = 0.2) {
        precondition(classCount >= 2)
        layout = anchors
        self.centreVariance = centreVariance
        self.sizeVariance = sizeVariance
        super.init(rowCount: anchors.count, rowSize: 4 + classCount, classCount: classCount)
    }

    public override var anchors: [Anchor] { layout }

    /// A box that is not finite is no candidate.
    override func find(_ output: OutputRows, above lowest: Float, _ candidates: inout Candidates) {
        layout.withUnsafeBufferPointer { anchors in
            for index in 0..<anchors.count {
                let offsets = values(output, row: index), logits = offsets + 4
                if Self.staysBelow(lowest, by: logits[0] - f32_maximum__scalar(classCount - 1, logits + 1)) { continue }

                let box = candidates.nextBox
                box.withMemoryRebound(to: Float.self, capacity: 4) { box in
                    UnsafePointer(anchors.baseAddress! + index).withMemoryRebound(to: Float.self, capacity: 4) {
                        f32_ssd_box__scalar(offsets, $0, centreVariance, sizeVariance, box)
                    }
                }
                guard box.pointee.isFinite else { continue }
                f32_softmax__scalar(classCount, logits, candidates.scores(candidates.count))
                candidates.add()
            }
        }
    }

    /// Whether no class can reach `threshold` when the background's logit is `distance` above all others: a probability
    /// is at most that among the class and the background alone, 1 / (1 + exp(distance)). The exponential is bounded
    /// from below by the begin of its series, and a little is left to rounding.
    private static func staysBelow(_ threshold: Float, by distance: Float) -> Bool {
        guard distance > 0 else { return false }
        let exponential = (((distance / 24 + 1 / 6) * distance + 0.5) * distance + 1) * distance + 1
        return threshold * 0.999 * (1 + exponential) > 1
    }
}
