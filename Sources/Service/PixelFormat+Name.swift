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
}
