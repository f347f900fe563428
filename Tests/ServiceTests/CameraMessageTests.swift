import Camera
import Glibc
import Pixels
import Service
import Testing

/// What people read when a driver rejects: what is wrong and what to do.
@Suite struct CameraMessageTests {
    @Test(arguments: [
        (CameraError.driver(.start, ENOSPC), "not enough USB bandwidth", "smaller size or MJPEG"),
        (.driver(.start, EBUSY), "device busy", "close the program"),
        (.driver(.setFormat, EBUSY), "device busy", "close the program"),
        (.driver(.open, EACCES), "permission denied: add this user", "group video"),
        (.driver(.open, EPERM), "permission denied by the service manager", "DeviceAllow="),
        (.noFormat, "no supported pixel format", "swiftlet cameras"),
        (.formatNotOffered(.mjpeg), "does not offer MJPEG", "swiftlet cameras"),
        (.driver(.requestBuffers, ENOMEM), "out of memory", "smaller size"),
        (.noCamera, "no camera found", "plug one in; swiftlet cameras lists"),
    ])
    func driversRejections(error: CameraError, problem: String, remedy: String) {
        let message = error.message(source: "Card")
        #expect(message.hasPrefix("Card: ") && message.contains(problem) && message.contains(remedy), "\(message)")
    }

    @Test func noCameraAtAll() {
        #expect(CameraError.noCamera.message(source: CameraError.anyCamera) == "no camera found: plug one in")
    }

    /// As `swiftlet cameras` prints them, as people write them, and by V4L2's own codes.
    @Test func formatsHaveNames() {
        for format in PixelFormat.allCases {
            let name = "\(format.name)"
            for text in [name, name.lowercased()] { #expect(PixelFormat(name: Array(text.utf8)) == format) }
        }
        for (text, format) in [("MJPG", PixelFormat.mjpeg), ("mjpg", .mjpeg), ("yu12", .yuv420), ("RGB3", .rgb24)] {
            #expect(PixelFormat(name: Array(text.utf8)) == format)
        }
        for text in ["", "jpeg ", "YUY", "YUYV2", "h264", "mjp\u{27}", "nv1\u{12}"] {
            #expect(PixelFormat(name: Array(text.utf8)) == nil, "\(text)")
        }
    }
}
