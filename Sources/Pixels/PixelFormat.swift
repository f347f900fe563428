/// How an image lays out its pixels: the one list of names that cameras, pipes, options and the stream use.
public enum PixelFormat: Equatable, Sendable, CaseIterable {
    /// Packed 4:2:2: Y0 Cb Y1 Cr.
    case yuyv
    /// Packed 4:2:2: Cb Y0 Cr Y1.
    case uyvy
    /// 4:2:0: a plane of Y, and one of Cb and Cr in turn.
    case nv12
    /// 4:2:0: planes of Y, Cb and Cr.
    case yuv420
    case rgb24
    case bgr24
    case grey
    /// A JPEG per frame.
    case mjpeg

    /// Four-character codes by V4L2 (`linux/videodev2.h`), least significant first. The second of 4:2:0 is that of planes
    /// in memory of their own.
    public init?(fourcc: UInt32) {
        switch fourcc {
        case Self.code("YUYV"): self = .yuyv
        case Self.code("UYVY"): self = .uyvy
        case Self.code("NV12"), Self.code("NM12"): self = .nv12
        case Self.code("YU12"), Self.code("YM12"): self = .yuv420
        case Self.code("RGB3"): self = .rgb24
        case Self.code("BGR3"): self = .bgr24
        case Self.code("GREY"): self = .grey
        case Self.code("MJPG"), Self.code("JPEG"): self = .mjpeg
        default: return nil
        }
    }

    /// What it is called, here and by V4L2.
    private var names: (name: StaticString, code: StaticString) {
        switch self {
        case .yuyv: ("YUYV", "YUYV")
        case .uyvy: ("UYVY", "UYVY")
        case .nv12: ("NV12", "NV12")
        case .yuv420: ("YUV420", "YU12")
        case .rgb24: ("RGB24", "RGB3")
        case .bgr24: ("BGR24", "BGR3")
        case .grey: ("GREY", "GREY")
        case .mjpeg: ("MJPEG", "MJPG")
        }
    }

    /// The format's four-character code; of 4:2:0 that of planes one after the other.
    public var fourcc: UInt32 { Self.code(names.code) }
    /// As options, `swiftlet cameras` and the log call it.
    public var name: StaticString { names.name }

    /// The bytes of a plane's row of pixels without padding; 0 where there is no such plane.
    public func rowBytes(plane: Int, width: Int) -> Int {
        switch (self, plane) {
        case (.yuyv, 0), (.uyvy, 0): (width + 1) / 2 * 4
        case (.nv12, 0), (.yuv420, 0), (.grey, 0): width
        case (.nv12, 1): (width + 1) / 2 * 2
        case (.yuv420, 1), (.yuv420, 2): (width + 1) / 2
        case (.rgb24, 0), (.bgr24, 0): 3 * width
        default: 0
        }
    }

    /// The rows of a plane.
    public func rows(plane: Int, height: Int) -> Int {
        switch self {
        case .nv12, .yuv420: plane == 0 ? height : (height + 1) / 2
        default: plane == 0 ? height : 0
        }
    }

    /// 1...3.
    public var planeCount: Int {
        switch self {
        case .nv12: 2
        case .yuv420: 3
        default: 1
        }
    }

    /// The format of that `name`, or of that fourcc; in letters of any case.
    public init?<Letters: Collection>(name: Letters) where Letters.Element == UInt8 {
        func isSame(_ byte: UInt8, _ letter: UInt8) -> Bool {
            byte == letter || ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter) && byte == letter | 0x20)
        }
        for format in Self.allCases {
            let known = format.name
            var isName = name.count == known.utf8CodeUnitCount, isCode = name.count == 4
            for (index, byte) in name.enumerated() {
                isName = isName && isSame(byte, known.utf8Start[index])
                isCode = isCode && isSame(byte, UInt8(truncatingIfNeeded: format.fourcc >> UInt32(8 * index)))
            }
            guard isName || isCode else { continue }
            self = format
            return
        }
        return nil
    }

    private static func code(_ text: StaticString) -> UInt32 {
        var code: UInt32 = 0
        for index in 0..<4 { code |= UInt32(text.utf8Start[index]) << UInt32(8 * index) }
        return code
    }
}
