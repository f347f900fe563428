import Foundation
import TestSupport
import Testing
import Vision

/// `swiftlet snapshot` and the daemon, as processes.
@Suite struct SnapshotCommandTests {
    let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    private func start(_ arguments: String..., images: [[UInt8]]) throws {
        for (index, image) in images.enumerated() { try daemon.write("pictures/\(index).jpg", image) }
        let source = ["--source", daemon.directory + "/pictures", "--loop", "--threshold", "0.2"]
        try daemon.start(source + arguments)
        try daemon.waitForSocket()
    }

    private func snapshot(_ arguments: String...) throws -> ToolOutcome {
        try ToolOutcome(of: ["snapshot", "--socket", daemon.socket] + arguments, daemon)
    }

    private func contents(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: daemon.directory + "/" + name)))
    }

    @Test func theBoxesAreThoseOfDetect() throws {
        let image = try drawnJPEG(seed: 21, width: 333, height: 217)
        try start("--rate", "20", images: [image])
        let outcome = try snapshot("-o", daemon.directory + "/seen.jpg")
        #expect(outcome.code == 0 && outcome.errors.isEmpty && outcome.output.isEmpty, "\(outcome.errors)")
        let detect = try ToolOutcome(
            of: [
                "detect", "--model", RunningDaemon.model(), "--resize", "fast", "--threshold", "0.2", "--annotate",
                daemon.directory + "/expected.jpg", daemon.directory + "/pictures/0.jpg",
            ], daemon)
        #expect(detect.code == 0)
        #expect(try contents("seen.jpg") == contents("expected.jpg"))
        #expect(try contents("seen.jpg") != image)

        // Without boxes it is the camera's own JPEG.
        #expect(try snapshot("--plain", "-o", daemon.directory + "/plain.jpg").code == 0)
        #expect(try contents("plain.jpg") == image)
        // With none that scores so much, it is the image drawn again.
        #expect(try snapshot("--threshold", "1", "-o", daemon.directory + "/none.jpg").code == 0)
        var decoder = JPEGDecoder(), encoder = JPEGEncoder()
        var pixels = Image()
        _ = try image.withUnsafeBytes { try decoder.decode($0, into: &pixels) }
        #expect(try contents("none.jpg") == Array(try encoder.encode(pixels)))
    }

    /// What others can show: without what came before the image, and with an end marker.
    @Test func aPlainImageIsAWholeOne() throws {
        let image = try drawnJPEG(seed: 21, width: 160, height: 120)
        try start("--rate", "20", images: [Array("--boundary\r\n\r\n".utf8) + image.dropLast(2)])
        #expect(try snapshot("--plain", "-o", daemon.directory + "/plain.jpg").code == 0)
        #expect(try contents("plain.jpg") == image)
    }

    /// A camera that is mounted on its side: boxes and sizes are the turned image's, for the daemon's clients and for
    /// `swiftlet detect` alike, and the hello line says so.
    @Test(arguments: [90, 180, 270]) func turnedImages(degrees: Int) throws {
        try start("--rate", "20", "--rotate", "\(degrees)", images: [try drawnJPEG(seed: 21, width: 333, height: 217)])
        let client = try DaemonClient(daemon.socket)
        let hello = try client.line { $0["type"] as? String == "hello" }
        #expect((hello["source"] as? [String: Any])?["rotate_deg"] as? Int == degrees)
        let frame = try client.line { $0["type"] as? String == "frame" }
        let size = [frame["width_px"] as? Int, frame["height_px"] as? Int]
        #expect(size == (degrees == 180 ? [333, 217] : [217, 333]))
        let detect = try ToolOutcome(
            of: [
                "detect", "--model", RunningDaemon.model(), "--resize", "fast", "--threshold", "0.2", "--rotate",
                "\(degrees)", "--limit", "100", "--json", daemon.directory + "/pictures/0.jpg",
            ], daemon)
        let line = try JSONSerialization.jsonObject(with: Data(detect.output.utf8)) as? [String: Any]
        func boxes(_ line: [String: Any]?) -> [[Double]] {
            let detections = line?["detections"] as? [[String: Any]] ?? []
            let boxes = detections.map { ($0["box_px"] as? [Double] ?? []) + [$0["score"] as? Double ?? 0] }
            return boxes.sorted { $0.last! != $1.last! ? $0.last! > $1.last! : $0.lexicographicallyPrecedes($1) }
        }
        #expect(!boxes(frame).isEmpty && boxes(frame).count == boxes(line).count)
        for (mine, theirs) in zip(boxes(frame), boxes(line)) {
            for (a, b) in zip(mine, theirs) { #expect(abs(a - b) < 0.11) }
        }
        // Without a box that scores so much, it is the image turned.
        #expect(try snapshot("--threshold", "1", "-o", daemon.directory + "/seen.jpg").code == 0)
        var decoder = JPEGDecoder(rotation: try #require(Orientation(clockwise: degrees))), encoder = JPEGEncoder()
        var pixels = Image()
        _ = try contents("pictures/0.jpg").withUnsafeBytes { try decoder.decode($0, into: &pixels) }
        #expect(try contents("seen.jpg") == Array(try encoder.encode(pixels)))
    }

    @Test func standardOutputTakesItToo() throws {
        let image = try drawnJPEG(seed: 5)
        try start("--rate", "20", images: [image])
        try daemon.write("out", [])
        let outcome = try ToolOutcome(
            of: ["snapshot", "--socket", daemon.socket, "--plain", "-o", "-"], daemon, output: daemon.directory + "/out")
        #expect(outcome.code == 0)
        #expect(try contents("out") == image)
    }

    @Test func offMeansOff() throws {
        try start("--rate", "20", "--no-snapshots", images: [try drawnJPEG(seed: 5)])
        let outcome = try snapshot("-o", daemon.directory + "/seen.jpg")
        #expect(outcome.code == 69 && outcome.errors.first?.contains("images are disabled (--no-snapshots") == true)
        #expect(!FileManager.default.fileExists(atPath: daemon.directory + "/seen.jpg"))
        // Who asks all the same is told so.
        let client = try DaemonClient(daemon.socket)
        client.send("{\"snapshot\":true}\n")
        let line = try client.line { $0["type"] as? String == "error" }
        #expect((line["message"] as? String)?.contains("snapshots are off") == true)
    }

    @Test func theConfigurationForbidsIt() throws {
        try daemon.write("pictures/0.jpg", try drawnJPEG(seed: 5))
        let text = "[model]\npath = \(try RunningDaemon.model())\n[stream]\nsocket = \(daemon.socket)\nsnapshots = no\n"
        try daemon.write("conf", Array(text.utf8))
        let source = ["--source", daemon.directory + "/pictures", "--loop", "--rate", "20"]
        try daemon.start(["--config", daemon.directory + "/conf"] + source)
        try daemon.waitForSocket()
        #expect(try snapshot("-o", daemon.directory + "/seen.jpg").code == 69)
        let check = try ToolOutcome(of: ["check", daemon.directory + "/conf"], daemon)
        #expect(check.code == 0 && check.output.contains("snapshots = no"))
        try daemon.write("conf", Array("[stream]\nsnapshots = never\n".utf8))
        let mistake = try ToolOutcome(of: ["check", daemon.directory + "/conf"], daemon)
        #expect(mistake.code == 78 && mistake.errors.contains { $0.contains("snapshots: must be yes or no") })
    }

    @Test func failuresSayWhatToDo() throws {
        let none = try snapshot("-o", daemon.directory + "/seen.jpg")
        let words = "nothing listens there: is swiftletd running with this --socket?"
        #expect(none.code == 69 && none.errors == ["swiftlet: \(daemon.socket): \(words)"])
        #expect(try snapshot().code == 64)
        let other = try snapshot("-o", daemon.directory + "/seen.png")
        #expect(other.code == 64 && other.errors.first?.contains("seen.png: only JPEGs are written") == true)
        #expect(try snapshot("-o", "x.jpg", "--threshold", "2").code == 64)
        // An image that never comes.
        try start(images: [[0xFF, 0xD8, 0xFF, 0xD9]])
        let late = try snapshot("--wait", "0.3", "-o", daemon.directory + "/seen.jpg")
        #expect(late.code == 69 && late.errors.first?.contains("no image within 0.3 s") == true, "\(late.errors)")
        #expect(!FileManager.default.fileExists(atPath: daemon.directory + "/seen.jpg"))
    }

    @Test func anImageThatCannotBeWrittenLeavesNothing() throws {
        try start("--rate", "20", images: [try drawnJPEG(seed: 5)])
        let outcome = try snapshot("-o", daemon.directory + "/none/seen.jpg")
        #expect(outcome.code == 73 && outcome.errors.first?.contains("No such file") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: daemon.directory)
        #expect(!names.contains { $0.contains("swiftlet-") })
    }

    /// Hundreds of requests, of clients that read, that do not, and that die: the daemon has the descriptors it had.
    @Test func theDaemonKeepsNoDescriptors() throws {
        try start("--rate", "200", images: try (0..<3).map { try drawnJPEG(seed: UInt64($0)) })
        let steady = try DaemonClient(daemon.socket)
        _ = try steady.line { $0["type"] as? String == "frame" }
        // Without the file of an image that is being read just then.
        var before = try daemon.descriptors()
        for _ in 0..<50 {
            usleep(5_000)
            before = min(before, try daemon.descriptors())
        }
        for round in 0..<300 {
            let client = try DaemonClient(daemon.socket)
            client.send("{\"snapshot\":true}\n")
            if round % 4 == 1 { _ = try client.line { $0["type"] as? String == "hello" } }
            if round % 30 == 2 { _ = try client.line { $0["type"] as? String == "snapshot" } }
        }
        // Images live for two seconds.
        var after = Int.max
        for _ in 0..<60_000 where after > before {
            usleep(20_000)
            after = try daemon.descriptors()
        }
        #expect(after == before)
        _ = try steady.line { $0["type"] as? String == "frame" }
        #expect(daemon.process.isRunning)
    }
}
