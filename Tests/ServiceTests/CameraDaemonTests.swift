import Foundation
import Pixels
import TestSupport
import Testing
import Vision

/// The daemon with cameras as people have them: what comes out of it, line by line.
@Suite struct CameraDaemonTests {
    private let daemon: RunningDaemon
    private let cameras: FakeCameras
    private let image: [UInt8]
    private let other: [UInt8]

    init() throws {
        daemon = try RunningDaemon()
        cameras = try FakeCameras(daemon)
        image = try drawnJPEG(seed: 3, width: 160, height: 120)
        other = try drawnJPEG(seed: 4, width: 160, height: 120)
    }

    private func start(_ arguments: String...) throws -> DaemonClient {
        try daemon.start(["--metrics", daemon.directory + "/m", "--limit", "3"] + arguments, environment: cameras.environment())
        try daemon.waitForSocket()
        return try DaemonClient(daemon.socket)
    }

    private func isFrame(_ line: [String: Any]) -> Bool { line["type"] as? String == "frame" }

    private func camera(_ state: String) -> ([String: Any]) -> Bool {
        { $0["type"] as? String == "camera" && $0["state"] as? String == state }
    }

    private func size(_ line: [String: Any]) -> [Int?] { [line["width_px"] as? Int, line["height_px"] as? Int] }

    /// The image's header says that it has half its sides: what follows is no image of that size.
    private func halved(_ jpeg: [UInt8]) throws -> [UInt8] {
        var bytes = jpeg
        let header = try #require((0..<bytes.count - 9).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
        bytes[(header + 5)..<(header + 9)] = [0, 60, 0, 80]
        return bytes
    }

    @Test func aCameraThatSendsAnotherSizeThanItAgreedTo() throws {
        let large = try drawnJPEG(seed: 5, width: 176, height: 144)
        try cameras.add(
            "video0", ["mode MJPG 352x288 20"], frames: [image, try halved(other), large, [0xFF] + image])
        let client = try start()
        let streaming = try client.line(where: camera("streaming"))
        #expect(size(streaming) == [352, 288])
        var sizes: Set<[Int?]> = []
        while sizes.count < 2 { sizes.insert(size(try client.line(where: isFrame))) }
        #expect(sizes == [[160, 120], [176, 144]], "a header that is damaged makes no image")
        while try client.line(where: isFrame)["corrupt_frames"] as? Int == 0 {}
        #expect(try daemon.log().contains { $0.contains("it is damaged, and 80x60") })
    }

    @Test func aDriverThatFlagsEveryFrame() throws {
        try cameras.add("video0", ["mode MJPG 160x120 20", "damaged"], frames: [image, Array(other.dropLast(400)), other])
        let client = try start()
        _ = try client.line(where: isFrame)
        _ = try client.line(where: isFrame)
        #expect(try daemon.log().filter { $0.contains("flags every frame as damaged") }.count == 1)
    }

    /// The reason is in the clients' line, the log, the metrics and what swiftlet status says.
    @Test func aCameraNoneOfWhoseFramesCanBeUsed() throws {
        try cameras.add("video0", ["mode MJPG 160x120 20"], frames: [Array(image.dropLast(400))])
        let client = try start()
        let line = try client.line(where: camera("unusable"))
        #expect(line["reason"] as? String == "truncated")
        #expect((line["message"] as? String)?.contains("the last one is cut off") == true)
        #expect(try daemon.log().contains { $0.contains("no usable frame for 3 s: the last one is cut off") })
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        let metrics = try String(contentsOfFile: daemon.directory + "/m", encoding: .utf8)
        #expect(metrics.contains("swiftlet_camera_state{state=\"unusable\"} 1"))
        #expect(metrics.contains("swiftlet_camera_fault{reason=\"truncated\"} 1"))
        #expect(metrics.contains("swiftlet_camera_restarts_total{reason=\"unusable\"} "))
        #expect(!metrics.contains("swiftlet_camera_restarts_total{reason=\"unusable\"} 0"))
        let status = try ToolOutcome(of: ["status", "--file", daemon.directory + "/m"], daemon)
        #expect(status.output.contains("unusable (truncated)") && status.output.contains(" times as unusable"))
    }

    /// Half a megabyte a second is left: enough for JPEGs, and not for anything uncompressed.
    @Test func whatTheBusDoesNotSufficeForIsGivenUp() throws {
        let modes = ["mode YUYV 320x240 30", "mode YUYV 160x120 30", "mode MJPG 320x240 30", "mode MJPG 160x120 30"]
        try cameras.add("video0", modes + ["budget 500000", "log calls"], frames: [image])
        let client = try start()
        let line = try client.line(where: camera("streaming"))
        #expect(line["format"] as? String == "MJPG")
        let message = try #require(line["message"] as? String)
        #expect(message.contains("MJPEG") && message.contains("instead of") && message.contains("YUYV"))
        #expect(message.contains("not enough USB bandwidth"))
        #expect(try daemon.log().contains { $0.contains("instead of") })
        _ = try client.line(where: isFrame)
        let calls = try cameras.calls()
        #expect(calls.first { $0.hasPrefix("rejected") }?.hasPrefix("rejected YUYV") == true)
        #expect(calls.last?.hasPrefix("started MJPG") == true)
    }

    /// What other programs take as a source is no file.
    @Test func aCameraIsNoSource() throws {
        try cameras.add("video0", ["mode MJPG 160x120 20"], frames: [image])
        try daemon.start(["--source", "/dev/video0"], environment: cameras.environment())
        #expect(daemon.exitCode() == 66)
        #expect(try daemon.log().contains { $0.contains("name a camera with --camera") })
        let model = try RunningDaemon.model()
        let tool = try ToolOutcome(
            of: ["detect", "-m", model, "/dev/video0"], daemon, environment: cameras.environment())
        #expect(tool.code == 66 && tool.errors.last?.contains("name a camera with --camera") == true)
    }

    /// A mode that is offered and does not work: another one is taken, and the reason said.
    @Test(arguments: [EIO, EPROTO, EINVAL]) func whatTheDriverRejectsIsGivenUp(error: Int32) throws {
        let modes = ["mode YUYV 160x120 20", "mode MJPG 160x120 20"]
        try cameras.add("video0", modes + ["reject YUYV \(error)", "log calls"], frames: [image])
        let client = try start()
        let message = try #require(try client.line(where: camera("streaming"))["message"] as? String)
        #expect(message.contains("MJPEG") && message.contains("instead of 160x120 YUYV"))
        #expect(message.contains("its driver rejects it: \(String(cString: strerror(error)))"))
        _ = try client.line(where: isFrame)
        #expect(try daemon.log().contains { $0.contains("does not start: \(String(cString: strerror(error)))") })
        #expect(try cameras.calls().filter { $0.hasPrefix("rejected") }.count == 3, "a camera may need a moment")
    }

    /// Another program streams, or the device is gone: no other mode would help.
    @Test func anotherProgramUsesIt() throws {
        let modes = ["mode YUYV 160x120 20", "mode MJPG 160x120 20"]
        try cameras.add("video0", modes + ["reject YUYV \(EBUSY)", "log calls"], frames: [image])
        let client = try start()
        #expect((try client.line(where: camera("absent"))["message"] as? String)?.contains("device busy") == true)
        while try cameras.calls().filter({ $0.hasPrefix("rejected YUYV") }).count < 5 { usleep(20_000) }
        #expect(try !cameras.calls().contains { $0.hasPrefix("set MJPG") })
    }

    /// A device that is there is not "no camera".
    @Test(arguments: [(EBUSY, "device busy"), (EIO, "cannot be opened: Input/output error")])
    func aCameraThatCannotBeOpened(error: Int32, message: String) throws {
        try cameras.add("video0", ["mode MJPG 160x120 20", "reject open \(error)"])
        let client = try start()
        let line = try client.line { ($0["message"] as? String)?.contains(message) == true }
        #expect(line["state"] as? String == "absent")
        let tool = try ToolOutcome(of: ["cameras"], daemon, environment: cameras.environment())
        #expect(tool.errors.first?.contains("/dev/video0: \(message)") == true, "\(tool.errors)")
    }

    @Test func nothingIsLeftOfTheBus() throws {
        try cameras.add("video0", ["mode YUYV 320x240 30", "mode MJPG 320x240 30", "budget 100", "log calls"])
        let client = try start()
        let line = try client.line(where: camera("absent"))
        #expect((line["message"] as? String)?.contains("not enough USB bandwidth") == true)
    }

    @Test(arguments: [
        (["--format", "mjpeg"], "started MJPG 320x240 30"), (["--format", "MJPG", "--rate", "15"], "started MJPG 320x240 15"),
        (["--rate", "5"], "started YUYV 320x240 5"), (["--rate", "200"], "started YUYV 320x240 30"),
    ])
    func whatIsAskedForIsSet(arguments: [String], started: String) throws {
        let modes = [5, 15, 30].flatMap { ["mode YUYV 320x240 \($0)", "mode MJPG 320x240 \($0)"] }
        try cameras.add("video0", modes + ["log calls"], frames: [image])
        try daemon.start(arguments, environment: cameras.environment())
        try daemon.waitForSocket()
        _ = try DaemonClient(daemon.socket).line(where: isFrame)
        #expect(try cameras.calls().last == started)
    }

    @Test func aFormatThatIsNotOffered() throws {
        try cameras.add("video0", ["mode MJPG 160x120 30"])
        let client = try start("--format", "nv12")
        let line = try client.line(where: camera("absent"))
        #expect((line["message"] as? String)?.contains("does not offer NV12") == true)
        let tool = try ToolOutcome(of: ["cameras", "--format", "nv12"], daemon, environment: cameras.environment())
        #expect(tool.code == 66 && tool.errors.last?.contains("does not offer NV12") == true)
    }

    @Test func timesThatCannotBe() throws {
        try cameras.add("video0", ["mode MJPG 160x120 20", "stamp -20"], frames: [image])
        let client = try start()
        for _ in 0..<5 {
            let age = try #require(try client.line(where: isFrame)["age_ms"] as? Double)
            #expect(age < 19_000)
        }
        #expect(try daemon.log().filter { $0.contains("using the time of arrival instead") }.count == 1)
    }

    /// Depth, infrared and colour: the tool and the daemon take the one that gives colour.
    @Test func colourIsChosenAmongTheNodes() throws {
        try cameras.add("video0", ["mode Z16  160x120 30", "mode Y12I 160x120 15"])
        try cameras.add("video1", ["mode GREY 160x120 15"])
        try cameras.add("video2", ["mode MJPG 160x120 10"], frames: [image])
        let tool = try ToolOutcome(of: ["cameras"], daemon, environment: cameras.environment())
        #expect(tool.code == 0)
        #expect(tool.output.split(separator: "\n").contains("* Camera video2"), "\(tool.output)")
        let client = try start()
        #expect(try client.line(where: camera("streaming"))["camera"] as? String == "Camera video2")
        _ = try client.line(where: isFrame)
    }

    @Test func noCameraAtAll() throws {
        let client = try start()
        #expect(try client.line(where: camera("absent"))["message"] as? String == "no camera found: plug one in")
        let tool = try ToolOutcome(of: ["cameras"], daemon, environment: cameras.environment())
        #expect(tool.code == 66 && tool.errors == ["swiftlet: no camera found: plug one in"])
        let named = try ToolOutcome(of: ["cameras", "--camera", "x"], daemon, environment: cameras.environment())
        #expect(named.errors.first?.hasPrefix("swiftlet: x: no camera found: plug one in") == true)
    }

    /// Raw frames are turned as JPEGs are, and a snapshot of them too.
    @Test func aCameraThatIsMountedOnItsSide() throws {
        var frame: [UInt8] = []
        for y in 0..<120 { for x in 0..<160 { frame += [UInt8(x), x % 2 == 0 ? UInt8(y) : 128] } }
        try cameras.add("video0", ["mode YUYV 160x120 20"], format: "YUYV", frames: [frame])
        let client = try start("--rotate", "90")
        #expect(size(try client.line(where: camera("streaming"))) == [160, 120], "what the driver delivers")
        #expect(size(try client.line(where: isFrame)) == [120, 160])
        let path = daemon.directory + "/seen.jpg"
        let tool = try ToolOutcome(of: ["snapshot", "--socket", daemon.socket, "--plain", "-o", path], daemon)
        #expect(tool.code == 0, "\(tool.errors)")
        var decoder = JPEGDecoder()
        var seen = Image()
        let size = try Data(contentsOf: URL(fileURLWithPath: path)).withUnsafeBytes { try decoder.decode($0, into: &seen) }
        #expect(size == ImageSize(width: 120, height: 160))
        // The left edge, dark, is at the top.
        let (top, bottom) = (seen.pixels[1], seen.pixels[(159 * 120 + 1) * 3 + 1])
        #expect(top < bottom)
    }
}
