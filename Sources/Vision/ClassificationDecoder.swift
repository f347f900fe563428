/// How much an image is of a class.
public struct ClassScore: Equatable, Sendable {
    /// The class's place among the labels.
    public var classIndex: Int32
    /// The class's softmax probability.
    public var score: Float

    /// Nothing is checked.
    public init(classIndex: Int32, score: Float) {
        self.classIndex = classIndex
        self.score = score
    }
}

/// Turns a classifier's logits into the best classes. All buffers are made once; decoding allocates nothing. One thread
/// owns it.
public final class ClassificationDecoder {
    /// Logits of the output.
    public let classCount: Int
    private let scores: UnsafeMutablePointer<Float>
    private let keys: UnsafeMutableBufferPointer<ScoreKey>
    private let best: UnsafeMutableBufferPointer<ClassScore>

    /// - Parameter classCount: at least 1 (precondition).
    public init(classCount: Int) {
        precondition(classCount >= 1)
        self.classCount = classCount
        scores = .allocate(capacity: classCount)
        keys = .allocate(capacity: classCount)
        best = .allocate(capacity: classCount)
    }

    deinit {
        scores.deallocate()
        keys.deallocate()
        best.deallocate()
    }

    /// Decodes an output of a logit per class (precondition). Where one is not a number, there is no best class.
    ///
    /// - Parameters:
    ///   - thresholds: one per class; a class that is returned scores more than its own.
    ///   - limit: the most classes that are returned; nil is all.
    /// - Returns: the best first, of equal ones the first class; valid until the next call.
    public func decode(
        _ output: OutputRows, thresholds: [Float], limit: Int? = nil
    ) -> UnsafeBufferPointer<ClassScore> {
        precondition(output.count == classCount && thresholds.count == classCount)
        switch output {
        case .fp32(let values): f32_softmax__scalar(classCount, values.baseAddress!, scores)
        case .fp16(let values):
            f16_to_f32__scalar(classCount, values.baseAddress!, scores)
            f32_softmax__scalar(classCount, scores, scores)
        }
        var count = 0
        for index in 0..<classCount where scores[index] > thresholds[index] {
            keys[count] = ScoreKey(score: scores[index], index: index)
            count += 1
        }
        sortInPlace(UnsafeMutableBufferPointer(rebasing: keys[..<count]))
        count = min(count, max(limit ?? count, 0))
        for place in 0..<count {
            best[place] = ClassScore(classIndex: Int32(keys[place].index), score: keys[place].score)
        }
        return UnsafeBufferPointer(rebasing: best[..<count])
    }
}
