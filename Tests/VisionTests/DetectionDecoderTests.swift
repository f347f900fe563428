import Checkpoint
import Foundation
import TestSupport
import Testing

@testable import Vision

@Suite struct DetectionDecoderTests {
    /// The reference's own logits and offsets: the same detections in the same order.
    @Test(arguments: [
        ("xxs-ssd", NonMaximumSuppression.perClass(limit: 200)),
        ("v2-0.5-ssd", .acrossClasses(candidatesPerClass: 400, limit: 200)),
    ]) func equalsUpstream(network: String, suppression: NonMaximumSuppression) throws {
        let run = try golden("\(network)/run_320x320.safetensors")
        let post = try golden("\(network)/post_320x320.safetensors")
        let confidences = try #require(run["confidences"]).floats()
        let locations = try #require(run["locations"]).floats()
        let numbers = try #require(run["anchors"]).floats()
        let anchors = stride(from: 0, to: numbers.count, by: 4).map {
            Anchor(centreX: numbers[$0], centreY: numbers[$0 + 1], width: numbers[$0 + 2], height: numbers[$0 + 3])
        }
        let decoder = decoder(anchors, classes: 81, suppression)
        for (name, threshold) in [("0.05", Float(0.05)), ("0.3", 0.3)] {
            let labels = try #require(post["thr\(name).det.labels"]).floats()
            let scores = try #require(post["thr\(name).det.scores"]).floats()
            let boxes = try #require(post["thr\(name).det.boxes_norm_xyxy"]).floats()
            let found = decode(decoder, confidences, locations, [Float](repeating: threshold, count: 81))
            try #require(found.count == labels.count)
            for (index, detection) in found.enumerated() {
                #expect(Float(detection.classIndex) == labels[index])
                #expect(abs(detection.score - scores[index]) < 1e-5)
                let sides = [detection.box.left, detection.box.top, detection.box.right, detection.box.bottom]
                for side in 0..<4 { #expect(abs(sides[side] - boxes[index * 4 + side]) < 1e-5) }
            }
        }
    }

    @Test(arguments: UInt64(0)..<60) func equalsThePlainAlgorithm(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let classes = generator.integer(2...12)
        let rows = generator.integer(1...150)
        let anchors = (0..<rows).map { _ in
            Anchor(
                centreX: .random(in: 0...1, using: &generator), centreY: .random(in: 0...1, using: &generator),
                width: .random(in: 0.2...0.6, using: &generator), height: .random(in: 0.2...0.6, using: &generator))
        }
        let spread = Float(generator.integer(1...8))
        let logits = (0..<rows * classes).map { _ in Float.random(in: -spread...spread, using: &generator) }
        let offsets = (0..<rows * 4).map { _ in Float.random(in: -2...2, using: &generator) }
        let lowest = [Float(0), 0.01, 0.05, 0.3, 0.7][generator.integer(0...4)]
        let thresholds = (0..<classes).map { _ in min(lowest * Float(generator.integer(1...2)), 0.95) }
        let suppression =
            generator.integer(0...1) == 0
            ? NonMaximumSuppression.perClass(limit: generator.integer(1...20))
            : .acrossClasses(candidatesPerClass: generator.integer(1...40), limit: generator.integer(1...60))
        let limit = [nil, 1, 5, 1000][generator.integer(0...3)]

        let decoder = decoder(anchors, classes: classes, suppression)
        let found = decode(decoder, logits, offsets, thresholds, limit: limit)
        let expected = plainDetections(anchors, logits, offsets, thresholds, suppression, limit: limit)
        #expect(found.count == expected.count)
        for (left, right) in zip(found, expected) {
            #expect(left.classIndex == right.classIndex && abs(left.score - right.score) < 1e-5)
            #expect(abs(left.box.left - right.box.left) < 1e-5 && abs(left.box.bottom - right.box.bottom) < 1e-5)
        }

        // Half precision in, as int8 and fp16 networks put it out: the same as its own values widened.
        let halves = Self.records(logits, offsets, classes: classes).map { Float16($0) }
        let widened = halves.map { Float($0) }.withUnsafeBufferPointer {
            Array(decoder.decode(.fp32($0), thresholds: thresholds, limit: limit))
        }
        let narrow = halves.map(\.bitPattern).withUnsafeBufferPointer {
            Array(decoder.decode(.fp16($0), thresholds: thresholds, limit: limit))
        }
        #expect(narrow.map(\.score) == widened.map(\.score) && narrow.map(\.box) == widened.map(\.box))
    }

    @Test func equalScoresComeInTheOrderOfTheAnchors() {
        let anchors = (0..<5).map { Anchor(centreX: 0.1 + 0.2 * Float($0), centreY: 0.5, width: 0.1, height: 0.1) }
        for suppression in [NonMaximumSuppression.perClass(limit: 3), .acrossClasses(candidatesPerClass: 4, limit: 3)] {
            let decoder = decoder(anchors, classes: 2, suppression)
            let logits = [Float](repeating: 1, count: 10)
            let found = decode(decoder, logits, [Float](repeating: 0, count: 20), [0, 0.1])
            #expect(found.map { (($0.box.left + $0.box.right) * 5).rounded() } == [1, 3, 5])
        }
    }

    /// A score at the threshold is no detection; an overlap at the threshold suppresses nothing.
    @Test func bothThresholdsAreStrict() {
        // Two boxes, one the left half of the other: their overlap is exactly one half.
        let anchors = [
            Anchor(centreX: 0.5, centreY: 0.5, width: 0.5, height: 0.5),
            Anchor(centreX: 0.375, centreY: 0.5, width: 0.25, height: 0.5),
        ]
        let decoder = decoder(anchors, classes: 2, .perClass(limit: 9))
        let logits: [Float] = [0, 0, 0, 0]
        let offsets = [Float](repeating: 0, count: 8)
        #expect(decode(decoder, logits, offsets, [0, 0.5]).isEmpty)
        #expect(decode(decoder, logits, offsets, [0, 0.49]).count == 2)
        let strict = self.decoder(anchors, classes: 2, .perClass(limit: 9), iouThreshold: 0.49)
        #expect(decode(strict, logits, offsets, [0, 0.49]).count == 1)
    }

    @Test func outputThatIsNoNumberIsNoDetection() {
        let anchors = [Anchor](repeating: Anchor(centreX: 0.5, centreY: 0.5, width: 1, height: 1), count: 4)
        let decoder = decoder(anchors, classes: 3, .perClass(limit: 9))
        for strange in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            for position in 0..<12 {
                var logits = [Float](repeating: 0, count: 12)
                logits[position] = strange
                let found = decode(decoder, logits, [Float](repeating: 0, count: 16), [0, 0, 0])
                #expect(found.allSatisfy { $0.score > 0 && $0.score <= 1 && $0.box.isFinite })
            }
            for position in 0..<16 {
                var offsets = [Float](repeating: 0, count: 16)
                offsets[position] = strange
                let found = decode(decoder, [Float](repeating: 0, count: 12), offsets, [0, 0, 0])
                #expect(!found.isEmpty && found.allSatisfy { $0.box.isFinite })
            }
        }
    }

    // MARK: -

    private func decoder(
        _ anchors: [Anchor], classes: Int, _ suppression: NonMaximumSuppression, iouThreshold: Float = 0.5
    ) -> DetectionDecoder {
        DetectionDecoder(
            SSDHead(anchors: anchors, classCount: classes), suppression: suppression, iouThreshold: iouThreshold)
    }

    private func decode(
        _ decoder: DetectionDecoder, _ logits: [Float], _ offsets: [Float], _ thresholds: [Float], limit: Int? = nil
    ) -> [Detection] {
        Self.records(logits, offsets, classes: thresholds.count).withUnsafeBufferPointer {
            Array(decoder.decode(.fp32($0), thresholds: thresholds, limit: limit))
        }
    }

    /// The network's layout: offsets and logits of a row side by side.
    private static func records(_ logits: [Float], _ offsets: [Float], classes: Int) -> [Float] {
        var records: [Float] = []
        for row in 0..<logits.count / classes {
            records += offsets[row * 4..<row * 4 + 4]
            records += logits[row * classes..<(row + 1) * classes]
        }
        return records
    }

    /// SSD's rule word by word: every probability, a stable sort, one class after the other.
    private func plainDetections(
        _ anchors: [Anchor], _ logits: [Float], _ offsets: [Float], _ thresholds: [Float], _ suppression: NonMaximumSuppression,
        limit: Int?
    ) -> [Detection] {
        let classes = thresholds.count
        let boxes = anchors.enumerated().map { row, anchor in
            let t = offsets[row * 4..<row * 4 + 4].map { Double($0) }
            let x = t[0] * 0.1 * Double(anchor.width) + Double(anchor.centreX)
            let y = t[1] * 0.1 * Double(anchor.height) + Double(anchor.centreY)
            let width = exp(t[2] * 0.2) * Double(anchor.width)
            let height = exp(t[3] * 0.2) * Double(anchor.height)
            return Box(
                left: Float(x - width / 2), top: Float(y - height / 2), right: Float(x + width / 2),
                bottom: Float(y + height / 2))
        }
        var all: [Detection] = []
        for index in 1..<classes {
            var candidates: [Detection] = []
            for row in anchors.indices {
                let exponentials = logits[row * classes..<(row + 1) * classes].map { exp(Double($0)) }
                let score = Float(exponentials[index] / exponentials.reduce(0, +))
                if score > thresholds[index] {
                    candidates.append(Detection(classIndex: Int32(index), score: score, box: boxes[row]))
                }
            }
            candidates = sorted(candidates)
            if case .acrossClasses(let most, _) = suppression { candidates = Array(candidates.prefix(most)) }
            var kept: [Detection] = []
            for candidate in candidates where kept.allSatisfy({ overlap($0.box, candidate.box) <= 0.5 }) {
                kept.append(candidate)
            }
            if case .perClass(let most) = suppression { kept = Array(kept.prefix(most)) }
            all += kept
        }
        switch suppression {
        case .acrossClasses(_, let most): return Array(sorted(all).prefix(min(most, limit ?? most)))
        case .perClass:
            guard let limit, limit < all.count else { return all }
            let best = sorted(all).prefix(limit)
            return (1..<classes).flatMap { index in best.filter { $0.classIndex == Int32(index) } }
        }
    }

    /// Best first, stable.
    private func sorted(_ detections: [Detection]) -> [Detection] {
        detections.enumerated().sorted {
            $0.element.score != $1.element.score ? $0.element.score > $1.element.score : $0.offset < $1.offset
        }.map(\.element)
    }

    private func overlap(_ a: Box, _ b: Box) -> Double {
        func length(_ low: Float, _ high: Float) -> Double { max(0, Double(high) - Double(low)) }
        func area(_ box: Box) -> Double { length(box.left, box.right) * length(box.top, box.bottom) }
        let width = length(max(a.left, b.left), min(a.right, b.right))
        let shared = width * length(max(a.top, b.top), min(a.bottom, b.bottom))
        return shared / (area(a) + area(b) - shared)
    }
}
