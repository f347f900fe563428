import Foundation
import Quantizer
import TestSupport
import Testing
import Vision

@Suite struct AveragePrecisionTests {
    private typealias Box = AveragePrecision.Box

    private func truth(
        _ x: Double, side: Double = 50, image: Int = 1, isCrowd: Bool = false
    ) -> AveragePrecision.Truth {
        AveragePrecision.Truth(
            image: image, category: 4, box: Box(x: x, y: 0, width: side, height: side), area: side * side,
            isCrowd: isCrowd)
    }

    private func found(
        _ x: Double, _ score: Double, side: Double = 50, height: Double? = nil, image: Int = 1
    ) -> AveragePrecision.Found {
        AveragePrecision.Found(
            image: image, category: 4, box: Box(x: x, y: 0, width: side, height: height ?? side), score: score)
    }

    @Test func perfectDetections() {
        let result = AveragePrecision(truths: [truth(0), truth(100)], found: [found(100, 0.5), found(0, 0.4)])
        for score in [result.all, result.at50, result.medium] { #expect(abs(score! - 1) < 1e-12) }
        #expect(result.small == nil && result.large == nil)
    }

    @Test func nothingToFind() {
        #expect(AveragePrecision(truths: [], found: [found(0, 1)]).all == nil)
        #expect(AveragePrecision(truths: [truth(0)], found: []).all == 0)
        #expect(AveragePrecision(truths: [truth(0, isCrowd: true)], found: [found(0, 1)]).all == nil)
    }

    /// Of two objects one is found: precision 1 at the 51 recalls 0, 0.01, ... 0.5.
    @Test func halfFound() {
        let result = AveragePrecision(truths: [truth(0), truth(100)], found: [found(0, 0.5)])
        let expected = 51.0 / 101
        #expect(abs(result.all! - expected) < 1e-12)
    }

    /// A false detection that scores more halves the precision at every recall.
    /// pycocotools says 70 / 101 here: its 70th recall is the next number above 0.7.
    @Test func sevenOfTenFound() {
        let truths = (0..<10).map { truth(Double($0) * 100) }
        let result = AveragePrecision(truths: truths, found: (0..<7).map { found(Double($0) * 100, 0.5) })
        #expect(abs(result.at50! - 70.0 / 101) < 1e-12)
    }

    @Test func falseDetectionFirst() {
        let result = AveragePrecision(truths: [truth(0)], found: [found(200, 0.9), found(0, 0.5)])
        #expect(abs(result.all! - 0.5) < 1e-12)
    }

    /// An IoU of 0.62 counts at 0.5, 0.55 and 0.6 of the ten thresholds.
    @Test func thresholds() {
        let result = AveragePrecision(truths: [truth(0)], found: [found(0, 0.5, height: 31)])
        #expect(abs(result.all! - 0.3) < 1e-12)
        #expect(abs(result.at50! - 1) < 1e-12)
        #expect(result.at75 == 0)
    }

    /// Any number of detections in a crowd count as nothing; one object is found once.
    @Test func crowdsAndRepetitions() {
        let inCrowd = AveragePrecision(
            truths: [truth(0), truth(100, isCrowd: true)], found: [found(100, 0.9), found(101, 0.8), found(0, 0.5)])
        #expect(abs(inCrowd.all! - 1) < 1e-12)
        let twice = AveragePrecision(
            truths: [truth(0), truth(100)], found: [found(0, 0.9), found(0, 0.8), found(100, 0.7)])
        let expected: Double = (51 + 50 * 2 / 3.0) / 101
        #expect(abs(twice.all! - expected) < 1e-12)
    }

    private struct Fixture: Decodable {
        struct Found: Decodable {
            var image_id: Int
            var category_id: Int
            var bbox: [Double]
            var score: Double
        }

        struct Annotations: Decodable {
            struct Object: Decodable {
                var image_id: Int
                var category_id: Int
                var bbox: [Double]
                var area: Double
                var iscrowd: Int
            }

            var annotations: [Object]
        }

        var annotations: Annotations
        var found: [Found]
        var expected: [Double]
        /// AP, AP50, AP75 and AR by category.
        var by_category: [String: [Double]]
    }

    /// What pycocotools makes of random boxes, with crowds, equal scores and more detections than count
    /// (Tests/Python/make_average_precision.py).
    @Test func equalsPycocotools() throws {
        let fixture = try JSONDecoder().decode(
            Fixture.self, from: Data(try fixtureBytes("vision/average-precision.json")))
        let result = AveragePrecision(
            truths: fixture.annotations.annotations.map {
                AveragePrecision.Truth(
                    image: $0.image_id, category: $0.category_id,
                    box: Box(x: $0.bbox[0], y: $0.bbox[1], width: $0.bbox[2], height: $0.bbox[3]), area: $0.area,
                    isCrowd: $0.iscrowd == 1)
            },
            found: fixture.found.map {
                AveragePrecision.Found(
                    image: $0.image_id, category: $0.category_id,
                    box: Box(x: $0.bbox[0], y: $0.bbox[1], width: $0.bbox[2], height: $0.bbox[3]), score: $0.score)
            })
        let scores = [
            result.all, result.at50, result.at75, result.small, result.medium, result.large,
            result.recallOf1, result.recallOf10, result.recall, result.smallRecall, result.mediumRecall,
            result.largeRecall,
        ]
        #expect(scores.count == fixture.expected.count)
        for (ours, theirs) in zip(scores, fixture.expected) {
            #expect(abs(try #require(ours) - theirs) < 1e-9)
        }
        #expect(result.categories.count == fixture.by_category.count)
        for category in result.categories {
            let expected = try #require(fixture.by_category["\(category.id)"])
            for (ours, theirs) in zip([category.all, category.at50, category.at75, category.recall], expected) {
                #expect(abs(ours - theirs) < 1e-9)
            }
        }
    }

    /// A right one, one of another class in the same place, one that repeats, one of nothing; an object left over, and a
    /// crowd, which counts for nothing.
    @Test func confusionCounts() {
        func truth(_ x: Double, _ category: Int, isCrowd: Bool = false) -> AveragePrecision.Truth {
            AveragePrecision.Truth(
                image: 1, category: category, box: Box(x: x, y: 0, width: 50, height: 50), area: 2500,
                isCrowd: isCrowd)
        }
        func found(_ x: Double, _ category: Int, _ score: Double) -> AveragePrecision.Found {
            AveragePrecision.Found(
                image: 1, category: category, box: Box(x: x, y: 0, width: 50, height: 50), score: score)
        }
        var confusion = Confusion(classCount: 3)
        confusion.add(
            truths: [truth(0, 7), truth(100, 7), truth(200, 9), truth(300, 9, isCrowd: true)],
            found: [found(100, 9, 0.6), found(2, 7, 0.9), found(4, 7, 0.5), found(500, 9, 0.4)], classes: [7: 1, 9: 2])
        #expect(confusion.counts == [[0, 0, 0], [0, 1, 1], [0, 0, 0]])
        #expect(confusion.missed == [0, 0, 1] && confusion.invented == [0, 1, 1])
    }

    @Test func comparisonCounts() throws {
        func detection(_ left: Float, _ classIndex: Int32 = 1) -> Detection {
            Detection(classIndex: classIndex, score: 0.9, box: Box2(left: left, top: 0, right: left + 1, bottom: 1))
        }
        var comparison = Comparison(classCount: 3)
        // The first two rows are foreground, with 0.99 for class 1 and 0.37 for class 2; the last is not.
        let reference: [Float] = [3, 0, 0, 4, 0, 5, 0] + [0, 0, 0, 2, 1, 0, 0.8] + [9, 9, 9, 9, 5, 0, 0]
        var candidate = reference
        candidate[0] = 3.1
        candidate[5] = 5.2
        candidate[14] = 0
        comparison.add(
            reference: reference, candidate: candidate,
            referenceDetections: [detection(0), detection(5), detection(9, 2)],
            candidateDetections: [detection(0.04), detection(5.2), detection(9, 1), detection(0.03)])
        #expect(comparison.foregroundRows == 2)
        let boxes: Double = 10 * log10(29 / 0.01), logits: Double = 10 * log10(26.64 / 0.04)
        #expect(abs(comparison.boxDecibels! - boxes) < 1e-4)
        #expect(abs(comparison.logitDecibels! - logits) < 1e-4)
        // One pair: the second overlaps too little, the third is of another class, the fourth has lost to the first.
        #expect(comparison.matched == 1)
        #expect(comparison.agreement == 2.0 / 7)
        #expect(Comparison(classCount: 3).agreement == nil && Comparison(classCount: 3).boxDecibels == nil)
    }

    private typealias Box2 = Vision.Box
}
