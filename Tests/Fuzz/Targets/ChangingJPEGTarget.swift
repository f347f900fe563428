import Pixels
import Vision

/// An image whose bytes change while it is decoded, as a camera's do that writes into a buffer which it has handed over:
/// whatever comes of it, memory holds, and the decoder's next image is the one that a new decoder makes of it.
struct ChangingJPEGTarget: FuzzTarget {
    static let name = "changing-jpeg"
    static let longest = 16 << 10

    private let buffers = JPEGBuffers()

    func run(_ bytes: UnsafeRawBufferPointer) {
        let small = ImageSize(width: 32, height: 32)
        withChangingBytes(bytes) { changing in
            if case .success(let size) = buffers.decode(changing) {
                guard buffers.image.size == size, buffers.image.pixels.count == 3 * size.width * size.height else {
                    fatalError("an image of another size than was told")
                }
            }
            _ = try? buffers.decoder.decodePlanes(changing, into: &buffers.planes, atLeast: small)
        }
        let still = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)])
        let fresh = JPEGBuffers()
        let result = buffers.decode(still)
        guard result == fresh.decode(still) else { fatalError("an image depends on those before it") }
        guard case .success = result else { return }
        guard buffers.hasSameImage(as: fresh) else { fatalError("pixels depend on the images before") }
    }
}
