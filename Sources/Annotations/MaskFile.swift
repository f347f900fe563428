import CPNG
import Foundation

/// The class of each pixel of an image, as common tools write it: a PNG with a palette, or a grey one, of up to 8 bits, whose
/// indices or values are the classes (PASCAL VOC, ADE20K, CVAT, Label Studio). 255 stands for pixels that are not judged.
public struct MaskFile: Sendable {
    /// Rows and columns.
    public let width: Int
    /// Of the image.
    public let height: Int
    /// Row by row without gaps.
    public let classes: [UInt8]

    /// The index of pixels that are not judged.
    public static let ignored: UInt8 = 255
    /// Bytes of the largest file.
    public static let largestFile = 256 << 20
    /// Pixels of the largest side, and of the largest image.
    private static let (largestSide, largestImage) = (UInt32(16_384), UInt32(1 << 26))

    /// Reads a whole file.
    public init(_ bytes: UnsafeRawBufferPointer) throws(AnnotationError) {
        var (width, height) = (UInt32(0), UInt32(0)), pixels: UnsafeMutablePointer<UInt8>?
        guard let start = bytes.baseAddress else { throw AnnotationError("is empty") }
        switch cpng_read(start, bytes.count, Self.largestSide, Self.largestImage, &width, &height, &pixels) {
        case CPNG_OK: break
        case CPNG_NOT_PNG: throw AnnotationError("is no PNG: masks are indexed or grey PNGs whose values are the classes")
        case CPNG_NOT_INDEXED:
            throw AnnotationError("has colours or more than 8 bits: masks are indexed or grey PNGs whose values are the classes")
        case CPNG_TOO_LARGE: throw AnnotationError("is larger than \(Self.largestImage) pixels")
        case CPNG_OUT_OF_MEMORY: throw AnnotationError("does not fit into memory")
        default: throw AnnotationError("is a damaged or incomplete PNG: export it again")
        }
        defer { free(pixels) }
        self.width = Int(width)
        self.height = Int(height)
        classes = Array(UnsafeBufferPointer(start: pixels, count: Int(width) * Int(height)))
    }
}
