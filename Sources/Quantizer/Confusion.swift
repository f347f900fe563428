/// What became of objects, and what detections were of: each detection, best first, takes the object that it overlaps
/// most, whatever the class, where that is at least an IoU of 0.5 and it is not taken yet. Crowds are skipped.
public struct Confusion: Sendable {
    /// The intersection over union from which a detection is of an object.
    public static let minimumOverlap = 0.5

    /// By class of the object, then of the detection; class 0 is the background and stays empty.
    public private(set) var counts: [[Int]]
    /// Objects that no detection took, by their class.
    public private(set) var missed: [Int]
    /// Detections that took no object, by their class.
    public private(set) var invented: [Int]

    /// `classCount` is with the background.
    public init(classCount: Int) {
        counts = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
        missed = Array(repeating: 0, count: classCount)
        invented = missed
    }

    /// Adds one image.
    /// - Parameters:
    ///   - classes: by category, the class.
    ///   - found: those above the threshold of use, in any order.
    public mutating func add(
        truths: [AveragePrecision.Truth], found: [AveragePrecision.Found], classes: [Int: Int]
    ) {
        let truths = truths.filter { !$0.isCrowd && classes[$0.category] != nil }
        var isTaken = [Bool](repeating: false, count: truths.count)
        for detection in found.sorted(by: { $0.score > $1.score }) {
            guard let seen = classes[detection.category] else { continue }
            var best = Self.minimumOverlap, match: Int?
            for (index, truth) in truths.enumerated() where !isTaken[index] {
                let overlap = detection.box.intersectionOverUnion(truth.box)
                if overlap >= best { (best, match) = (overlap, index) }
            }
            guard let match else {
                invented[seen] += 1
                continue
            }
            isTaken[match] = true
            counts[classes[truths[match].category]!][seen] += 1
        }
        for (index, truth) in truths.enumerated() where !isTaken[index] { missed[classes[truth.category]!] += 1 }
    }
}
