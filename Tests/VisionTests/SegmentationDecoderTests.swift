import Pixels
import TestSupport
import Testing

@testable import Vision

@Suite struct SegmentationDecoderTests {
    /// Logits [height, width, classes]: noise, or patches of one class each.
    private func logits(_ map: ImageSize, _ classCount: Int, seed: UInt64, isNoise: Bool) -> [Float] {
        var random = SeededGenerator(seed: seed)
        var values = [Float]()
        for y in 0..<map.height {
            for x in 0..<map.width {
                let best = (y / 3 * 7 + x / 3 * 3 + Int(seed)) % classCount
                for index in 0..<classCount {
                    values.append(Float.random(in: -2...2, using: &random) + (!isNoise && index == best ? 5 : 0))
                }
            }
        }
        return values
    }

    /// Logits of a pixel of the input, in double precision, as PyTorch's `interpolate` defines them.
    private func enlarged(
        _ logits: [Float], _ map: ImageSize, _ classCount: Int, _ size: ImageSize, _ upsampling: Upsampling, x: Int, y: Int
    ) -> [Double] {
        func tap(_ index: Int, _ target: Int, _ source: Int) -> (Int, Int, Double) {
            let place =
                upsampling == .alignedCorners
                ? (target > 1 ? Double(index) * Double(source - 1) / Double(target - 1) : 0)
                : max(0, (Double(index) + 0.5) * Double(source) / Double(target) - 0.5)
            let first = min(Int(place + 1e-9), source - 1)
            return (first, min(first + 1, source - 1), max(0, place - Double(first)))
        }
        let (left, right, across) = tap(x, size.width, map.width), (top, bottom, down) = tap(y, size.height, map.height)
        return (0..<classCount).map { index in
            func at(_ y: Int, _ x: Int) -> Double { Double(logits[(y * map.width + x) * classCount + index]) }
            return (at(top, left) * (1 - across) + at(top, right) * across) * (1 - down)
                + (at(bottom, left) * (1 - across) + at(bottom, right) * across) * down
        }
    }

    struct Case: CustomStringConvertible {
        var map: ImageSize
        var size: ImageSize
        var classCount: Int
        var area: ImageArea?
        var description: String { "\(map.width)x\(map.height) to \(size.width)x\(size.height), \(classCount)" }

        init(_ map: (Int, Int), _ size: (Int, Int), _ classCount: Int, _ area: ImageArea? = nil) {
            self.map = ImageSize(width: map.0, height: map.1)
            self.size = ImageSize(width: size.0, height: size.1)
            self.classCount = classCount
            self.area = area
        }
    }

    static let cases = [
        Case((20, 16), (320, 256), 21), Case((18, 14), (272, 208), 5), Case((13, 17), (97, 131), 3),
        Case((1, 1), (33, 32), 4), Case((1, 5), (32, 70), 2), Case((9, 9), (9, 9), 150), Case((6, 8), (48, 64), 255),
        Case((20, 20), (160, 160), 6, ImageArea(left: 0, top: 19, size: ImageSize(width: 160, height: 121))),
        Case((7, 9), (64, 80), 2, ImageArea(left: 21, top: 0, size: ImageSize(width: 1, height: 80))),
    ]

    /// Each pixel's class is the best of the logits there, or so nearly the best that rounding decides.
    @Test(arguments: cases, [Upsampling.alignedEdges, .alignedCorners])
    func masksAreTheBestOfTheEnlargedLogits(_ each: Case, upsampling: Upsampling) throws {
        let area = each.area ?? ImageArea(size: each.size)
        let decoder = SegmentationDecoder(
            mapSize: each.map, classCount: each.classCount, size: each.size, upsampling: upsampling)
        // Frames follow each other: nothing of the last one may be left.
        for (seed, isNoise) in [(1, false), (2, true), (3, false)] {
            let logits = logits(each.map, each.classCount, seed: UInt64(seed), isNoise: isNoise)
            let none = [Float](repeating: -1, count: each.classCount)
            let (segments, mask) = logits.withUnsafeBufferPointer {
                decoder.decode(.fp32($0), area: area, thresholds: none)
            }
            try #require(mask.size == area.size)
            var ties = 0
            for y in 0..<area.size.height {
                for x in 0..<area.size.width {
                    let values = enlarged(
                        logits, each.map, each.classCount, each.size, upsampling, x: area.left + x, y: area.top + y)
                    let found = Int(mask.classes[y * area.size.width + x]), largest = values.max()!
                    guard values[found] < largest else { continue }
                    ties += 1
                    try #require(values[found] > largest - 1e-5, "\(x), \(y): \(found)")
                }
            }
            #expect(ties <= 1 + mask.classes.count / 1000)
            try expectSegments(Array(segments), of: mask, classCount: each.classCount)
        }
    }

    /// Shares and boxes, counted pixel by pixel.
    private func expectSegments(_ segments: [Segment], of mask: ClassMask, classCount: Int) throws {
        let (width, height) = (mask.size.width, mask.size.height)
        var expected: [(index: Int, count: Int, box: [Int])] = []
        for index in 0..<classCount {
            let places = mask.classes.indices.filter { mask.classes[$0] == index }
            guard !places.isEmpty else { continue }
            let (columns, rows) = (places.map { $0 % width }, places.map { $0 / width })
            expected.append(
                (index, places.count, [columns.min()!, rows.min()!, columns.max()! + 1, rows.max()! + 1]))
        }
        expected.sort { ($1.count, $0.index) < ($0.count, $1.index) }
        #expect(segments.map { Int($0.classIndex) } == expected.map(\.index))
        for (segment, expected) in zip(segments, expected) {
            #expect(segment.share == Float(expected.count) / Float(width * height))
            let box = segment.box.pixels(in: mask.size)
            let sides = [box.left, box.top, box.right, box.bottom].map { Int($0.rounded()) }
            #expect(sides == expected.box)
        }
        #expect(segments.reduce(0) { $0 + Int(($1.share * Float(width * height)).rounded()) } == width * height)
        #expect(!segments.isEmpty && height > 0)
    }

    @Test func halvesAreTheSame() {
        let map = ImageSize(width: 11, height: 9), size = ImageSize(width: 90, height: 75)
        let halves = logits(map, 7, seed: 5, isNoise: true).map { Float16($0) }
        let thresholds = [Float](repeating: 0, count: 7)
        let (one, other) = (0, 1)
        let decoders = [one, other].map { _ in
            SegmentationDecoder(mapSize: map, classCount: 7, size: size, upsampling: .alignedEdges)
        }
        let area = ImageArea(size: size)
        let wide = halves.map { Float($0) }.withUnsafeBufferPointer {
            Array(decoders[0].decode(.fp32($0), area: area, thresholds: thresholds).mask.classes)
        }
        let narrow = halves.map(\.bitPattern).withUnsafeBufferPointer {
            Array(decoders[1].decode(.fp16($0), area: area, thresholds: thresholds).mask.classes)
        }
        #expect(wide == narrow)
    }

    /// Thresholds, the limit, equal shares, and logits that are no numbers.
    @Test func thresholdsAndLimits() {
        let size = ImageSize(width: 32, height: 32), area = ImageArea(size: size)
        func decode(_ columns: [[Float]], thresholds: [Float], limit: Int? = nil) -> [Segment] {
            let decoder = SegmentationDecoder(
                mapSize: ImageSize(width: columns.count, height: 1), classCount: 3, size: size, upsampling: .alignedEdges)
            return columns.flatMap { $0 }.withUnsafeBufferPointer {
                Array(decoder.decode(.fp32($0), area: area, thresholds: thresholds, limit: limit).segments)
            }
        }
        let halves: [[Float]] = [[0, 0, 1], [0, 0, 1], [0, 1, 0], [0, 1, 0]]
        let all = decode(halves, thresholds: [0, 0, 0])
        #expect(all.map(\.classIndex) == [1, 2] && all.map(\.share) == [0.5, 0.5])
        #expect(all[0].box == Box(left: 0.5, top: 0, right: 1, bottom: 1))
        #expect(decode(halves, thresholds: [0, 0.5, 0.49]).map(\.classIndex) == [2])
        #expect(decode(halves, thresholds: [0, 0, 0], limit: 1).map(\.classIndex) == [1])
        #expect(decode(halves, thresholds: [0, 0, 0], limit: 0).isEmpty)
        #expect(decode([[.nan, 1, 0]], thresholds: [0, 0, 0]).map(\.classIndex) == [1])
        let none = decode([[.nan, .nan, .nan], [-.infinity, .infinity, .nan]], thresholds: [0, 0, 0])
        #expect(none.reduce(0) { $0 + $1.share } == 1)
    }
}
