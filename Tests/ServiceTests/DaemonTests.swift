import Model
import Foundation
import TestSupport
import Testing
import Vision

@Suite struct DaemonTests {
    let daemon: RunningDaemon

    init() throws { daemon = try RunningDaemon() }

    func types(_ lines: [[String: Any]]) -> [String] { lines.map { $0["type"] as? String ?? "?" } }

    /// What the library itself finds, in the words of a line.
    func expected(_ jpeg: [UInt8], threshold: Float, limit: Int = 100) throws -> [[String: Any]] {
        let detector = try Model(
            path: RunningDaemon.model(), settings: ModelSettings(threshold: threshold, resize: .fast))
        return try jpeg.withUnsafeBytes { bytes in
            let warnings = try detector.load(jpeg: bytes)
            #expect(warnings == 0)
            detector.run()
            // In the network's own order, class by class; lines have the best first.
            let best = detector.result().detections.sorted { $0.score > $1.score }.prefix(limit)
            return best.map { detection in
                let box = detection.box.pixels(in: detector.imageSize)
                return [
                    "class": Int(detection.classIndex),
                    "label": String(decoding: detector.description.labels[Int(detection.classIndex)], as: UTF8.self),
                    "score": Double(detection.score),
                    "box_px": [box.left, box.top, box.right, box.bottom].map { Double($0) },
                ]
            }
        }
    }

    func expectSame(_ found: Any?, _ expected: [[String: Any]]) throws {
        let found = try #require(found as? [[String: Any]])
        try #require(found.count == expected.count)
        for (one, other) in zip(found, expected) {
            #expect(one["class"] as? Int == other["class"] as? Int)
            #expect(one["label"] as? String == other["label"] as? String)
            #expect(abs(try #require(one["score"] as? Double) - (other["score"] as! Double)) <= 0.000051)
            for (a, b) in zip(try #require(one["box_px"] as? [Double]), other["box_px"] as! [Double]) {
                #expect(abs(a - b) <= 0.051)
            }
        }
    }

    @Test func directoryGivesEveryImageToItsClients() throws {
        let images = try (0..<3).map { try drawnJPEG(seed: UInt64($0), width: 160 + 100 * $0) }
        for (index, image) in images.enumerated() { try daemon.write("pictures/\(index).jpg", image) }
        try daemon.write("pictures/0a cut.jpg", Array(images[0].dropLast(200)))
        try daemon.write("pictures/0b text.jpg", Array("no image\nat all".utf8))
        try daemon.start(["--source", daemon.directory + "/pictures", "--threshold", "0.05", "--rate", "20"])
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        let lines = try client.lines()
        #expect(daemon.exitCode() == 0)
        #expect(types(lines) == ["hello", "frame", "frame", "frame", "end"])
        #expect((lines[0]["labels"] as? [String])?.count == 81)
        let frames = lines[1...3]
        #expect(frames.map { $0["picture"] as? String } == ["0.jpg", "1.jpg", "2.jpg"])
        #expect(frames.map { $0["sequence"] as? Int } == [0, 3, 4])
        #expect(frames.map { $0["corrupt_frames"] as? Int } == [0, 2, 2])
        #expect(frames.map { $0["width_px"] as? Int } == [160, 260, 360])
        var count = 0
        for (frame, image) in zip(frames, images) {
            let expected = try expected(image, threshold: 0.05)
            try expectSame(frame["detections"], expected)
            count += expected.count
        }
        #expect(count > 0)
        #expect(lines[4]["frames"] as? Int == 3 && lines[4]["corrupt_frames"] as? Int == 2)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
        let log = try daemon.log()
        #expect(log.count == 4, "\(log)")
        #expect(log[1].contains("0a cut.jpg") && log[2].contains("0b text.jpg"))
    }

    @Test func aFullLineLeavesOutTheWorstDetections() throws {
        let image = try drawnJPEG(seed: 4)
        try daemon.write("pictures/0.jpg", image)
        try daemon.start(["--source", daemon.directory + "/pictures/0.jpg", "--threshold", "0", "--limit", "1000"])
        try daemon.waitForSocket()
        let frame = try #require(try DaemonClient(daemon.socket).lines().first { $0["type"] as? String == "frame" })
        let found = try #require(frame["detections"] as? [[String: Any]])
        let scores = try found.map { try #require($0["score"] as? Double) }
        #expect(scores == scores.sorted(by: >) && Set(found.map { $0["class"] as? Int }).count > 1)
        let expected = try expected(image, threshold: 0, limit: 1000)
        let omitted = try #require(frame["detections_omitted"] as? Int)
        #expect(omitted > 0 && found.count + omitted == expected.count)
        for (score, other) in zip(scores, expected) { #expect(abs(score - (other["score"] as! Double)) <= 0.000051) }
    }

    @Test func standardInputIsFollowedUntilASignal() throws {
        let image = try drawnJPEG(seed: 9)
        try daemon.start(["--source", "-", "--wait", "30"])
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        let input = daemon.standardInput.fileHandleForWriting
        try input.write(contentsOf: Data(image + Array("--boundary\r\n\r\n".utf8) + image + image.prefix(50)))
        try client.wait(lines: 3)
        // It waits for the rest of the third image.
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
        #expect(try daemon.log().last?.contains("stopped: 2 frames processed, 0 skipped, 2 lines sent") == true)
    }

    @Test func endOfStandardInputIsToldToClients() throws {
        let image = try drawnJPEG(seed: 9)
        try daemon.start(["--source", "-", "--wait", "30"])
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        let input = daemon.standardInput.fileHandleForWriting
        try input.write(contentsOf: Data(image + image.dropLast(9)))
        try input.close()
        let lines = try client.lines()
        #expect(types(lines) == ["hello", "frame", "end"])
        #expect(lines[1]["picture"] as? Int == 0)
        #expect(lines[2]["corrupt_frames"] as? Int == 1)
        #expect(daemon.exitCode() == 0)
    }

    /// Raw frames as rpicam-vid writes them, rows padded, and a part of one at the end.
    @Test func rawFramesComeOnStandardInput() throws {
        try daemon.start(
            ["--source", "-", "--format", "yuv420", "--size", "60x48", "--stride", "64", "--wait", "30", "--threshold", "0"])
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        let input = daemon.standardInput.fileHandleForWriting
        try input.write(contentsOf: Data(repeating: 128, count: 2 * 64 * 48 * 3 / 2 + 1000))
        try input.close()
        let lines = try client.lines()
        #expect(types(lines) == ["hello", "frame", "frame", "end"])
        #expect(lines[1...2].map { $0["picture"] as? Int } == [0, 1])
        #expect(lines[1]["width_px"] as? Int == 60 && lines[1]["height_px"] as? Int == 48)
        #expect(lines[3]["corrupt_frames"] as? Int == 1 && daemon.exitCode() == 0)
        #expect(try daemon.log().contains { $0.contains("ends after 1000 of 4608 bytes: --size, --stride and --format") })
    }

    @Test func rawFramesOfNoFormatAreToldTheOptions() throws {
        try daemon.start(["--source", "-", "--wait", "0"])
        let input = daemon.standardInput.fileHandleForWriting
        try input.write(contentsOf: Data(repeating: 128, count: 5000))
        try input.close()
        #expect(daemon.exitCode() == 65)
        let log = try daemon.log()
        #expect(log.contains { $0.contains("-: contains no JPEG; for raw frames, swiftletd needs --format") }, "\(log)")
    }

    /// The lines that a client gets, whole; a file that may not grow costs lines and one in the log.
    @Test(arguments: [nil, "ulimit -f 3"]) func linesAreRecorded(limit: String?) throws {
        for number in 0..<40 { try daemon.write("pictures/\(number).jpg", try drawnJPEG(seed: 1)) }
        let file = daemon.directory + "/lines"
        try daemon.start(["--source", daemon.directory + "/pictures", "--wait", "30", "--record", file], limits: limit)
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        let lines = try client.lines()
        #expect(daemon.exitCode() == 0)
        let recorded = try String(contentsOfFile: file, encoding: .utf8)
        #expect(recorded.hasSuffix("\n") && recorded.hasPrefix("{\"type\":\"hello\""))
        let log = try daemon.log().filter { $0.contains("lines are dropped until it can be written") }
        #expect(limit == nil ? recorded.split(separator: "\n").count == lines.count : (1..<10).contains(log.count), "\(log)")
        for line in recorded.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
    }

    /// While it waits for a client, for the next image's time, and after a pass without an image.
    @Test(arguments: [["--wait", "600"], ["--loop", "--rate", "0.001"], ["--loop"]])
    func signalEndsEveryWait(options: [String]) throws {
        let usable = options != ["--loop"]
        try daemon.write("pictures/0.jpg", usable ? try drawnJPEG(seed: 1) : [1, 2, 3])
        var arguments = ["--source", daemon.directory + "/pictures"]
        arguments += options
        try daemon.start(arguments)
        try daemon.waitForSocket()
        usleep(200_000)
        daemon.process.interrupt()
        #expect(daemon.exitCode() == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    }

    /// While an image is worked on and the next one waits: capture sees the signal first.
    @Test func aSignalIsNoEndOfTheSource() throws {
        try daemon.write("pictures/0.jpg", try drawnJPEG(seed: 1))
        try daemon.start(["--source", daemon.directory + "/pictures", "--loop"])
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        // The image comes again.
        for _ in 0..<2 { _ = try client.line { $0["type"] as? String == "frame" } }
        daemon.process.terminate()
        let types = types(try client.lines())
        #expect(daemon.exitCode() == 0)
        #expect(!types.contains("end"), "\(types)")
    }

    @Test func manyBadImagesMakeFewLogLines() throws {
        for index in 0..<200 { try daemon.write("pictures/\(index).jpg", [0xFF, 0xD8, 0xFF, UInt8(index)]) }
        try daemon.start(["--source", daemon.directory + "/pictures", "--wait", "0"])
        #expect(daemon.exitCode() == 65)
        let log = try daemon.log()
        // The first 16, then number 32, 64 and 128, one line at the start and two at the end.
        #expect(log.count { $0.contains("skipped: it") } == 19 && log.count == 22)
        #expect(log.contains { $0.hasSuffix("pictures: no usable images") })
        #expect(log.last?.contains("stopped: 0 frames processed, 200 skipped") == true)
    }

    /// A video, a page, nothing: said once, with what to do, repeated or not; clients hear of the end.
    @Test(arguments: [false, true]) func aSourceWithoutAnImageIsAnError(repeats: Bool) throws {
        let video = [0, 0, 0, 24] + Array("ftypisom\u{0}\u{0}\u{2}\u{0}isomavc1".utf8) + [UInt8](repeating: 7, count: 5000)
        let clip = daemon.directory + "/clip.mp4"
        let cases: [([UInt8], String)] = [
            (video, "is an MP4 or QuickTime video that contains no JPEG: convert it (ffmpeg -i \(clip) -c:v mjpeg"),
            // Bytes that look like an image's beginning.
            (video + [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 1], "is an MP4 or QuickTime video that contains no JPEG"),
            (Array("<!DOCTYPE html><html>".utf8), "is a web page that contains no JPEG"), ([], "is empty"),
            (Array("some words".utf8), "is a text file that contains no JPEG"), ([1, 2, 3, 4], "contains no JPEG"),
        ]
        for (bytes, words) in cases {
            let daemon = try RunningDaemon()
            try self.daemon.write("clip.mp4", bytes)
            try daemon.start(["--source", clip, "--wait", "0"] + (repeats ? ["--loop"] : []))
            #expect(daemon.exitCode() == 65)
            let log = try daemon.log()
            #expect(log.count { $0.contains("clip.mp4: ") && $0.contains(words) } == 1, "\(log)")
        }
    }

    @Test func aURLIsNoSource() throws {
        for url in ["rtsp://camera/1", "http://host/a.jpg", "HTTPS://host/", "file:///tmp/a.jpg", "File:/tmp/a.jpg"] {
            let daemon = try RunningDaemon()
            try daemon.start(["--source", url])
            #expect(daemon.exitCode() == 66)
            let log = try daemon.log()
            let fix = url.lowercased().hasPrefix("file") ? "name the file by its path" : "ffmpeg -i \(url)"
            #expect(log.count == 1 && log[0].contains("URLs are not supported") && log[0].contains(fix), "\(log)")
        }
    }

    @Test func whatIsMissingIsSaidInOneLine() throws {
        try daemon.write("text", Array("not a model".utf8))
        try daemon.write("pictures/0.jpg", try drawnJPEG(seed: 1))
        let images = daemon.directory + "/pictures"
        let cases: [([String], Int32, String)] = [
            (["--source", images, "--model", daemon.directory + "/none"], 66, "/none"),
            (["--source", images, "--model", daemon.directory + "/text"], 65, "not a GGUF file"),
            (["--source", daemon.directory + "/none"], 66, "/none"),
            (["--source", "-", "--loop"], 64, "--loop"), (["--source", ""], 64, "--source"),
            (["--source", images, "--socket", daemon.directory + "/none/s"], 73, "create it, or name another"),
            (["--source", images, "--socket", daemon.directory + "/text"], 73, "not a socket"),
            (["--source", images, "--rate", "fast"], 64, "--rate must be a number"),
            (["--source", images, "--camera", "any"], 64, "cannot be combined"),
            (["--size", "640"], 64, "WIDTHxHEIGHT in pixels"),
            (["--source", "-", "--format", "yuv420"], 64, "needs --size WxH"),
            (["--source", "-", "--size", "64x48"], 64, "needs --format FORMAT"),
            (["--source", "-", "--stride", "64"], 64, "--stride needs --source, --format and --size"),
            (["--source", "-", "--format", "yuv420", "--size", "64x48", "--stride", "60"], 64, "must be at least 64"),
            (["--source", "-", "--format", "grey", "--size", "64x48", "--loop"], 64, "--loop"),
        ]
        for (arguments, code, words) in cases {
            let daemon = try RunningDaemon()
            try daemon.start(arguments)
            #expect(daemon.exitCode() == code, "\(arguments)")
            let log = try daemon.log()
            #expect(log.count == 1 && log[0].hasPrefix("swiftletd: ") && log[0].contains(words), "\(log)")
        }
    }
}
