import Pixels
import Vision

/// An image as `detect`, the daemon and the camera decode it: upright RGB and planes, at full size and at a fraction,
/// through one decoder for all inputs, and through one of its own: what came before changes nothing.
struct JPEGTarget: FuzzTarget {
    static let name = "jpeg"
    static let longest = 16 << 10
    static let seeds = ["Tests/Fixtures/jpeg", "Tests/Fixtures/vision"]

    private let buffers = JPEGBuffers()

    func run(_ bytes: UnsafeRawBufferPointer) {
        // The last byte, which comes behind EOI, chooses the fraction.
        let side = Int(bytes.last ?? 0) * 4
        let size = ImageSize(width: side, height: side)
        let wanted = side == 0 ? nil : size
        let fresh = JPEGBuffers()
        let warnings = buffers.decoder.warnings
        let result = buffers.decode(bytes, wanted)
        guard result == fresh.decode(bytes, wanted), buffers.decoder.warnings - warnings == fresh.decoder.warnings,
            buffers.decoder.orientation == fresh.decoder.orientation
        else { fatalError("an image depends on those before it") }
        if case .success(let full) = result {
            let found = buffers.image.size
            guard found.width > 0, found.height > 0, found.width <= full.width, found.height <= full.height else {
                fatalError("an image of another size than its header's")
            }
            guard buffers.hasSameImage(as: fresh) else { fatalError("pixels depend on the images before") }
        }
        _ = try? buffers.decoder.decodePlanes(bytes, into: &buffers.planes, atLeast: size)
    }
}
