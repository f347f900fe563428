import Pixels
import TestSupport
import Vision

/// Pixels as an array, for images that tests compute with.
struct Pixels: Equatable {
    var width: Int
    var height: Int
    var bytes: [UInt8]

    init(width: Int, height: Int, bytes: [UInt8]) {
        precondition(bytes.count == width * height * 3)
        (self.width, self.height, self.bytes) = (width, height, bytes)
    }

    /// Noise: the generator's numbers, little endian, one after the other.
    init(width: Int, height: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < width * height * 3 {
            withUnsafeBytes(of: generator.next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        self.init(width: width, height: height, bytes: Array(bytes.prefix(width * height * 3)))
    }

    init(_ image: borrowing Image) {
        self.init(width: image.size.width, height: image.size.height, bytes: Array(image.pixels))
    }

    /// Such that neighbours differ little and no two corners are alike.
    static func smooth(width: Int, height: Int) -> Pixels {
        var bytes: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                bytes += [
                    UInt8(255 * x / max(width - 1, 1)), UInt8(255 * y / max(height - 1, 1)),
                    UInt8(127 * (x + y) / max(width + height - 2, 1)),
                ]
            }
        }
        return Pixels(width: width, height: height, bytes: bytes)
    }

    var size: ImageSize { ImageSize(width: width, height: height) }

    subscript(x: Int, y: Int) -> [UInt8] { Array(bytes[(y * width + x) * 3..<(y * width + x) * 3 + 3]) }

    /// `Image` is not copyable: a closure borrows it.
    func withImage<Result>(_ body: (borrowing Image) throws -> Result) rethrows -> Result {
        let image = Image(size: size)
        _ = image.pixels.update(from: bytes)
        return try body(image)
    }
}

/// The whole tensor that one image gives.
func tensor(_ pixels: Pixels, _ format: InputFormat, _ rule: ResizeRule) -> [Float] {
    var ingest = Ingest(format: format, rule: rule)
    return tensor(pixels, &ingest)
}

func tensor(_ pixels: Pixels, _ ingest: inout Ingest) -> [Float] {
    let count = ingest.format.size.width * ingest.format.size.height * 3
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
        let tensor = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
        tensor.initialize(repeating: .nan)
        pixels.withImage { ingest.fill(tensor, from: $0) }
        initialised = count
    }
}

/// Channel values as they are, so that a tensor shows the resized image.
func plain(_ width: Int, _ height: Int, _ order: ChannelOrder = .rgb) -> InputFormat {
    InputFormat(size: ImageSize(width: width, height: height), channelOrder: order, scale: 1)
}

func jpeg(_ pixels: Pixels, quality: Int = 90) throws -> [UInt8] {
    var encoder = JPEGEncoder(quality: quality)
    return try pixels.withImage { Array(try encoder.encode($0)) }
}

extension JPEGDecoder {
    /// The decoded pixels and the full size.
    mutating func decode(
        _ bytes: [UInt8], atLeast size: ImageSize? = nil
    ) throws(JPEGError) -> (pixels: Pixels, full: ImageSize) {
        var image = Image()
        let full: ImageSize
        do {
            full = try bytes.withUnsafeBytes { try decode($0, into: &image, atLeast: size) }
        } catch let error as JPEGError {
            throw error
        } catch {
            fatalError("\(error)")
        }
        return (Pixels(image), full)
    }
}
