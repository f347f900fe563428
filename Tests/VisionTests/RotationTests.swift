import Pixels
import TestSupport
import Testing

@testable import Vision

/// Images of cameras that are mounted turned.
@Suite struct RotationTests {
    private static let orientations: [Orientation] = (1...8).map { Orientation(rawValue: $0)! }
    private static let quarters = [0, 90, 180, 270]

    private func turned(_ pixels: Pixels, _ orientation: Orientation) -> Pixels {
        pixels.withImage { stored in
            var image = Image()
            image.set(stored, turnedUprightFrom: orientation)
            return Pixels(image)
        }
    }

    /// The corner that comes first, read off an image of three by two.
    @Test(arguments: [(0, 0, 1), (90, 3, 0), (180, 5, 4), (270, 2, 5)]) func clockwise(
        degrees: Int, first: Int, second: Int
    ) throws {
        let numbers = Pixels(width: 3, height: 2, bytes: (0..<6).flatMap { [UInt8]([$0, $0, $0]) })
        let orientation = try #require(Orientation(clockwise: degrees))
        let result = turned(numbers, orientation)
        #expect(result[0, 0][0] == UInt8(first) && result[1, 0][0] == UInt8(second))
    }

    @Test func noQuartersAreNone() {
        for degrees in [-90, 1, 45, 360, Int.max] { #expect(Orientation(clockwise: degrees) == nil) }
    }

    /// Turned upright by EXIF and then by the setting is the same as once by both.
    @Test func orientationsJoin() {
        let pixels = Pixels(width: 5, height: 3, seed: 3)
        for first in Self.orientations {
            for second in Self.orientations {
                #expect(turned(turned(pixels, first), second) == turned(pixels, first.then(second)), "\(first) \(second)")
            }
        }
    }

    /// A view of any layout is turned as its image is.
    @Test func viewsAreTurnedAsImagesAre() {
        var turner = TurnedImage()
        for (width, height) in [(5, 3), (1, 9), (33, 65), (64, 32)] {
            let pixels = Pixels(width: width, height: height, seed: UInt64(width))
            for orientation in Self.orientations {
                let result = pixels.withImage { image in
                    var result = Image()
                    result.set(turner.view(of: image.view, turnedUprightFrom: orientation))
                    return Pixels(result)
                }
                #expect(result == turned(pixels, orientation), "\(width)x\(height) \(orientation)")
            }
        }
    }

    /// YUYV: chroma with half the samples across has half of them down once it is turned.
    @Test func packedChromaIsTurnedToo() {
        let (width, height) = (8, 4)
        var random = SeededGenerator(seed: 9)
        let bytes = (0..<2 * width * height).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes.withUnsafeBufferPointer { bytes in
            let size = ImageSize(width: width, height: height)
            let half = ImageSize(width: width / 2, height: height)
            let channels: InlineArray<3, PixelChannel> = [
                PixelChannel(plane: 0, offset: 0, step: 2, size: size),
                PixelChannel(plane: 0, offset: 1, step: 4, size: half, across: .onePerTwo),
                PixelChannel(plane: 0, offset: 3, step: 4, size: half, across: .onePerTwo),
            ]
            let plane = PixelView.Plane(start: bytes.baseAddress!, rowBytes: 2 * width)
            let view = PixelView(
                layout: PixelLayout(size: size, colours: .yCbCr(.jpeg), channels: channels),
                planes: InlineArray(repeating: plane))
            var turner = TurnedImage()
            for degrees in Self.quarters {
                let result = turner.view(of: view, turnedUprightFrom: Orientation(clockwise: degrees)!)
                let sides = result.layout.size
                #expect(sides == (degrees % 180 == 0 ? size : ImageSize(width: height, height: width)))
                for y in 0..<sides.height {
                    for x in 0..<sides.width {
                        let (column, row) =
                            switch degrees {
                            case 90: (y, height - 1 - x)
                            case 180: (width - 1 - x, height - 1 - y)
                            case 270: (width - 1 - y, x)
                            default: (x, y)
                            }
                        func sample(_ index: Int) -> UInt8 {
                            let channel = result.layout.channels[index], plane = result.planes[channel.plane]
                            let across = x * channel.across.samples / channel.across.pixels
                            let down = y * channel.down.samples / channel.down.pixels
                            return plane.start[channel.offset + down * plane.rowBytes + across * channel.step]
                        }
                        let pair = row * 2 * width + column / 2 * 4
                        #expect(sample(0) == bytes[row * 2 * width + 2 * column])
                        #expect(sample(1) == bytes[pair + 1] && sample(2) == bytes[pair + 3])
                    }
                }
            }
        }
    }

    /// What jpegtran made of the same JPEG. It turns coefficients: libjpeg's integer transform of those rounds otherwise by
    /// one or two.
    @Test(arguments: ["420", "422"], quarters) func aDecodedJPEGIsThatOfJpegtran(sampling: String, degrees: Int) throws {
        let rotation = try #require(Orientation(clockwise: degrees))
        let stored = try fixtureBytes("turned/\(sampling)-0.jpg")
        let expected = try fixtureBytes("turned/\(sampling)-\(degrees).jpg")
        var plain = JPEGDecoder(), turning = JPEGDecoder(rotation: rotation)
        var reference = Image(), image = Image()
        for size in [nil, ImageSize(width: 30, height: 30), ImageSize(width: 10, height: 40)] {
            let full = try expected.withUnsafeBytes { try plain.decode($0, into: &reference, atLeast: size) }
            #expect(try stored.withUnsafeBytes { try turning.decode($0, into: &image, atLeast: size) } == full)
            #expect(image.size == reference.size)
            #expect(distance(image.pixels, reference.pixels) <= 12, "chroma is interpolated in the stored direction")
            guard let size else { continue }
            var planes = PlanarImage(), turned = TurnedImage(), expectedPlanes = PlanarImage()
            _ = try expected.withUnsafeBytes { try plain.decodePlanes($0, into: &expectedPlanes, atLeast: size) }
            let found = try stored.withUnsafeBytes { try turning.decodePlanes($0, into: &planes, atLeast: size) }
            #expect(found.map { rotation.upright($0) } == full)
            let (a, b) = (turned.view(of: planes.view, turnedUprightFrom: rotation), expectedPlanes.view)
            #expect(a.layout.size == b.layout.size)
            for index in 0..<3 {
                let (mine, theirs) = (a.layout.channels[index], b.layout.channels[index])
                #expect(mine.size == theirs.size)
                for y in 0..<mine.size.height {
                    for x in 0..<mine.size.width {
                        let value = a.planes[index].start[y * a.planes[index].rowBytes + x]
                        #expect(abs(Int(value) - Int(b.planes[index].start[y * b.planes[index].rowBytes + x])) <= 2)
                    }
                }
            }
        }
    }

    private func distance(_ a: UnsafeMutableBufferPointer<UInt8>, _ b: UnsafeMutableBufferPointer<UInt8>) -> Int {
        zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0
    }

    /// EXIF counts first: an image that is upright after it is turned like one that was stored upright.
    @Test func exifStillCounts() throws {
        let bytes = try fixtureBytes("vision/progressive-rotated-32x24.jpg")
        var plain = JPEGDecoder()
        var upright = Image()
        let size = try bytes.withUnsafeBytes { try plain.decode($0, into: &upright) }
        #expect(plain.orientation != .upright)
        for degrees in Self.quarters {
            let rotation = try #require(Orientation(clockwise: degrees))
            var decoder = JPEGDecoder(rotation: rotation)
            var image = Image()
            #expect(try bytes.withUnsafeBytes { try decoder.decode($0, into: &image) } == rotation.upright(size))
            #expect(Pixels(image) == turned(Pixels(upright), rotation))
            var planes = PlanarImage()
            let none = try bytes.withUnsafeBytes { try decoder.decodePlanes($0, into: &planes, atLeast: size) }
            #expect(none == nil)
        }
    }
}
