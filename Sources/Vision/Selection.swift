/// How overlapping boxes of one class are thinned out. Among the candidates of a class, in descending order of score, a
/// box is dropped when its intersection over union with a kept one is above the threshold. Boxes of different classes
/// never suppress each other.
public enum NonMaximumSuppression: Equatable, Sendable {
    /// The best `limit` boxes of each class are kept. Detections come grouped by class, best first within each.
    /// (ml-cvnets 0.1, which evaluates MobileViTv3-XXS.)
    case perClass(limit: Int)
    /// Only the best `candidatesPerClass` boxes of a class take part; the best `limit` of all classes are kept.
    /// Detections come best first. (ml-cvnets 0.2, which evaluates MobileViTv3-0.5.)
    case acrossClasses(candidatesPerClass: Int, limit: Int)
}

/// The order in which detections come.
public enum DetectionOrder: Sendable {
    /// As the suppression says, and with it the network's upstream.
    case ofSuppression
    /// By descending score, whatever the class.
    case bestFirst
}

/// Chooses among the candidates of an image: thresholds, non-maximum suppression, limits, order. All buffers are made
/// once.
struct Selection: ~Copyable {
    private let classCount: Int
    private let suppression: NonMaximumSuppression
    private let iouThreshold: Float

    /// What is being ordered: one class's candidates, or all kept boxes.
    private let keys: UnsafeMutableBufferPointer<ScoreKey>
    private let kept: UnsafeMutableBufferPointer<Kept>
    private let detections: UnsafeMutableBufferPointer<Detection>

    private struct Kept {
        var candidate: Int32
        var classIndex: Int32
        var score: Float
    }

    /// - Parameters:
    ///   - candidates: the maximum per image.
    ///   - iouThreshold: boxes that overlap more than this suppress each other.
    init(candidates: Int, classCount: Int, suppression: NonMaximumSuppression, iouThreshold: Float) {
        self.classCount = classCount
        self.suppression = suppression
        self.iouThreshold = iouThreshold
        let keptCount: Int, detectionCount: Int
        switch suppression {
        case .perClass(let limit):
            keptCount = min(limit, candidates) * (classCount - 1)
            detectionCount = keptCount
        case .acrossClasses(let taken, let limit):
            keptCount = min(taken, candidates) * (classCount - 1)
            detectionCount = min(limit, keptCount)
        }
        keys = .allocate(capacity: max(candidates, keptCount))
        kept = .allocate(capacity: keptCount)
        detections = .allocate(capacity: detectionCount)
    }

    deinit {
        keys.deallocate()
        kept.deallocate()
        detections.deallocate()
    }

    /// The detections among `candidates`, valid until the next call. Of equal scores the earlier candidate is first.
    func select(
        _ candidates: borrowing Candidates, thresholds: [Float], limit: Int?, _ order: DetectionOrder, _ map: BoxMap?
    ) -> UnsafeBufferPointer<Detection> {
        var keptCount = 0
        for classIndex in 1..<classCount where candidates.count > 0 {
            let count = sort(candidates, classIndex, above: thresholds[classIndex])
            suppress(candidates, classIndex, count, &keptCount)
        }
        return collect(candidates, keptCount, limit: limit, order, map)
    }

    /// Puts the candidates whose score of `classIndex` is above `threshold` into `keys`, best first; returns how many.
    private func sort(_ candidates: borrowing Candidates, _ classIndex: Int, above threshold: Float) -> Int {
        var count = 0
        var score = candidates.scores(0) + classIndex
        for index in 0..<candidates.count {
            if score.pointee > threshold {
                keys[count] = ScoreKey(score: score.pointee, index: index)
                count += 1
            }
            score += classCount
        }
        sortInPlace(UnsafeMutableBufferPointer(rebasing: keys[..<count]))
        return count
    }

    /// Appends the boxes of one class that stay to `kept`.
    private func suppress(
        _ candidates: borrowing Candidates, _ classIndex: Int, _ count: Int, _ keptCount: inout Int
    ) {
        let taking: Int
        let keeping: Int
        switch suppression {
        case .perClass(let limit): (taking, keeping) = (count, limit)
        case .acrossClasses(let limit, _): (taking, keeping) = (min(count, limit), limit)
        }
        let first = keptCount
        for candidate in 0..<taking where keptCount - first < keeping {
            let index = keys[candidate].index
            let box = candidates.box(index)
            var stays = true
            for other in first..<keptCount
            where box.intersectionOverUnion(candidates.box(Int(kept[other].candidate))) > iouThreshold {
                stays = false
                break
            }
            guard stays else { continue }
            kept[keptCount] = Kept(candidate: Int32(index), classIndex: Int32(classIndex), score: keys[candidate].score)
            keptCount += 1
        }
    }

    /// Takes the best of all kept boxes.
    private func collect(
        _ candidates: borrowing Candidates, _ keptCount: Int, limit: Int?, _ order: DetectionOrder, _ map: BoxMap?
    ) -> UnsafeBufferPointer<Detection> {
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
        case .acrossClasses(_, let maximumDetections):
            sortInPlace(best)
            count = min(count, maximumDetections)
        }
        for index in 0..<count {
            let entry = kept[best[index].index]
            var box = candidates.box(Int(entry.candidate))
            if let map { box = map.map(box) }
            detections[index] = Detection(classIndex: entry.classIndex, score: entry.score, box: box)
        }
        return UnsafeBufferPointer(rebasing: detections[..<count])
    }
}
