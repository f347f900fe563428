import Camera
import Glibc
import Service
import Testing

/// What people read when a driver refuses: what is wrong and what to do.
@Suite struct CameraMessageTests {
    @Test(arguments: [
        (CameraError.driver(.start, ENOSPC), "not enough USB bandwidth", "smaller size or MJPEG"),
        (.driver(.start, EBUSY), "another program uses it", "end that one"),
        (.driver(.setFormat, EBUSY), "another program uses it", "end that one"),
        (.driver(.open, EACCES), "may not be opened", "group video"),
        (.driver(.open, EPERM), "may not be opened", "DeviceAllow="),
        (.noFormat, "offers no format", "swiftlet cameras"),
    ])
    func driversRefusals(error: CameraError, problem: String, remedy: String) {
        let message = error.message(source: "Card")
        #expect(message.hasPrefix("Card: ") && message.contains(problem) && message.contains(remedy), "\(message)")
    }
}
