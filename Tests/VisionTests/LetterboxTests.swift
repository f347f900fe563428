import Pixels
import TestSupport
import Testing

@testable import Vision

/// Images that keep their aspect ratio, and the grey beside them.
@Suite struct LetterboxTests {
    @Test func areas() {
        func area(_ width: Int, _ height: Int) -> ImageArea {
            ImageFit.letterbox.area(
                of: ImageSize(width: width, height: height), in: ImageSize(width: 320, height: 320))
        }
        #expect(area(640, 480) == ImageArea(left: 0, top: 40, size: ImageSize(width: 320, height: 240)))
        #expect(area(480, 640) == ImageArea(left: 40, top: 0, size: ImageSize(width: 240, height: 320)))
        #expect(area(10, 10) == ImageArea(size: ImageSize(width: 320, height: 320)))
        #expect(area(65_500, 1) == ImageArea(left: 0, top: 159, size: ImageSize(width: 320, height: 1)))
        #expect(area(1, 65_500) == ImageArea(left: 159, top: 0, size: ImageSize(width: 1, height: 320)))
        // 320 * 99 / 101 = 313.66.
        #expect(area(101, 99) == ImageArea(left: 0, top: 3, size: ImageSize(width: 320, height: 314)))
        #expect(
            ImageFit.stretch.area(of: ImageSize(width: 9, height: 5), in: ImageSize(width: 32, height: 64))
                == ImageArea(size: ImageSize(width: 32, height: 64)))
    }

    /// An area holds what the same image gives in a tensor of the area's size, and all else is grey. One ingest takes
    /// areas and sizes in turn, and whole tensors between.
    @Test(arguments: UInt64(1)...20) func areaAndMargins(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let rule = [ResizeRule.fast, .bilinearOpenCV, .bicubicPillow][Int(seed % 3)]
        let (width, height) = (generator.integer(1...40), generator.integer(1...40))
        let format = InputFormat(
            size: ImageSize(width: width, height: height), channelOrder: seed % 2 == 0 ? .rgb : .bgr, scale: 0.5,
            mean: [1, 2, 3], standardDeviation: [2, 3, 4])
        var ingest = Ingest(format: format, rule: rule)
        for round in 0..<4 {
            let pixels = Pixels(
                width: generator.integer(1...60), height: generator.integer(1...60), seed: seed * 10 + UInt64(round))
            let whole = ImageArea(size: format.size)
            let left = generator.integer(0...width - 1), top = generator.integer(0...height - 1)
            let part = ImageArea(
                left: left, top: top,
                size: ImageSize(
                    width: generator.integer(1...width - left), height: generator.integer(1...height - top)))
            for area in [part, whole, part] {
                var small = format
                small.size = area.size
                let inside = tensor(pixels, small, rule)
                let bytesInside = bytes(pixels, small, rule)
                let values = tensor(pixels, &ingest, area), stored = bytes(pixels, &ingest, area)
                var differences = 0
                for y in 0..<height {
                    for x in 0..<width {
                        for channel in 0..<3 {
                            let index = (y * width + x) * 3 + channel
                            let (column, row) = (x - area.left, y - area.top)
                            let isInside =
                                (0..<area.size.width).contains(column)
                                && (0..<area.size.height).contains(row)
                            let within = (row * area.size.width + column) * 3 + channel
                            let grey = (114 * Float(0.5) - Float(channel + 1)) / Float(channel + 2)
                            let value = isInside ? inside[within] : grey
                            if abs(values[index] - value) > 1e-5 * max(1, abs(value)) { differences += 1 }
                            if stored[index] != (isInside ? bytesInside[within] : 114) { differences += 1 }
                        }
                    }
                }
                #expect(differences == 0)
            }
        }
    }

    private func tensor(_ pixels: Pixels, _ ingest: inout Ingest, _ area: ImageArea) -> [Float] {
        var values = [Float](repeating: .nan, count: ingest.format.size.width * ingest.format.size.height * 3)
        values.withUnsafeMutableBufferPointer { values in pixels.withImage { ingest.fill(values, from: $0, in: area) } }
        return values
    }

    private func tensor(_ pixels: Pixels, _ format: InputFormat, _ rule: ResizeRule) -> [Float] {
        var ingest = Ingest(format: format, rule: rule)
        return tensor(pixels, &ingest, ImageArea(size: format.size))
    }

    private func bytes(_ pixels: Pixels, _ ingest: inout Ingest, _ area: ImageArea) -> [UInt8] {
        var values = [UInt8](repeating: 1, count: ingest.format.size.width * ingest.format.size.height * 3)
        values.withUnsafeMutableBufferPointer { values in pixels.withImage { ingest.fill(values, from: $0, in: area) } }
        return values
    }

    private func bytes(_ pixels: Pixels, _ format: InputFormat, _ rule: ResizeRule) -> [UInt8] {
        var ingest = Ingest(format: format, rule: rule)
        return bytes(pixels, &ingest, ImageArea(size: format.size))
    }
}
