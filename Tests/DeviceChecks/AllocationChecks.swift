import Model
import Engine
import Vision

/// After preparation a frame's way through the engine and the decoder calls no allocator, on any thread.
public enum AllocationChecks {
    /// `count` tells how many allocator calls there have been in the process.
    public static func frames(
        _ network: GoldenChecks.Network, model: String, fixtures: String, count: () -> UInt, _ check: inout Check
    ) {
        let before = count()
        let prepared = GoldenChecks.detector(
            network, "run_64x128_detail", model: model, fixtures: fixtures, threshold: 0.05, threads: 2)
        guard let detector = prepared else {
            check.expect(false, "the model or its golden cannot be read")
            return
        }
        check.expect(count() > before, "the counter does not count, so the zeroes below would say nothing")

        let start = count()
        detector.run()
        check.expect(count() == start, "run() made \(count() - start) allocator calls")
        let decoding = count()
        let detections = detector.result().detections.count
        check.expect(count() == decoding, "decode() made \(count() - decoding) allocator calls")
        check.expect(detections > 0, "no detections")
        classes(count: count, &check)
        segments(count: count, &check)
    }

    /// A classifier's logits become classes.
    private static func classes(count: () -> UInt, _ check: inout Check) {
        var generator = SeededGenerator(seed: 3)
        let classCount = 1000, decoder = ClassificationDecoder(classCount: classCount)
        let thresholds = [Float](repeating: 0, count: classCount)
        let logits = (0..<classCount).map { _ in Float(generator.integer(-900...900)) / 100 }
        let start = count()
        var best = 0, last = Float.infinity, isOrdered = true
        logits.withUnsafeBufferPointer { logits in
            for entry in decoder.decode(.fp32(logits), thresholds: thresholds, limit: 5) {
                if entry.score > last { isOrdered = false }
                last = entry.score
                best += 1
            }
        }
        check.expect(count() == start, "decoding classes made \(count() - start) allocator calls")
        check.expect(best == 5 && isOrdered, "\(best) classes, or not the best first")
    }

    /// A segmenter's logits become a mask, the same on every processor, and segments.
    private static func segments(count: () -> UInt, _ check: inout Check) {
        var generator = SeededGenerator(seed: 4)
        let map = ImageSize(width: 21, height: 13), size = ImageSize(width: 325, height: 203), classCount = 9
        let decoder = SegmentationDecoder(mapSize: map, classCount: classCount, size: size, upsampling: .alignedCorners)
        let thresholds = [Float](repeating: 0.001, count: classCount)
        let logits = (0..<map.width * map.height * classCount).map { _ in Float(generator.integer(-900...900)) / 256 }
        // 0.125...4 as IEEE half precision.
        let halves = logits.map { _ in UInt16(generator.integer(0x3000...0x4400)) }
        let area = ImageFit.letterbox.area(of: ImageSize(width: 300, height: 100), in: size)
        let start = count()
        var found = 0, share = Float(0), digest: UInt64 = 0xCBF2_9CE4_8422_2325
        func take(_ output: OutputRows) {
            let (segments, mask) = decoder.decode(output, area: area, thresholds: thresholds)
            for segment in segments { share += segment.share }
            found += segments.count
            for index in mask.classes { digest = (digest ^ UInt64(index)) &* 0x100_0000_01B3 }
        }
        logits.withUnsafeBufferPointer { take(.fp32($0)) }
        halves.withUnsafeBufferPointer { take(.fp16($0)) }
        check.expect(count() == start, "decoding a mask made \(count() - start) allocator calls")
        check.expect(found == 2 * classCount && share > 1.99 && share < 2.001, "\(found) segments")
        check.expect(digest == 14_013_289_282_430_555_262, "the masks' digest is \(digest)")
    }
}
