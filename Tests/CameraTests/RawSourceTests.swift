import Files
import Foundation
import Pixels
import Testing
import Threading

@testable import Camera

/// Raw frames through a real pipe, as rpicam-vid writes them: rows of Y padded, those of Cb and Cr by half of that.
@Suite struct RawSourceTests {
    private static let padding: UInt8 = 0xEE

    /// A frame whose samples are all different from their neighbours, and what its planes hold without padding.
    private func frame(_ number: Int, width: Int, height: Int, stride: Int) -> (bytes: [UInt8], planes: [[UInt8]]) {
        var bytes: [UInt8] = [], planes: [[UInt8]] = []
        for plane in 0..<3 {
            let columns = plane == 0 ? width : (width + 1) / 2, rows = plane == 0 ? height : (height + 1) / 2
            var samples: [UInt8] = []
            for row in 0..<rows {
                let line = (0..<columns).map { UInt8(truncatingIfNeeded: 31 * number + 7 * plane + 13 * row + $0) }
                samples += line
                bytes += line + [UInt8](repeating: Self.padding, count: (plane == 0 ? stride : stride / 2) - columns)
            }
            planes.append(samples)
        }
        return (bytes, planes)
    }

    /// Calls `body` with a source that reads what a thread writes in pieces of that many bytes.
    private func withSource(
        of bytes: [UInt8], pieces: Int = 1000, width: Int, height: Int, stride: Int?,
        _ body: (RawSource) throws -> Void
    ) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let source = try RawSource(
            path: "/proc/self/fd/\(reading)",
            PixelShape(format: .yuv420, size: ImageSize(width: width, height: height)), stride: stride, interrupt: -1)
        close(reading)
        let writer = try Threading.Thread("writer", stackByteCount: 128 << 10) {
            for start in Swift.stride(from: 0, to: bytes.count, by: pieces) {
                let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
                guard write(writing, piece, piece.count) == piece.count else { break }
            }
            close(writing)
        }
        try body(source)
        writer.join()
    }

    private func planes(_ pixels: PixelBuffer) -> [[UInt8]] {
        (0..<3).map { plane in
            let columns = pixels.format.rowBytes(plane: plane, width: pixels.size.width)
            return (0..<pixels.format.rows(plane: plane, height: pixels.size.height)).flatMap { row in
                pixels.planes[plane][(row * pixels.shape.rowBytes[plane])...].prefix(columns)
            }
        }
    }

    @Test(arguments: [(16, 8, nil), (16, 8, 64), (15, 7, 16), (800, 600, 832)] as [(Int, Int, Int?)])
    func framesComeAsTheyWereWritten(width: Int, height: Int, stride: Int?) throws {
        let frames = (0..<3).map {
            frame($0, width: width, height: height, stride: stride ?? width)
        }
        try withSource(of: frames.flatMap { $0.bytes }, width: width, height: height, stride: stride) { source in
            for (number, expected) in frames.enumerated() {
                guard case .frame(let found) = try source.next() else {
                    Issue.record("no frame \(number)")
                    return
                }
                #expect(found.sequence == UInt64(number) && planes(found.pixels) == expected.planes)
            }
            guard case .ended = try source.next() else {
                Issue.record("no end")
                return
            }
        }
    }

    /// Half a frame is no frame, and says what may be wrong.
    @Test func theRestOfAFrameIsRejected() throws {
        let bytes = frame(0, width: 16, height: 8, stride: 16).bytes
        try withSource(of: bytes + bytes.dropLast(5), width: 16, height: 8, stride: nil) { source in
            guard case .frame = try source.next(), case .bad(let reason, .index(1)) = try source.next() else {
                Issue.record("not a frame and a part of one")
                return
            }
            #expect(reason == .partial(bytes: 187, of: 192))
            guard case .ended = try source.next() else {
                Issue.record("no end")
                return
            }
        }
    }

    @Test func anEmptyPipeIsKnownAsSuch() throws {
        try withSource(of: [], width: 16, height: 8, stride: nil) { source in
            guard case .ended = try source.next() else {
                Issue.record("no end")
                return
            }
            #expect(source.content == .empty)
        }
    }

    @Test func whatCannotBeIsRejectedAtTheStart() throws {
        func open(_ format: PixelFormat, _ width: Int, _ height: Int, _ stride: Int?) throws -> RawSource {
            try RawSource(
                path: "/dev/null", PixelShape(format: format, size: ImageSize(width: width, height: height)),
                stride: stride, interrupt: -1)
        }
        #expect(throws: CameraError.strideTooSmall(minimum: 16)) { try open(.yuv420, 15, 8, 15) }
        #expect(throws: CameraError.strideTooSmall(minimum: 32)) { try open(.yuyv, 16, 8, 31) }
        #expect(throws: CameraError.frameTooLarge(limit: RawSource.frameLimit)) { try open(.rgb24, 16_384, 16_384, nil) }
        #expect(throws: CameraError.frameTooLarge(limit: RawSource.frameLimit)) { try open(.grey, 8, 8, .max / 16) }
        #expect(throws: CameraError.cannotOpen(ENOENT)) {
            try RawSource(
                path: "/nowhere/at/all", PixelShape(format: .grey, size: ImageSize(width: 8, height: 8)), stride: nil,
                interrupt: -1)
        }
    }

    @Test func aSignalEndsAWait() throws {
        let signal = try Event()
        signal.signal()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let source = try RawSource(
            path: "/proc/self/fd/\(ends[0])", PixelShape(format: .grey, size: ImageSize(width: 8, height: 8)),
            stride: nil, interrupt: signal.descriptor)
        guard case .interrupted = try source.next() else {
            Issue.record("not interrupted")
            return
        }
    }
}
