import CKernels

/// The order in which detections come.
public enum DetectionOrder: Sendable {
    /// As the suppression says, and with it the network's upstream.
    case ofSuppression
    /// By descending score, whatever the class.
    case bestFirst
}

/// Turns a network's raw output into detections: softmax, thresholds, boxes from anchors, suppression.
/// All buffers are made once; decoding allocates nothing.
public struct DetectionDecoder: ~Copyable {
    /// One per row of the predictions.
    public let anchors: [Anchor]
    /// Including the background, class 0.
    public let classCount: Int
    private let centreVariance: Float
    private let sizeVariance: Float
    private let suppression: Suppression
    private let iouThreshold: Float

    /// Rows that may hold a detection: their class probabilities and boxes, in the order of the anchors.
    private let probabilities: UnsafeMutableBufferPointer<Float>
    private let boxes: UnsafeMutableBufferPointer<Box>
    /// What is being ordered: one class's candidates, or all kept boxes.
    private let keys: UnsafeMutableBufferPointer<ScoreKey>
    private let kept: UnsafeMutableBufferPointer<Kept>
    private let detections: UnsafeMutableBufferPointer<Detection>

    /// One row of half-precision predictions, widened.
    private let record: UnsafeMutableBufferPointer<Float>

    /// What is decoded: for each anchor its logits and its box offsets.
    private enum Source {
        case single(UnsafePointer<Float>, Int, UnsafePointer<Float>, Int)
        /// Rows of box offsets and logits, with room for one of them widened.
        case half(UnsafePointer<UInt16>, UnsafeMutablePointer<Float>, Int)

        /// The logits and the box offsets of an anchor, valid until the next call.
        func row(_ index: Int) -> (logits: UnsafePointer<Float>, offsets: UnsafePointer<Float>) {
            switch self {
            case .single(let logits, let logitStride, let offsets, let offsetStride):
                return (logits + index * logitStride, offsets + index * offsetStride)
            case .half(let rows, let record, let count):
                f16_to_f32__scalar(count, rows + index * count, record)
                return (UnsafePointer(record + 4), UnsafePointer(record))
            }
        }
    }

    private struct Kept {
        var row: Int32
        var classIndex: Int32
        var score: Float
    }

    /// - Parameters:
    ///   - anchors: one per row of the network's output.
    ///   - centreVariance, sizeVariance: SSD's factors on the regressed centre and size.
    ///   - iouThreshold: boxes that overlap more than this suppress each other.
    public init(
        anchors: [Anchor], classCount: Int, centreVariance: Float = 0.1, sizeVariance: Float = 0.2,
        suppression: Suppression, iouThreshold: Float = 0.5
    ) {
        precondition(classCount >= 2)
        self.anchors = anchors
        self.classCount = classCount
        self.centreVariance = centreVariance
        self.sizeVariance = sizeVariance
        self.suppression = suppression
        self.iouThreshold = iouThreshold
        let keptPerClass: Int
        switch suppression {
        case .perClass(let limit): keptPerClass = min(limit, anchors.count)
        case .acrossClasses(let candidates, _): keptPerClass = min(candidates, anchors.count)
        }
        let keptCount = keptPerClass * (classCount - 1)
        let detectionCount =
            switch suppression {
            case .perClass: keptCount
            case .acrossClasses(_, let limit): min(limit, keptCount)
            }
        probabilities = .allocate(capacity: anchors.count * classCount)
        record = .allocate(capacity: 4 + classCount)
        boxes = .allocate(capacity: anchors.count)
        keys = .allocate(capacity: max(anchors.count, keptCount))
        kept = .allocate(capacity: keptCount)
        detections = .allocate(capacity: detectionCount)
    }

    deinit {
        probabilities.deallocate()
        record.deallocate()
        boxes.deallocate()
        keys.deallocate()
        kept.deallocate()
        detections.deallocate()
    }

    /// Decodes predictions [R, 4 + classes]: each row's four box offsets, then its logits.
    ///
    /// - Parameters:
    ///   - thresholds: one per class; a detection scores more than its class's. The background's is not used.
    ///   - limit: keeps the best this many of all classes, whatever the order. nil keeps all.
    /// - Returns: the detections, valid until the next call. Of equal scores the one with the lower anchor index is
    ///   first. A box that is not finite is no detection.
    public mutating func decode(
        predictions: UnsafeBufferPointer<Float>, thresholds: [Float], limit: Int? = nil,
        order: DetectionOrder = .ofSuppression
    ) -> UnsafeBufferPointer<Detection> {
        let stride = 4 + classCount
        precondition(predictions.count == anchors.count * stride)
        guard let start = predictions.baseAddress else { return UnsafeBufferPointer(start: nil, count: 0) }
        return decode(.single(start + 4, stride, start, stride), thresholds, limit, order)
    }

    /// Decodes predictions [R, 4 + classes] of IEEE half precision.
    public mutating func decode(
        predictions: UnsafeBufferPointer<UInt16>, thresholds: [Float], limit: Int? = nil,
        order: DetectionOrder = .ofSuppression
    ) -> UnsafeBufferPointer<Detection> {
        let stride = 4 + classCount
        precondition(predictions.count == anchors.count * stride)
        guard let start = predictions.baseAddress else { return UnsafeBufferPointer(start: nil, count: 0) }
        return decode(.half(start, record.baseAddress!, stride), thresholds, limit, order)
    }

    /// Turns the boxes of the first `count` detections of the last call into units of `area`, the part of the network's
    /// input, whose size is `tensor`, that the picture covers.
    public mutating func moveBoxes(_ count: Int, to area: PictureArea, of tensor: PictureSize) {
        let map = BoxMap(to: area, of: tensor)
        for index in 0..<count { detections[index].box = map.map(detections[index].box) }
    }

    /// Decodes logits [R, classes] and box offsets [R, 4].
    public mutating func decode(
        confidences: UnsafeBufferPointer<Float>, locations: UnsafeBufferPointer<Float>, thresholds: [Float],
        limit: Int? = nil, order: DetectionOrder = .ofSuppression
    ) -> UnsafeBufferPointer<Detection> {
        precondition(confidences.count == anchors.count * classCount && locations.count == anchors.count * 4)
        guard let logits = confidences.baseAddress, let offsets = locations.baseAddress else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return decode(.single(logits, classCount, offsets, 4), thresholds, limit, order)
    }

    private func decode(
        _ source: Source, _ thresholds: [Float], _ limit: Int?, _ order: DetectionOrder
    ) -> UnsafeBufferPointer<Detection> {
        precondition(thresholds.count == classCount)
        let rows = findRows(source, thresholds)
        var keptCount = 0
        for classIndex in 1..<classCount where rows > 0 {
            let candidates = findCandidates(classIndex, above: thresholds[classIndex], rows: rows)
            suppress(classIndex, candidates: candidates, keptCount: &keptCount)
        }
        return collect(keptCount, limit: limit, order)
    }

    /// Computes probabilities and boxes of the rows in which some class may be above its threshold; returns how many.
    private func findRows(_ source: Source, _ thresholds: [Float]) -> Int {
        var lowest = Float.infinity
        for index in 1..<classCount { lowest = min(lowest, thresholds[index]) }
        let centreVariance = centreVariance
        let sizeVariance = sizeVariance
        var rows = 0
        anchors.withUnsafeBufferPointer { anchors in
            for index in 0..<anchors.count {
                let (row, offsets) = source.row(index)
                if Self.staysBelow(lowest, by: row[0] - f32_maximum__scalar(classCount - 1, row + 1)) { continue }

                let box = boxes.baseAddress! + rows
                box.withMemoryRebound(to: Float.self, capacity: 4) { box in
                    UnsafePointer(anchors.baseAddress! + index).withMemoryRebound(to: Float.self, capacity: 4) {
                        f32_ssd_box__scalar(offsets, $0, centreVariance, sizeVariance, box)
                    }
                }
                guard box.pointee.isFinite else { continue }
                f32_softmax__scalar(classCount, row, probabilities.baseAddress! + rows * classCount)
                rows += 1
            }
        }
        return rows
    }

    /// Whether no class can reach `threshold` when the background's logit is `distance` above all others: a probability
    /// is at most that among the class and the background alone, 1 / (1 + exp(distance)). The exponential is bounded
    /// from below by the begin of its series, and a little is left to rounding.
    private static func staysBelow(_ threshold: Float, by distance: Float) -> Bool {
        guard distance > 0 else { return false }
        let exponential = (((distance / 24 + 1 / 6) * distance + 0.5) * distance + 1) * distance + 1
        return threshold * 0.999 * (1 + exponential) > 1
    }

    /// Puts the rows whose probability of `classIndex` is above `threshold` into `keys`, best first.
    private func findCandidates(_ classIndex: Int, above threshold: Float, rows: Int) -> Int {
        var count = 0
        var probability = probabilities.baseAddress! + classIndex
        for row in 0..<rows {
            if probability.pointee > threshold {
                keys[count] = ScoreKey(score: probability.pointee, index: row)
                count += 1
            }
            probability += classCount
        }
        sortInPlace(UnsafeMutableBufferPointer(rebasing: keys[..<count]))
        return count
    }

    /// Appends the boxes of one class that stay to `kept`.
    private func suppress(_ classIndex: Int, candidates: Int, keptCount: inout Int) {
        let taking: Int
        let keeping: Int
        switch suppression {
        case .perClass(let limit): (taking, keeping) = (candidates, limit)
        case .acrossClasses(let limit, _): (taking, keeping) = (min(candidates, limit), limit)
        }
        let first = keptCount
        for candidate in 0..<taking where keptCount - first < keeping {
            let row = keys[candidate].index
            let box = boxes[row]
            var stays = true
            for other in first..<keptCount where box.intersectionOverUnion(boxes[Int(kept[other].row)]) > iouThreshold {
                stays = false
                break
            }
            guard stays else { continue }
            kept[keptCount] = Kept(row: Int32(row), classIndex: Int32(classIndex), score: keys[candidate].score)
            keptCount += 1
        }
    }

    /// Takes the best of all kept boxes.
    private func collect(_ keptCount: Int, limit: Int?, _ order: DetectionOrder) -> UnsafeBufferPointer<Detection> {
        for index in 0..<keptCount { keys[index] = ScoreKey(score: kept[index].score, index: index) }
        var count = min(keptCount, max(limit ?? keptCount, 0))
        let best = UnsafeMutableBufferPointer(rebasing: keys[..<keptCount])
        switch suppression {
        case .perClass:
            if order == .bestFirst {
                sortInPlace(best)
            } else if count < keptCount {
                sortInPlace(best)
                for index in 0..<count { best[index] = ScoreKey(score: 0, index: best[index].index) }
                sortInPlace(UnsafeMutableBufferPointer(rebasing: best[..<count]))
            }
        case .acrossClasses(_, let mostDetections):
            sortInPlace(best)
            count = min(count, mostDetections)
        }
        for index in 0..<count {
            let entry = kept[best[index].index]
            detections[index] = Detection(
                classIndex: entry.classIndex, score: entry.score, box: boxes[Int(entry.row)])
        }
        return UnsafeBufferPointer(rebasing: detections[..<count])
    }
}
