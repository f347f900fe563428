import Camera

extension PixelFormat {
    /// As `swiftlet cameras` and the log call it.
    public var name: StaticString {
        switch self {
        case .yuyv: "YUYV"
        case .uyvy: "UYVY"
        case .nv12: "NV12"
        case .yuv420: "YUV420"
        case .rgb24: "RGB24"
        case .bgr24: "BGR24"
        case .grey: "GREY"
        case .mjpeg: "MJPEG"
        }
    }

    /// The format of that `name`, or of that fourcc; in letters of any case.
    public init?(name: [UInt8]) {
        func isSame(_ byte: UInt8, _ letter: UInt8) -> Bool {
            byte == letter || ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter) && byte == letter | 0x20)
        }
        for format in Self.allCases {
            let known = format.name
            var code: InlineArray<4, UInt8> = [0, 0, 0, 0]
            for index in 0..<4 { code[index] = UInt8(truncatingIfNeeded: format.fourcc >> UInt32(8 * index)) }
            var isName = name.count == known.utf8CodeUnitCount, isCode = name.count == 4
            for index in name.indices {
                isName = isName && isSame(name[index], known.utf8Start[index])
                isCode = isCode && isSame(name[index], code[index])
            }
            guard isName || isCode else { continue }
            self = format
            return
        }
        return nil
    }
}
