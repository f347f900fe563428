import CJPEG
import Files

/// Why a JPEG was not decoded, or an image not encoded.
public enum JPEGError: Error, Equatable, Sendable {
    /// The bytes do not begin with a JPEG; what they are instead.
    case notJPEG(FileKind)
    /// The data ends before the image is complete. What was there is not given out: half an image gives wrong
    /// detections.
    case truncated
    /// libjpeg rejected the data; the code is one of jerror.h.
    case corrupt(code: Int32)
    /// A lossless, hierarchical or 12-bit JPEG, or one whose header leaves the height open; the code is one of jerror.h.
    case unsupported(code: Int32)
    /// Coded arithmetically: such data may end early without an error.
    case arithmetic
    /// CMYK, or another number of components than one or three.
    case colourSpace(components: Int)
    /// A side or the number of pixels is beyond `JPEGLimits`.
    case tooLarge(ImageSize)
    /// A progressive image has more scans than `JPEGLimits` allow.
    case tooManyScans
    /// The image's pixels, and what libjpeg needs to get at them, are beyond `JPEGLimits.memory`.
    case tooMuchMemory(ImageSize)
    /// The system has none.
    case outOfMemory

    init(_ status: cjpeg_status, code: Int32) {
        switch status {
        case CJPEG_NOT_JPEG: self = .notJPEG(.unknown)
        case CJPEG_TRUNCATED: self = .truncated
        case CJPEG_UNSUPPORTED: self = .unsupported(code: code)
        case CJPEG_ARITHMETIC: self = .arithmetic
        case CJPEG_TOO_MANY_SCANS: self = .tooManyScans
        case CJPEG_OUT_OF_MEMORY: self = .outOfMemory
        default: self = .corrupt(code: code)
        }
    }
}

/// Bounds on the images that are decoded. The header is checked against them before anything is decoded.
///
/// The defaults are for tools: 33 million pixels, of which an image that has to be turned takes 192 MiB decoded at full
/// size. An image beyond them has to be scaled down; a progressive one that only lacks memory can be saved as baseline
/// instead.
public struct JPEGLimits: Sendable {
    /// The largest width and height, in pixels.
    public var side: Int
    /// The largest width times height.
    public var pixels: Int
    /// The maximum of scans of a progressive image: each costs a pass over all of it, however few bytes it has.
    public var scans: Int
    /// What one image may take in bytes, decoded pixels and libjpeg's own memory together. At full size pixels take 3
    /// bytes each, twice if the image is turned. A progressive image takes 2 to 6 for each pixel that is stored,
    /// a baseline one some rows. Up to 4 MiB more stay in use from image to image.
    public var memory: Int

    /// For a program that runs for months beside others: a frame of 3840x2160 pixels at full size, or a baseline one
    /// of any size at the fraction of it that a network looks at.
    public static var live: JPEGLimits { JPEGLimits(memory: 25 << 20) }

    /// `memory` is in bytes.
    public init(side: Int = 16_384, pixels: Int = 1 << 25, scans: Int = 100, memory: Int = 256 << 20) {
        self.side = side
        self.pixels = pixels
        self.scans = scans
        self.memory = memory
    }

    func allow(_ size: ImageSize) -> Bool {
        size.width <= side && size.height <= side && size.width * size.height <= pixels
    }
}
