import Pixels
import Vision

/// A decoder with what it decodes into, as one thread of a program has them.
final class JPEGBuffers {
    /// Small limits, so that the time of an input goes into its bytes and not into its pixels.
    var decoder = JPEGDecoder(limits: JPEGLimits(side: 2048, pixels: 1 << 18, scans: 20, memory: 32 << 20))
    var picture = Picture()
    var planes = PlanarPicture()

    /// The picture's size, or why there is none.
    func decode(_ bytes: UnsafeRawBufferPointer, _ size: PictureSize? = nil) -> Result<PictureSize, JPEGError> {
        do throws(JPEGError) {
            return .success(try decoder.decode(bytes, into: &picture, atLeast: size))
        } catch {
            return .failure(error)
        }
    }

    func hasSamePicture(as other: JPEGBuffers) -> Bool {
        picture.size == other.picture.size && picture.pixels.elementsEqual(other.picture.pixels)
    }
}
