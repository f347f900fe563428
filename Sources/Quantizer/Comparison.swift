import Foundation

/// How far a network's outputs are from those of the same network in another precision, summed up over images.
public struct Comparison: Sendable {
    /// Signal and noise power of some outputs.
    struct Powers: Sendable {
        var signal = 0.0
        var noise = 0.0
        var count = 0

        mutating func add(_ reference: Float, _ candidate: Float) {
            signal += Double(reference) * Double(reference)
            let difference = Double(reference) - Double(candidate)
            noise += difference * difference
            count += 1
        }

        mutating func add(_ other: Powers) {
            signal += other.signal
            noise += other.noise
            count += other.count
        }

        /// nil without signal; infinite without noise.
        var decibels: Double? { signal > 0 ? 10 * log10(signal / noise) : nil }
    }

    /// Rows with a class that scores more than this are foreground.
    public static let foreground: Float = 0.3
    /// Detections of both networks are the same if they have the same class and overlap at least this much.
    public static let minimumOverlap: Float = 0.9

    private let classCount: Int
    private var logits = Powers()
    private var boxes = Powers()
    private var allLogits = Powers()
    private var allBoxes = Powers()
    /// Rows that are foreground by the reference, of all images.
    public private(set) var foregroundRows = 0
    /// Those that were added.
    public private(set) var images = 0
    /// Pairs of detections that are the same.
    public private(set) var matched = 0
    /// Of all images.
    public private(set) var referenceDetections = 0
    /// Of all images.
    public private(set) var candidateDetections = 0

    /// `classCount` is with the background: a row of predictions has 4 + `classCount` values.
    public init(classCount: Int) {
        self.classCount = classCount
    }

    /// Signal to noise of the foreground rows' logits and box offsets, in dB.
    public var logitDecibels: Double? { logits.decibels }
    /// nil without foreground; infinite where both are equal.
    public var boxDecibels: Double? { boxes.decibels }
    /// The same of all rows.
    public var allLogitDecibels: Double? { allLogits.decibels }
    /// nil without images; infinite where both are equal.
    public var allBoxDecibels: Double? { allBoxes.decibels }

    /// The share of detections that have a partner, 0...1; nil without detections.
    public var agreement: Double? {
        let all = referenceDetections + candidateDetections
        return all > 0 ? 2 * Double(matched) / Double(all) : nil
    }

    /// Adds one image: predictions [rows, 4 + classes], and detections above the threshold of interest.
    public mutating func add(
        reference: [Float], candidate: [Float], referenceDetections left: [Detection],
        candidateDetections right: [Detection]
    ) {
        precondition(reference.count == candidate.count)
        images += 1
        let record = 4 + classCount
        for start in stride(from: 0, to: reference.count, by: record) {
            var rowLogits = Powers(), rowBoxes = Powers()
            for index in start..<start + 4 { rowBoxes.add(reference[index], candidate[index]) }
            for index in start + 4..<start + record { rowLogits.add(reference[index], candidate[index]) }
            allLogits.add(rowLogits)
            allBoxes.add(rowBoxes)
            guard Self.isForeground(reference[start + 4..<start + record]) else { continue }
            foregroundRows += 1
            logits.add(rowLogits)
            boxes.add(rowBoxes)
        }
        referenceDetections += left.count
        candidateDetections += right.count
        matched += Self.matches(left, right)
    }

    /// Adds the images of a comparison of the same networks.
    public mutating func merge(_ other: Comparison) {
        logits.add(other.logits)
        boxes.add(other.boxes)
        allLogits.add(other.allLogits)
        allBoxes.add(other.allBoxes)
        foregroundRows += other.foregroundRows
        images += other.images
        matched += other.matched
        referenceDetections += other.referenceDetections
        candidateDetections += other.candidateDetections
    }

    /// Whether a class other than the background, which comes first, has a probability above `foreground`.
    private static func isForeground(_ logits: ArraySlice<Float>) -> Bool {
        let largest = logits.max()!
        let sum = logits.reduce(0) { $0 + exp($1 - largest) }
        return exp(logits.dropFirst().max()! - largest) > foreground * sum
    }

    /// Pairs of the same object, best overlap first; each detection is in one pair at most.
    static func matches(_ left: [Detection], _ right: [Detection]) -> Int {
        var pairs: [(overlap: Float, left: Int, right: Int)] = []
        for (one, a) in left.enumerated() {
            for (other, b) in right.enumerated() where a.classIndex == b.classIndex {
                let overlap = a.box.intersectionOverUnion(b.box)
                if overlap >= minimumOverlap { pairs.append((overlap, one, other)) }
            }
        }
        pairs.sort { ($1.overlap, $0.left, $0.right) < ($0.overlap, $1.left, $1.right) }
        var isLeftTaken: Set<Int> = [], isRightTaken: Set<Int> = []
        for pair in pairs where !isLeftTaken.contains(pair.left) && !isRightTaken.contains(pair.right) {
            isLeftTaken.insert(pair.left)
            isRightTaken.insert(pair.right)
        }
        return isLeftTaken.count
    }
}
