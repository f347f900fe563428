import Foundation
import Pixels
import Stream
import TestSupport
import Testing
import Vision

/// What a snapshot's line says of its bytes, on the way out and back.
@Suite struct SnapshotPixelsTests {
    static let formats = PixelFormat.allCases.filter { $0 != .mjpeg }

    /// A frame of one colour (Y 81, Cb 90, Cr 240 is a red; RGB 200, 100, 50) with padded rows.
    private func bytes(_ format: PixelFormat, width: Int, height: Int, padding: Int) -> [[UInt8]] {
        let pixel: [[UInt8]] =
            switch format {
            case .yuyv: [[81, 90, 81, 240]]
            case .uyvy: [[90, 81, 240, 81]]
            case .nv12: [[81], [90, 240]]
            case .yuv420: [[81], [90], [240]]
            case .rgb24: [[200, 100, 50]]
            case .bgr24: [[50, 100, 200]]
            case .grey: [[77]]
            case .mjpeg: []
            }
        return pixel.indices.map { plane in
            let rowBytes = format.rowBytes(plane: plane, width: width)
            var row: [UInt8] = []
            while row.count < rowBytes { row += pixel[plane] }
            row += [UInt8](repeating: 0, count: padding)
            return [[UInt8]](repeating: row, count: format.rows(plane: plane, height: height)).flatMap { $0 }
        }
    }

    /// Calls `body` with the line and bytes of a snapshot of one colour.
    private func withSnapshot(
        _ format: PixelFormat, width: Int, height: Int,
        _ body: (inout StreamLine, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let padding = 6
        let planes = bytes(format, width: width, height: height, padding: padding)
        let all = UnsafeMutableRawBufferPointer.allocate(byteCount: planes.reduce(0) { $0 + $1.count }, alignment: 1)
        let code = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
        defer {
            all.deallocate()
            code.deallocate()
        }
        all.copyBytes(from: planes.joined())
        for index in 0..<4 { code[index] = UInt8(truncatingIfNeeded: format.fourcc >> UInt32(8 * index)) }
        var line = StreamLine()
        line.format = UnsafeRawBufferPointer(code)
        (line.width, line.height, line.byteCount, line.planeCount) = (width, height, all.count, planes.count)
        var offset = 0
        for index in planes.indices {
            line.offsets[index] = offset
            line.rowBytes[index] = format.rowBytes(plane: index, width: width) + padding
            offset += planes[index].count
        }
        try body(&line, UnsafeRawBufferPointer(all))
    }

    @Test(arguments: formats) func everyFormatBecomesTheImageItWas(format: PixelFormat) throws {
        try withSnapshot(format, width: 38, height: 21) { line, bytes in
            let captured = try #require(line.pixels(in: bytes))
            #expect(captured.format == format && PixelFormat(fourcc: format.fourcc) == format)
            var image = Image()
            image.set(try #require(captured.view))
            #expect(image.size == ImageSize(width: 38, height: 21))
            // BT.601's red of the limited range is 255, 0, 0 within a rounding.
            let expected = format == .grey ? [77, 77, 77] : format.isRGB ? [200, 100, 50] : [254, 0, 0]
            for (index, value) in image.pixels.enumerated() {
                try #require(abs(Int(value) - expected[index % 3]) <= 1, "\(index): \(value)")
            }
        }
    }

    /// Whatever a line claims, no byte outside is read: memory of just the size, for AddressSanitizer.
    @Test(arguments: formats) func whatDoesNotFitIsRejected(format: PixelFormat) throws {
        var random = SeededGenerator(seed: 3)
        var accepted = 0, rejected = 0
        try withSnapshot(format, width: 38, height: 21) { original, bytes in
            for _ in 0..<300 {
                var line = original
                let values = [0, 1, 2, 37, 38, 39, 60, 1000, 65_535, CapturedImage.maximumByteCount]
                let value = values.randomElement(using: &random)!
                let plane = Int.random(in: 0..<3, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: line.width = max(value, 1)
                case 1: line.height = max(value, 1)
                case 2: line.offsets[plane] = value
                case 3: line.rowBytes[plane] = max(value, 1)
                default: line.planeCount = Int.random(in: 0...3, using: &random)
                }
                guard let captured = line.pixels(in: bytes) else {
                    rejected += 1
                    continue
                }
                accepted += 1
                var image = Image()
                if let view = captured.view { image.set(view) }
                #expect(image.size == ImageSize(width: line.width, height: line.height))
            }
            let short = UnsafeRawBufferPointer(rebasing: bytes.dropLast(7))
            #expect(original.pixels(in: short) == nil)
        }
        #expect(accepted > 10 && rejected > 100)
    }
}

extension PixelFormat {
    fileprivate var isRGB: Bool { self == .rgb24 || self == .bgr24 }
}
