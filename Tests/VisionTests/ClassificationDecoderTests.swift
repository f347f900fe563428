import Foundation
import TestSupport
import Testing
import Vision

@Suite struct ClassificationDecoderTests {
    private func decode(
        _ logits: [Float], thresholds: [Float]? = nil, limit: Int? = nil
    ) -> [ClassScore] {
        let decoder = ClassificationDecoder(classCount: logits.count)
        let thresholds = thresholds ?? [Float](repeating: 0, count: logits.count)
        return logits.withUnsafeBufferPointer {
            Array(decoder.decode(.fp32($0), thresholds: thresholds, limit: limit))
        }
    }

    /// Against a softmax in double precision, with logits from small to huge.
    @Test func isASoftmax() {
        var random = SeededGenerator(seed: 11)
        for count in [1, 2, 7, 21, 1000] {
            for scale in [Float(0.1), 3, 90, 3e4] {
                let logits = (0..<count).map { _ in Float.random(in: -scale...scale, using: &random) }
                let largest = Double(logits.max()!), sum = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
                let found = decode(logits, thresholds: [Float](repeating: -1, count: count))
                #expect(found.count == count)
                for entry in found {
                    let expected = exp(Double(logits[Int(entry.classIndex)]) - largest) / sum
                    #expect(abs(Double(entry.score) - expected) < 2e-6)
                }
                #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
            }
        }
    }

    @Test func equalScoresComeInTheOrderOfTheClasses() {
        #expect(decode([1, 2, 1, 2, 1]).map(\.classIndex) == [1, 3, 0, 2, 4])
        #expect(decode([1, 2, 1, 2, 1], limit: 3).map(\.classIndex) == [1, 3, 0])
        #expect(decode([1, 2, 1, 2, 1], limit: 0).isEmpty && decode([1, 2], limit: -1).isEmpty)
        #expect(decode([5, 5], thresholds: [0.5, 0.49]).map(\.classIndex) == [1])
    }

    /// What is no number is no class, and what overflows is no fault.
    @Test func logitsThatAreNoNumbers() {
        #expect(decode([0, .nan, 3]).isEmpty)
        #expect(decode([.infinity, 0, .infinity]).allSatisfy { $0.score >= 0 && $0.score <= 1 })
        #expect(decode([-.infinity, 0, 0], limit: 2).map(\.score) == [0.5, 0.5])
        let decoder = ClassificationDecoder(classCount: 3)
        let halves: [UInt16] = [Float16(0.5).bitPattern, Float16(-60000).bitPattern, Float16(0.5).bitPattern]
        let found = halves.withUnsafeBufferPointer { Array(decoder.decode(.fp16($0), thresholds: [0, 0, 0], limit: 2)) }
        #expect(found == [ClassScore(classIndex: 0, score: 0.5), ClassScore(classIndex: 2, score: 0.5)])
    }
}
