import Vision

/// A picture as `detect`, the daemon and the camera decode it: upright RGB and planes, at full size and at a fraction,
/// through one decoder.
struct JPEGTarget: FuzzTarget {
    static let name = "jpeg"
    static let longest = 16 << 10
    static let seeds = ["Tests/Fixtures/jpeg", "Tests/Fixtures/vision"]

    private final class Buffers {
        /// Small, so that the time of an input goes into its bytes and not into its pixels.
        var decoder = JPEGDecoder(limits: JPEGLimits(side: 2048, pixels: 1 << 18, scans: 20, memory: 32 << 20))
        var picture = Picture()
        var planes = PlanarPicture()
    }
    private let buffers = Buffers()

    func run(_ bytes: UnsafeRawBufferPointer) {
        // The last byte, which comes behind EOI, chooses the fraction.
        let side = Int(bytes.last ?? 0) * 4
        let size = PictureSize(width: side, height: side)
        if let full = try? buffers.decoder.decode(bytes, into: &buffers.picture, atLeast: side == 0 ? nil : size) {
            let found = buffers.picture.size
            guard found.width > 0, found.height > 0, found.width <= full.width, found.height <= full.height else {
                fatalError("a picture of another size than its header's")
            }
        }
        _ = try? buffers.decoder.decodePlanes(bytes, into: &buffers.planes, atLeast: size)
    }
}
