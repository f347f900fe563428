import Pixels
import Vision

/// A picture whose bytes change while it is decoded, as a camera's do that writes into a buffer which it has handed over:
/// whatever comes of it, memory holds, and the decoder's next picture is the one that a new decoder makes of it.
struct ChangingJPEGTarget: FuzzTarget {
    static let name = "changing-jpeg"
    static let longest = 16 << 10

    private let buffers = JPEGBuffers()

    func run(_ bytes: UnsafeRawBufferPointer) {
        let small = PictureSize(width: 32, height: 32)
        withChangingBytes(bytes) { changing in
            if case .success(let size) = buffers.decode(changing) {
                guard buffers.picture.size == size, buffers.picture.pixels.count == 3 * size.width * size.height else {
                    fatalError("a picture of another size than was told")
                }
            }
            _ = try? buffers.decoder.decodePlanes(changing, into: &buffers.planes, atLeast: small)
        }
        let still = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)])
        let fresh = JPEGBuffers()
        let result = buffers.decode(still)
        guard result == fresh.decode(still) else { fatalError("a picture depends on those before it") }
        guard case .success = result else { return }
        guard buffers.hasSamePicture(as: fresh) else { fatalError("pixels depend on the pictures before") }
    }
}
