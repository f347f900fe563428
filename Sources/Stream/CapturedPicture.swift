import CLinux
import Pixels

/// Why clients that asked for a picture do not get one. Numbers are errno values.
public enum PictureError: Error, Equatable {
    case tooLarge
    /// No memory or no descriptor.
    case noMemory(Int32)
}

/// A picture on its way from capture to the clients: a file in memory (memfd) with the bytes as they were captured. It
/// is a plain value so that nothing is allocated for it; whoever holds it last calls `close` or hands it to
/// `StreamServer.publish`.
public struct CapturedPicture {
    /// Bytes of the largest picture that is given away: 1920x1080 in any format.
    public static var maximumByteCount: Int { 8 << 20 }

    let descriptor: Int32
    private(set) var shape = PixelShape(format: .mjpeg, size: PictureSize(width: 0, height: 0))
    /// Where each plane begins in the file.
    private(set) var offsets: InlineArray<3, Int> = [0, 0, 0]
    /// What the picture is turned by before anybody looks at it: clockwise, in degrees; 0, 90, 180 or 270.
    private(set) var rotation = 0
    private(set) var byteCount = 0

    /// An empty one.
    public init() throws(PictureError) {
        var descriptor: Int32 = -1
        let error = clinux_memfd_create("swiftlet-picture", &descriptor)
        guard error == 0 else { throw .noMemory(error) }
        self.descriptor = descriptor
    }

    /// Frees the memory, unless a client has it. Once, by whoever holds the picture last.
    public func close() { _ = clinux_close(descriptor) }

    /// Takes a picture's bytes in place of what was in there, its planes one after the other. It is turned by so many
    /// degrees, clockwise, before anybody looks at it.
    public mutating func fill(_ pixels: PixelBuffer, rotation: Int = 0) throws(PictureError) {
        shape = pixels.shape
        self.rotation = rotation
        byteCount = 0
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
}
