/// Average precision and recall as COCO evaluates them (cocodataset.org/#detection-eval; pycocotools is the reference):
/// precision at 101 recalls, at IoU 0.5 to 0.95 in steps of 0.05, over all categories, for the best 100 detections of a
/// category in an image.
public struct AveragePrecision: Equatable, Sendable {
    /// Left, top, width, height in pixels.
    public struct Box: Equatable, Sendable {
        /// Of the left edge.
        public var x: Double
        /// Of the top edge.
        public var y: Double
        /// Not negative.
        public var width: Double
        /// Not negative.
        public var height: Double

        /// The four numbers of COCO's `bbox`.
        public init(x: Double, y: Double, width: Double, height: Double) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }

        var area: Double { width * height }

        func intersection(_ other: Box) -> Double {
            let across = min(x + width, other.x + other.width) - max(x, other.x)
            let down = min(y + height, other.y + other.height) - max(y, other.y)
            return across > 0 && down > 0 ? across * down : 0
        }

        func intersectionOverUnion(_ other: Box) -> Double {
            let both = intersection(other)
            return both > 0 ? both / (area + other.area - both) : 0
        }
    }

    /// An object that is there, as it was annotated.
    public struct Truth: Sendable {
        /// An id; detections of the image have the same.
        public var image: Int
        /// An id of the annotations.
        public var category: Int
        /// In pixels of the image.
        public var box: Box
        /// Of the object, which need not fill its box.
        public var area: Double
        /// A box around many objects: what lies in it counts neither as found nor as false.
        public var isCrowd: Bool

        /// `area` is in pixels.
        public init(image: Int, category: Int, box: Box, area: Double, isCrowd: Bool) {
            self.image = image
            self.category = category
            self.box = box
            self.area = area
            self.isCrowd = isCrowd
        }
    }

    /// A detection that is to be judged.
    public struct Found: Sendable {
        /// An id of the annotations.
        public var image: Int
        /// An id of the annotations.
        public var category: Int
        /// In pixels of the image.
        public var box: Box
        /// Only its order among those of the category counts.
        public var score: Double

        /// Detections in images or categories without objects may be among them.
        public init(image: Int, category: Int, box: Box, score: Double) {
            self.image = image
            self.category = category
            self.box = box
            self.score = score
        }
    }

    /// Means over categories and IoU thresholds, 0...1; nil where there is nothing to find.
    public let all: Double?
    /// At an IoU of 0.5 alone.
    public let at50: Double?
    /// At an IoU of 0.75 alone.
    public let at75: Double?
    /// Of objects up to 32 x 32 pixels.
    public let small: Double?
    /// Of objects from 32 x 32 to 96 x 96 pixels.
    public let medium: Double?
    /// Of objects from 96 x 96 pixels.
    public let large: Double?
    /// The share of objects that are found at all, a mean likewise.
    public let recall: Double?
    /// By the best detection of a category in an image alone.
    public let recallOf1: Double?
    /// By the best 10 detections of a category in an image.
    public let recallOf10: Double?
    /// Of objects up to 32 x 32 pixels.
    public let smallRecall: Double?
    /// Of objects from 32 x 32 to 96 x 96 pixels.
    public let mediumRecall: Double?
    /// Of objects from 96 x 96 pixels.
    public let largeRecall: Double?
    /// Those that have objects, by id.
    public let categories: [Category]

    /// The same for one category.
    public struct Category: Equatable, Sendable {
        /// As in the annotations.
        public var id: Int
        /// Objects, crowds skipped.
        public var truths: Int
        /// The mean over the IoU thresholds, 0...1.
        public var all: Double
        /// At an IoU of 0.5 alone.
        public var at50: Double
        /// At an IoU of 0.75 alone.
        public var at75: Double
        /// The mean over the IoU thresholds, 0...1.
        public var recall: Double
    }

    /// pycocotools visits images and categories in ascending order, which decides between equal scores.
    public init(truths: [Truth], found: [Found]) {
        let areas: [ClosedRange<Double>] = [0...1e10, 0...32 * 32, 32 * 32...96 * 96, 96 * 96...1e10]
        // By category, then image.
        var byCategory: [Int: [Int: (truths: [Truth], found: [Found])]] = [:]
        for truth in truths {
            byCategory[truth.category, default: [:]][truth.image, default: ([], [])].truths.append(truth)
        }
        for detection in found where byCategory[detection.category] != nil {
            byCategory[detection.category]![detection.image, default: ([], [])].found.append(detection)
        }
        let sorted = byCategory.sorted { $0.key < $1.key }.map { category in
            (category.key, category.value.sorted { $0.key < $1.key }.map(\.value))
        }
        // [area][category][threshold]
        let scores = areas.map { area in sorted.compactMap { Self.scores($0.1, area: area) } }
        func mean(_ values: [Double]) -> Double? {
            values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        func precision(_ area: Int, _ thresholds: Range<Int> = 0..<10) -> Double? {
            mean(scores[area].flatMap { $0.precisions[thresholds] })
        }
        func recall(_ area: Int) -> Double? { mean(scores[area].flatMap(\.recalls)) }
        all = precision(0)
        at50 = precision(0, 0..<1)
        at75 = precision(0, 5..<6)
        small = precision(1)
        medium = precision(2)
        large = precision(3)
        self.recall = recall(0)
        recallOf1 = mean(scores[0].flatMap(\.recallsOf1))
        recallOf10 = mean(scores[0].flatMap(\.recallsOf10))
        smallRecall = recall(1)
        mediumRecall = recall(2)
        largeRecall = recall(3)
        categories = sorted.compactMap { id, images in
            guard let scores = Self.scores(images, area: areas[0]) else { return nil }
            return Category(
                id: id, truths: scores.truths, all: mean(scores.precisions)!, at50: scores.precisions[0],
                at75: scores.precisions[5], recall: mean(scores.recalls)!)
        }
    }

    private static let maximumDetections = 100
    // Rounded as the reference's own are: a recall of 7 in 10 is below the 70th of those, and that shows in the mean.
    private static let thresholds = (0..<10).map { 0.5 + (0.95 - 0.5) / 9 * Double($0) }
    private static let recalls = (0...100).map { 0.01 * Double($0) }

    /// What became of a detection at each threshold.
    private struct Judged {
        var score: Double
        /// Among those of the category in the image, from 0.
        var rank: Int
        /// By threshold: whether it matched, and whether it does not count.
        var isMatched: [Bool]
        var isIgnored: [Bool]
    }

    /// One category's average precision and recall at each threshold.
    private struct Scores {
        var truths: Int
        var precisions: [Double]
        var recalls: [Double]
        /// By the best detection, and the best 10, of each image.
        var recallsOf1: [Double]
        var recallsOf10: [Double]
    }

    /// nil where there is nothing to find.
    private static func scores(
        _ images: [(truths: [Truth], found: [Found])], area: ClosedRange<Double>
    ) -> Scores? {
        var judged: [Judged] = []
        var count = 0
        for image in images {
            count += image.truths.count { !$0.isCrowd && area.contains($0.area) }
            judged += judge(image.truths, image.found, area)
        }
        guard count > 0 else { return nil }
        judged = stablySorted(judged) { $0.score > $1.score }
        func recalls(ofBest limit: Int) -> [Double] {
            thresholds.indices.map { threshold in
                let right = judged.count { $0.rank < limit && $0.isMatched[threshold] && !$0.isIgnored[threshold] }
                return Double(right) / Double(count)
            }
        }
        return Scores(
            truths: count,
            precisions: thresholds.indices.map { averagePrecision(judged, threshold: $0, truths: count) },
            recalls: recalls(ofBest: maximumDetections), recallsOf1: recalls(ofBest: 1), recallsOf10: recalls(ofBest: 10))
    }

    private static func judge(_ truths: [Truth], _ found: [Found], _ area: ClosedRange<Double>) -> [Judged] {
        func isIgnored(_ truth: Truth) -> Bool { truth.isCrowd || !area.contains(truth.area) }
        let truths = stablySorted(truths) { !isIgnored($0) && isIgnored($1) }
        let found = stablySorted(found) { $0.score > $1.score }.prefix(maximumDetections)
        let overlaps = found.map { detection in truths.map { overlap(detection.box, $0) } }
        var judged = found.enumerated().map { rank, detection in
            let isOutside = !area.contains(detection.box.area)
            return Judged(
                score: detection.score, rank: rank, isMatched: Array(repeating: false, count: thresholds.count),
                isIgnored: Array(repeating: isOutside, count: thresholds.count))
        }
        for (index, threshold) in thresholds.enumerated() {
            var isTaken = [Bool](repeating: false, count: truths.count)
            for detection in judged.indices {
                var best = min(threshold, 1 - 1e-10), match: Int?
                for (place, truth) in truths.enumerated() {
                    if isTaken[place], !truth.isCrowd { continue }
                    // Those that do not count come last; they do not take a detection from one that does.
                    if let match, !isIgnored(truths[match]), isIgnored(truth) { break }
                    if overlaps[detection][place] < best { continue }
                    best = overlaps[detection][place]
                    match = place
                }
                guard let match else { continue }
                isTaken[match] = true
                judged[detection].isMatched[index] = true
                judged[detection].isIgnored[index] = isIgnored(truths[match])
            }
        }
        return judged
    }

    /// Of crowds, the share of the detection that lies in it.
    private static func overlap(_ box: Box, _ truth: Truth) -> Double {
        guard truth.isCrowd else { return box.intersectionOverUnion(truth.box) }
        let both = box.intersection(truth.box)
        return both > 0 ? both / box.area : 0
    }

    private static func averagePrecision(_ judged: [Judged], threshold: Int, truths: Int) -> Double {
        var recall: [Double] = [], precision: [Double] = []
        var right = 0.0, wrong = 0.0
        for detection in judged {
            if !detection.isIgnored[threshold] {
                if detection.isMatched[threshold] { right += 1 } else { wrong += 1 }
            }
            recall.append(right / Double(truths))
            precision.append(right / (right + wrong + 0x1p-52))
        }
        for index in precision.indices.dropLast().reversed() {
            precision[index] = max(precision[index], precision[index + 1])
        }
        var sum = 0.0
        var index = 0
        for wanted in recalls {
            while index < recall.count, recall[index] < wanted { index += 1 }
            if index < recall.count { sum += precision[index] }
        }
        return sum / Double(recalls.count)
    }

    private static func stablySorted<Element>(
        _ elements: [Element], by precedes: (Element, Element) -> Bool
    ) -> [Element] {
        elements.enumerated().sorted {
            if precedes($0.element, $1.element) { return true }
            return !precedes($1.element, $0.element) && $0.offset < $1.offset
        }.map(\.element)
    }
}
