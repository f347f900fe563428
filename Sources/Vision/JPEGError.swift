import CJPEG

/// Why a JPEG was not decoded, or a picture not encoded.
public enum JPEGError: Error, Equatable, Sendable {
    /// The bytes do not begin with a JPEG.
    case notJPEG
    /// The data, or its end marker, ends early. What was there is not given out: half a picture gives wrong detections.
    case truncated
    /// libjpeg refused the data; the code is one of jerror.h.
    case corrupt(code: Int32)
    /// A lossless, hierarchical or 12-bit JPEG; the code is one of jerror.h.
    case unsupported(code: Int32)
    /// CMYK, or another number of components than one or three.
    case colourSpace(components: Int)
    /// A side or the number of pixels is beyond `JPEGLimits`.
    case tooLarge(PictureSize)
    /// A progressive picture has more scans than `JPEGLimits` allow.
    case tooManyScans
    case outOfMemory

    init(_ status: cjpeg_status, code: Int32) {
        switch status {
        case CJPEG_NOT_JPEG: self = .notJPEG
        case CJPEG_TRUNCATED: self = .truncated
        case CJPEG_UNSUPPORTED: self = .unsupported(code: code)
        case CJPEG_TOO_MANY_SCANS: self = .tooManyScans
        case CJPEG_OUT_OF_MEMORY: self = .outOfMemory
        default: self = .corrupt(code: code)
        }
    }
}

/// Bounds on the pictures that are decoded. The header is checked against them before anything is decoded.
///
/// The defaults suit a board with 512 MiB: 33 million pixels, which decoded at full size take 96 MiB more. A picture
/// beyond them has to be scaled down; a progressive one that only lacks memory can be saved as baseline instead.
public struct JPEGLimits: Sendable {
    /// The largest width and height, in pixels.
    public var side: Int
    /// The largest width times height.
    public var pixels: Int
    /// The most scans of a progressive picture: each costs a pass over all of it, however few bytes it has.
    public var scans: Int
    /// What libjpeg may take, in bytes: a progressive picture needs 2 to 6 per pixel, a baseline one some rows.
    public var memory: Int

    /// `memory` is in bytes.
    public init(side: Int = 16_384, pixels: Int = 1 << 25, scans: Int = 100, memory: Int = 128 << 20) {
        self.side = side
        self.pixels = pixels
        self.scans = scans
        self.memory = memory
    }

    func allow(_ size: PictureSize) -> Bool {
        size.width <= side && size.height <= side && size.width * size.height <= pixels
    }
}
