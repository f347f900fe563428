/// The colours of YCbCr frames, from the driver's colour space, encoding and quantisation fields.
public struct ColourEncoding: Equatable, Sendable {
    /// The weights of red, green and blue in Y: those of ITU-R BT.601 or BT.709.
    public enum Matrix: Sendable { case bt601, bt709 }

    /// Of no meaning for formats that are not YCbCr, as is the range.
    public var matrix: Matrix
    /// Whether Y, Cb and Cr use all of 0...255, as in JPEG, or 16...235 and 16...240.
    public var isFullRange: Bool

    /// For pictures that do not come from V4L2, whose own fields tell.
    public init(matrix: Matrix, isFullRange: Bool) {
        self.matrix = matrix
        self.isFullRange = isFullRange
    }

    /// V4L2's numbers; where the driver leaves one at 0, its default follows from the colour space
    /// (`V4L2_MAP_YCBCR_ENC_DEFAULT`, `V4L2_MAP_QUANTIZATION_DEFAULT`).
    init(colourSpace: UInt32, encoding: UInt32, quantisation: UInt32) {
        let rec709: UInt32 = 3, jpeg: UInt32 = 7, dciP3: UInt32 = 12
        switch encoding {
        // V4L2_YCBCR_ENC_601, _XV601, _SYCC.
        case 1, 3, 5: matrix = .bt601
        // V4L2_YCBCR_ENC_709, _XV709; BT.2020's weights are nearer to BT.709's than to BT.601's.
        case 2, 4, 6, 7: matrix = .bt709
        default: matrix = colourSpace == rec709 || colourSpace == dciP3 ? .bt709 : .bt601
        }
        isFullRange = quantisation == 1 || (quantisation == 0 && colourSpace == jpeg)
    }
}

/// The pixels of a frame in the driver's memory, lent until the source is asked for the next frame.
public struct CapturedImage {
    /// The rows of one plane.
    public struct Plane {
        /// From the first row's first pixel to the last row's last; not owned.
        public var bytes: UnsafeRawBufferPointer
        /// The distance between two rows; every row of pixels lies within `bytes`.
        public var rowBytes: Int

        /// `rowBytes` is at least a row of pixels.
        public init(bytes: UnsafeRawBufferPointer, rowBytes: Int) {
            self.bytes = bytes
            self.rowBytes = rowBytes
        }
    }

    /// How `planes` hold the pixels.
    public var format: PixelFormat
    /// In pixels.
    public var width: Int
    /// In pixels.
    public var height: Int
    /// Of YCbCr formats.
    public var colour: ColourEncoding
    /// As many as the format has; of MJPEG one, which is the JPEG.
    public var planes: InlineArray<3, Plane>

    /// The planes are as large as the rest says: `FrameLayout` checks what comes from a driver.
    public init(
        format: PixelFormat, width: Int, height: Int, colour: ColourEncoding, planes: InlineArray<3, Plane>
    ) {
        self.format = format
        self.width = width
        self.height = height
        self.colour = colour
        self.planes = planes
    }
}

/// One frame of a live camera.
public struct CapturedFrame {
    /// Void once the camera is asked for the next frame.
    public let image: CapturedImage
    /// Counts the frames that the camera made while it was open, from 0: a gap is a frame that was left out.
    public let sequence: UInt64
    /// Nanoseconds of CLOCK_MONOTONIC, from the driver where that tells.
    public let capturedMonotonic: UInt64
    /// The same moment in nanoseconds since 1970.
    public let capturedRealtime: UInt64
    /// Whether the driver marked it as damaged, as it does with all of this camera's frames: it is to be used where
    /// nothing else is wrong with it.
    public let isFlagged: Bool
}
