import Pixels
import Vision

/// A decoder with what it decodes into, as one thread of a program has them.
final class JPEGBuffers {
    /// Small limits, so that the time of an input goes into its bytes and not into its pixels.
    var decoder = JPEGDecoder(limits: JPEGLimits(side: 2048, pixels: 1 << 18, scans: 20, memory: 32 << 20))
    var image = Image()
    var planes = PlanarImage()

    /// The image's size, or why there is none.
    func decode(_ bytes: UnsafeRawBufferPointer, _ size: ImageSize? = nil) -> Result<ImageSize, JPEGError> {
        do throws(JPEGError) {
            return .success(try decoder.decode(bytes, into: &image, atLeast: size))
        } catch {
            return .failure(error)
        }
    }

    func hasSameImage(as other: JPEGBuffers) -> Bool {
        image.size == other.image.size && image.pixels.elementsEqual(other.image.pixels)
    }
}
