import CLinux

/// Why clients that asked for an image do not get one. Numbers are errno values.
public enum ImageError: Error, Equatable {
    case tooLarge
    /// No memory or no descriptor.
    case noMemory(Int32)
}

/// A copy of a frame's pixels: a file in memory (memfd) with the bytes as they were captured. A plain value, so that nothing
/// is allocated for it. Several may hold it: the kernel counts them, and frees the memory with the last.
public struct CapturedImage {
    /// Bytes of the largest image that is given away: 1920x1080 in any format.
    public static var maximumByteCount: Int { 8 << 20 }

    /// The file: its owner reads it, and seals it before a client gets it.
    public let descriptor: Int32
    /// What the bytes are.
    public private(set) var shape = PixelShape(format: .mjpeg, size: ImageSize(width: 0, height: 0))
    /// Where each plane begins in the file.
    public private(set) var offsets: InlineArray<3, Int> = [0, 0, 0]
    /// What the image is turned by before anybody looks at it: clockwise, in degrees; 0, 90, 180 or 270.
    public private(set) var rotation = 0
    /// Of the image, with which the file begins.
    public private(set) var byteCount = 0
    /// Of the mask behind the image, a byte for each pixel; empty where there is none.
    public private(set) var maskSize = ImageSize(width: 0, height: 0)

    /// An empty one.
    public init() throws(ImageError) {
        var descriptor: Int32 = -1
        let error = clinux_memfd_create("swiftlet-picture", &descriptor)
        guard error == 0 else { throw .noMemory(error) }
        self.descriptor = descriptor
    }

    private init(_ other: CapturedImage, _ descriptor: Int32) {
        (self.descriptor, shape, offsets) = (descriptor, other.shape, other.offsets)
        (rotation, byteCount, maskSize) = (other.rotation, other.byteCount, other.maskSize)
    }

    /// The same image for one holder more, who closes it.
    public func retained() throws(ImageError) -> CapturedImage {
        var copy: Int32 = -1
        let error = clinux_duplicate(descriptor, &copy)
        guard error == 0 else { throw .noMemory(error) }
        return CapturedImage(self, copy)
    }

    /// Once, by each holder.
    public func close() { _ = clinux_close(descriptor) }

    /// Takes an image's bytes in place of what was in there, its planes one after the other. It is rotated by that many
    /// degrees, clockwise, before anybody looks at it.
    public mutating func fill(_ pixels: PixelBuffer, rotation: Int = 0) throws(ImageError) {
        shape = pixels.shape
        self.rotation = rotation
        byteCount = 0
        maskSize = ImageSize(width: 0, height: 0)
        let count = shape.format.planeCount
        var needed = 0
        for plane in 0..<count { needed += pixels.planes[plane].count }
        guard needed <= Self.maximumByteCount else { throw .tooLarge }
        var error = clinux_memfd_cut(descriptor, 0)
        for plane in 0..<count where error == 0 {
            offsets[plane] = byteCount
            guard let start = pixels.planes[plane].baseAddress else { continue }
            error = clinux_memfd_write(descriptor, start, pixels.planes[plane].count, UInt64(byteCount))
            byteCount += pixels.planes[plane].count
        }
        guard error == 0 else { throw .noMemory(error) }
    }

    /// Puts the class of each pixel, row by row, behind the image. The rows cover the upright image, at another size.
    public mutating func add(mask: UnsafeBufferPointer<UInt8>, size: ImageSize) throws(ImageError) {
        precondition(mask.count == size.width * size.height && maskSize.width == 0)
        guard let start = mask.baseAddress else { return }
        let error = clinux_memfd_write(descriptor, start, mask.count, UInt64(byteCount))
        guard error == 0 else { throw .noMemory(error) }
        maskSize = size
    }
}
