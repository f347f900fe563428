import CLinux

/// What the bytes of a captured picture mean.
public struct PictureLayout: Sendable {
    /// Rows of pixels, one after the other.
    public struct Plane: Sendable {
        /// Bytes before the first row.
        public var offset: Int
        /// The distance between two rows.
        public var rowBytes: Int

        /// Both in bytes.
        public init(offset: Int, rowBytes: Int) {
            self.offset = offset
            self.rowBytes = rowBytes
        }
    }

    /// Bytes of the largest picture that is given away: 1920x1080 in any format.
    public static var mostBytes: Int { 8 << 20 }

    /// A fourcc of V4L2: four characters, the first in the lowest byte.
    public var format: UInt32
    /// 0 for a JPEG, which says everything else itself.
    public var planeCount: Int
    /// The first `planeCount` mean something.
    public var planes: InlineArray<3, Plane>
    /// How Y, Cb and Cr become colours: by ITU-R BT.709 or BT.601, of the full or the limited range.
    public var isBT709: Bool
    /// Whether Y, Cb and Cr use all of 0...255, or 16...235 and 16...240.
    public var isFullRange: Bool
    /// What the picture is turned by before anybody looks at it: clockwise, in degrees; 0, 90, 180 or 270.
    public var rotation: Int

    /// By default a JPEG's.
    public init(
        format: UInt32, planeCount: Int = 0,
        planes: InlineArray<3, Plane> = InlineArray(repeating: Plane(offset: 0, rowBytes: 0)), isBT709: Bool = false,
        isFullRange: Bool = false, rotation: Int = 0
    ) {
        self.rotation = rotation
        self.format = format
        self.planeCount = planeCount
        self.planes = planes
        self.isBT709 = isBT709
        self.isFullRange = isFullRange
    }
}

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
    let descriptor: Int32
    private(set) var layout = PictureLayout(format: 0)
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

    /// Takes a picture's bytes in place of what was in there: `parts` one after the other, of which `layout` has as
    /// many planes, or one JPEG. Their offsets are set here.
    public mutating func fill(
        _ layout: PictureLayout, _ parts: InlineArray<3, UnsafeRawBufferPointer>
    ) throws(PictureError) {
        self.layout = layout
        byteCount = 0
        let count = max(layout.planeCount, 1)
        var needed = 0
        for index in 0..<count { needed += parts[index].count }
        guard needed <= PictureLayout.mostBytes else { throw .tooLarge }
        var error = clinux_memfd_cut(descriptor, 0)
        for index in 0..<count where error == 0 {
            self.layout.planes[index].offset = byteCount
            guard let start = parts[index].baseAddress else { continue }
            error = clinux_memfd_write(descriptor, start, parts[index].count, UInt64(byteCount))
            byteCount += parts[index].count
        }
        guard error == 0 else { throw .noMemory(error) }
    }
}
