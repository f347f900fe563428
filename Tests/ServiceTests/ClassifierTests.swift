import Foundation
import Model
import Pixels
import TestSupport
import Testing
import Vision

/// A classifier in the daemon and in the tool, as processes.
@Suite struct ClassifierTests {
    let daemon: RunningDaemon
    let model: String

    init() throws {
        daemon = try RunningDaemon()
        model = daemon.directory + "/classifier.gguf"
        try SmallClassifier(classes: 24).write(to: model)
        for index in 0..<2 { try daemon.write("pictures/\(index).jpg", try drawnJPEG(seed: UInt64(index))) }
    }

    private func start(_ arguments: String...) throws {
        try daemon.start(["--model", model, "--source", daemon.directory + "/pictures"] + arguments)
    }

    private func swiftlet(_ arguments: String...) throws -> ToolOutcome { try ToolOutcome(of: arguments, daemon) }

    /// What the library finds in an image.
    private func expected(_ name: String, threshold: Float? = nil, limit: Int? = nil) throws -> [ClassScore] {
        let settings = ModelSettings(threshold: threshold, limit: limit, resize: .fast)
        let loaded = try model.withCString { try Model(path: $0, settings: settings) }
        let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: daemon.directory + "/pictures/\(name)")))
        _ = try image.withUnsafeBytes { try loaded.load(jpeg: $0) }
        loaded.run()
        return Array(loaded.result().classes)
    }

    private func expectSame(_ found: Any?, _ expected: [ClassScore]) throws {
        let found = try #require(found as? [[String: Any]])
        #expect(found.map { $0["class"] as? Int } == expected.map { Int($0.classIndex) })
        #expect(found.map { $0["label"] as? String } == expected.map { "class \($0.classIndex)" })
        for (one, other) in zip(found, expected) {
            #expect(abs(try #require(one["score"] as? Double) - Double(other.score)) <= 0.000051)
            #expect(one["box_px"] == nil)
        }
    }

    @Test func framesListTheFiveBestClasses() throws {
        try start()
        try daemon.waitForSocket()
        let lines = try DaemonClient(daemon.socket).lines()
        #expect(daemon.exitCode() == 0)
        #expect(lines[0]["task"] as? String == "classification" && lines[0]["threshold"] as? Double == 0)
        let frames = lines.filter { $0["type"] as? String == "frame" }
        #expect(frames.count == 2)
        for frame in frames {
            let expected = try expected(try #require(frame["picture"] as? String))
            #expect(expected.count == 5 && frame["detections"] == nil && frame["classes_omitted"] as? Int == 0)
            try expectSame(frame["classes"], expected)
        }
    }

    /// Limit and threshold of the daemon, and a client's own minimum.
    @Test func thresholdsAndLimitsMeanSomething() throws {
        let all = try expected("0.jpg"), second = String(format: "%.6f", (all[1].score + all[2].score) / 2)
        try start("--limit", "3", "--wait", "30")
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        let frame = try #require(try client.lines().first { $0["picture"] as? String == "0.jpg" })
        try expectSame(frame["classes"], Array(all.prefix(3)))
        #expect(daemon.exitCode() == 0)

        let strict = try RunningDaemon()
        try strict.start(
            ["--model", model, "--source", daemon.directory + "/pictures", "--threshold", second, "--loop", "--rate", "20"])
        try strict.waitForSocket()
        let outcome = try ToolOutcome(of: ["watch", "--socket", strict.socket, "--count", "2"], strict)
        #expect(outcome.code == 0)
        let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("frame ") })
        let pattern = #/frame \d+: class \d+ \d\.\d\d(, class \d+ \d\.\d\d)*/#
        #expect(try pattern.wholeMatch(in: String(line)) != nil, "\(line)")
    }

    /// `detect` and `snapshot` draw the same.
    @Test func imagesAreDrawn() throws {
        try start("--loop", "--rate", "20")
        try daemon.waitForSocket()
        let seen = daemon.directory + "/seen.jpg"
        try FileManager.default.removeItem(atPath: daemon.directory + "/pictures/1.jpg")
        usleep(300_000)
        let snapshot = try swiftlet("snapshot", "--socket", daemon.socket, "-o", seen)
        #expect(snapshot.code == 0, "\(snapshot.errors)")
        let drawn = daemon.directory + "/drawn.jpg", image = daemon.directory + "/pictures/0.jpg"
        #expect(try swiftlet("detect", "-m", model, "--resize", "fast", "-a", drawn, image).code == 0)
        let contents = try [seen, drawn, image].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        #expect(contents[0] == contents[1] && contents[1] != contents[2])
    }

    @Test func detectPrintsATableOrJSON() throws {
        let image = daemon.directory + "/pictures/0.jpg", expected = try expected("0.jpg")
        let table = try swiftlet("detect", "-m", model, "--resize", "fast", image)
        let lines = table.output.split(separator: "\n").map(String.init)
        #expect(table.code == 0 && lines.count == 6 && lines[0].hasSuffix("score") && !lines[0].contains("left"))
        #expect(lines[1].contains("class \(expected[0].classIndex) "))
        let json = try swiftlet("detect", "-m", model, "--resize", "fast", "--json", "--limit", "2", image).objects()
        try expectSame(json[0]["classes"], Array(expected.prefix(2)))
        #expect(json[0]["detections"] == nil)
        let none = try swiftlet("detect", "-m", model, "--threshold", "0.999", image)
        #expect(none.output.hasSuffix("  -\n"))
        for command in ["plan", "bench"] {
            let outcome = try swiftlet(command, "-m", model)
            #expect(outcome.code == 0, "\(command): \(outcome.errors)")
        }
    }

    /// Zones need boxes: the check and the daemon say so.
    @Test func zonesAreRefused() throws {
        let text = "[model]\npath = \(model)\n\n[detect]\nlimit = 4\n\n[zone door]\ninclude = 0 0 1 1\n"
        try daemon.write("zones.conf", Array(text.utf8))
        let path = daemon.directory + "/zones.conf", check = try swiftlet("check", path)
        let reason =
            ":7: [zone door] a zone needs boxes of objects, and the model's task is classification: remove the zone, or use a "
            + "detector"
        #expect(check.code == 78 && check.errors.contains { $0.hasSuffix(path + reason) }, "\(check.errors)")
        try daemon.start(["--config", path, "--source", daemon.directory + "/pictures", "--socket", daemon.socket])
        #expect(daemon.exitCode() == 78)
        let log = try daemon.log()
        #expect(log.contains { $0.contains(reason.dropFirst(4)) }, "\(log)")

        try daemon.write("good.conf", Array(text.prefix { $0 != "z" }.dropLast(2).utf8))
        let good = try swiftlet("check", daemon.directory + "/good.conf")
        #expect(good.code == 0 && good.output.contains("threshold = 0.0\n") && good.output.contains("limit = 4\n"), "\(good)")
    }
}
