import Checkpoint
import Foundation
import TestSupport
import Testing
import Vision

@Suite struct ResizeTests {
    @Test(arguments: ["A", "B"]) func equalsUpstreamToTheBit(image: String) throws {
        let golden = try Checkpoint(path: fixture("vision/preprocess_320.safetensors"))
        let source = try #require(golden["\(image).src_rgb"])
        let pixels = Pixels(width: source.shape[1], height: source.shape[0], bytes: try source.bytes())
        let openCV = try #require(golden["\(image).v1_cv2_4.5.5_bilinear_bgr"]).floats()
        let pillow = try #require(golden["\(image).v2_pil_bicubic_rgb"]).floats()
        #expect(tensor(pixels, plain(320, 320, .bgr), .bilinearOpenCV) == openCV)
        #expect(tensor(pixels, plain(320, 320, .rgb), .bicubicPillow) == pillow)
    }

    /// Digests (FNV-1a) of what OpenCV 5.0.0 and Pillow 11.3.0 made of noise, for odd, tiny and equal sides.
    @Test func equalsTheLibrariesForManySizes() throws {
        let text = try String(contentsOfFile: fixture("vision/resize-digests.txt"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 40)
        for (index, line) in lines.enumerated() {
            let fields = line.split(separator: " ")
            let sides = fields[..<4].map { Int($0)! }
            let pixels = Pixels(width: sides[0], height: sides[1], seed: UInt64(index))
            for (rule, digest) in [(ResizeRule.bilinearOpenCV, fields[4]), (.bicubicPillow, fields[5])] {
                let bytes = tensor(pixels, plain(sides[2], sides[3]), rule).map { UInt8($0) }
                #expect(fnv1a(bytes) == UInt64(digest, radix: 16), "\(rule): \(line)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<30) func fastEqualsItsFormula(seed: UInt64) {
        let (pixels, width, height) = randomCase(seed)
        let found = tensor(pixels, plain(width, height), .fast)
        let columns = fastPositions(pixels.width, width)
        let rows = fastPositions(pixels.height, height)
        var worst = 0.0
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<3 {
                    let expected = bilinear(pixels, columns[x], rows[y], channel)
                    worst = max(worst, abs(Double(found[(y * width + x) * 3 + channel]) - expected))
                }
            }
        }
        #expect(worst < 1e-4)
    }

    /// OpenCV and Pillow round to bytes on the way: they stay within that of the real-valued interpolation.
    @Test(arguments: UInt64(100)..<120) func exactRulesStayNearRealInterpolation(seed: UInt64) {
        var (pixels, width, height) = randomCase(seed)
        // Away from 0 and 255, where Pillow clips between its two passes.
        pixels.bytes = pixels.bytes.map { 64 + $0 / 2 }
        let linear = tensor(pixels, plain(width, height), .bilinearOpenCV)
        let cubic = tensor(pixels, plain(width, height), .bicubicPillow)
        let cubicColumns = bicubicWeights(pixels.width, width)
        let cubicRows = bicubicWeights(pixels.height, height)
        var worst = (linear: 0.0, cubic: 0.0)
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<3 {
                    let index = (y * width + x) * 3 + channel
                    let (left, top) = (position(x, pixels.width, width), position(y, pixels.height, height))
                    let expected = bilinear(pixels, left, top, channel)
                    worst.linear = max(worst.linear, abs(Double(linear[index]) - expected))
                    var sum = 0.0
                    for (row, rowWeight) in cubicRows[y] {
                        for (column, weight) in cubicColumns[x] {
                            let pixel = pixels.bytes[(row * pixels.width + column) * 3 + channel]
                            sum += rowWeight * weight * Double(pixel)
                        }
                    }
                    worst.cubic = max(worst.cubic, abs(Double(cubic[index]) - sum))
                }
            }
        }
        // OpenCV rounds once, with weights in 1/2048. Pillow rounds twice; the second pass multiplies the first error
        // by at most the sum of its weights' magnitudes, 1.25.
        #expect(worst.linear <= 1)
        #expect(worst.cubic <= 0.5 * 1.25 + 0.5 + 0.01)
    }

    @Test func anImageOfTheTensorsSizeIsOnlyNormalised() {
        let pixels = Pixels(width: 17, height: 9, seed: 3)
        let format = InputFormat(
            size: pixels.size, channelOrder: .bgr, scale: 1 / 255, mean: [0.4, 0.5, 0.6],
            standardDeviation: [0.2, 0.3, 0.4])
        for rule in [ResizeRule.fast, .bilinearOpenCV, .bicubicPillow] {
            let found = tensor(pixels, format, rule)
            for index in found.indices {
                let channel = index % 3
                let value = Double(pixels.bytes[index - channel + 2 - channel]) / 255
                let mean = [0.4, 0.5, 0.6][channel]
                let deviation = [0.2, 0.3, 0.4][channel]
                #expect(abs(Double(found[index]) - (value - mean) / deviation) < 1e-5)
            }
        }
    }

    /// The tables follow the image's size, and what an earlier image left behind does not show.
    @Test(arguments: [ResizeRule.fast, .bilinearOpenCV, .bicubicPillow]) func oneIngestTakesImagesOfAllSizes(
        rule: ResizeRule
    ) {
        var ingest = Ingest(format: plain(24, 16), rule: rule)
        for (width, height) in [(100, 80), (7, 5), (100, 80), (24, 16), (24, 90), (50, 16), (1, 1)] {
            let pixels = Pixels(width: width, height: height, seed: UInt64(width))
            #expect(tensor(pixels, &ingest) == tensor(pixels, plain(24, 16), rule))
        }
    }

    // MARK: - The formulas once more, in double precision

    private func randomCase(_ seed: UInt64) -> (Pixels, Int, Int) {
        var generator = SeededGenerator(seed: seed)
        let sides = (0..<4).map { _ in generator.integer(1...[3, 40, 90][generator.integer(0...2)]) }
        return (Pixels(width: sides[0], height: sides[1], seed: seed), sides[2], sides[3])
    }

    private func position(_ index: Int, _ source: Int, _ target: Int) -> Double {
        min(max((Double(index) + 0.5) * Double(source) / Double(target) - 0.5, 0), Double(source - 1))
    }

    /// Rounded to 1/256, halves up. Positions are fractions of 2 * target: thousandths tell a half from its neighbours.
    private func fastPositions(_ source: Int, _ target: Int) -> [Double] {
        (0..<target).map { floor(position($0, source, target) * 256 + 0.5 + 1e-7) / 256 }
    }

    private func bilinear(_ pixels: Pixels, _ x: Double, _ y: Double, _ channel: Int) -> Double {
        func pixel(_ x: Int, _ y: Int) -> Double {
            Double(pixels.bytes[(min(y, pixels.height - 1) * pixels.width + min(x, pixels.width - 1)) * 3 + channel])
        }
        let (column, row) = (Int(x), Int(y))
        let (right, below) = (x - Double(column), y - Double(row))
        return (pixel(column, row) * (1 - right) + pixel(column + 1, row) * right) * (1 - below)
            + (pixel(column, row + 1) * (1 - right) + pixel(column + 1, row + 1) * right) * below
    }

    /// Keys' cubic with a = -0.5 over all pixels, widened when shrinking, normalised.
    private func bicubicWeights(_ source: Int, _ target: Int) -> [[(Int, Double)]] {
        let scale = Double(source) / Double(target)
        return (0..<target).map { index in
            let centre = (Double(index) + 0.5) * scale
            let weights = (0..<source).map { pixel -> Double in
                let x = abs((Double(pixel) + 0.5 - centre) / max(scale, 1))
                if x < 1 { return 1.5 * x * x * x - 2.5 * x * x + 1 }
                return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0
            }
            let sum = weights.reduce(0, +)
            return weights.enumerated().filter { $1 != 0 }.map { ($0, $1 / sum) }
        }
    }

    private func fnv1a(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
