import Annotations
import Foundation
import Model
import Pixels
import TestSupport
import Testing
import Vision

/// A segmenter in the daemon and in the tool, as processes.
@Suite struct SegmenterTests {
    let daemon: RunningDaemon
    let model: String

    init() throws {
        daemon = try RunningDaemon()
        model = daemon.directory + "/segmenter.gguf"
        var segmenter = SmallClassifier.segmenter()
        segmenter.description.labels[0] = ArraySlice("background".utf8)
        try segmenter.write(to: model)
        for index in 0..<2 { try daemon.write("pictures/\(index).jpg", try Self.patches(seed: UInt64(index))) }
    }

    /// Patches of all colours: a mask has several classes.
    private static func patches(seed: UInt64) throws -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        let image = Image(size: ImageSize(width: 160, height: 120))
        let colours = (0..<15 * 20).map { _ in random.integer(0...255) }
        for index in image.pixels.indices {
            let (x, y, channel) = (index / 3 % 160, index / 480, index % 3)
            image.pixels[index] = UInt8(colours[(y / 24 * 20 + x / 32) * 3 % 300 + channel])
        }
        var encoder = JPEGEncoder()
        return Array(try encoder.encode(image))
    }

    private func path(_ name: String) -> String { daemon.directory + "/" + name }

    private func start(_ arguments: String...) throws {
        try daemon.start(["--model", model, "--source", path("pictures")] + arguments)
    }

    private func swiftlet(_ arguments: String...) throws -> ToolOutcome { try ToolOutcome(of: arguments, daemon) }

    /// What the library finds in an image.
    private func expected(
        _ name: String, threshold: Float? = nil, limit: Int? = nil
    ) throws -> (segments: [Segment], mask: [UInt8], image: ImageSize) {
        let settings = ModelSettings(threshold: threshold, limit: limit, resize: .fast)
        let loaded = try model.withCString { try Model(path: $0, settings: settings) }
        let image = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path("pictures/\(name)"))))
        _ = try image.withUnsafeBytes { try loaded.load(jpeg: $0) }
        loaded.run()
        let result = loaded.result(), mask = try #require(result.mask)
        #expect(mask.size == SmallClassifier.size && result.detections.isEmpty && result.classes.isEmpty)
        return (Array(result.segments), Array(mask.classes), loaded.imageSize)
    }

    private func expectSame(_ found: Any?, _ expected: [Segment], in size: ImageSize) throws {
        let found = try #require(found as? [[String: Any]])
        #expect(found.map { $0["class"] as? Int } == expected.map { Int($0.classIndex) })
        for (one, other) in zip(found, expected) {
            #expect(one["label"] as? String == (other.classIndex == 0 ? "background" : "class \(other.classIndex)"))
            #expect(abs(try #require(one["share"] as? Double) - Double(other.share)) <= 0.000051)
            let box = other.box.pixels(in: size), sides = try #require(one["box_px"] as? [Double])
            for (one, other) in zip(sides, [box.left, box.top, box.right, box.bottom]) {
                #expect(abs(one - Double(other)) <= 0.0501)
            }
            #expect(sides.count == 4 && one["score"] == nil)
        }
    }

    @Test func framesListTheClassesByShare() throws {
        try start("--threshold", "0.002", "--limit", "3")
        try daemon.waitForSocket()
        let lines = try DaemonClient(daemon.socket).lines()
        #expect(daemon.exitCode() == 0)
        #expect(lines[0]["task"] as? String == "segmentation" && lines[0]["threshold"] as? Double == 0.002)
        let frames = lines.filter { $0["type"] as? String == "frame" }
        #expect(frames.count == 2)
        for frame in frames {
            let expected = try expected(try #require(frame["picture"] as? String), threshold: 0.002, limit: 3)
            #expect(expected.segments.count > 1 && frame["detections"] == nil && frame["classes_omitted"] as? Int == 0)
            try expectSame(frame["classes"], expected.segments, in: expected.image)
        }
    }

    /// `watch` shows shares, and a client's own minimum is one of shares.
    @Test func clientsFilterByShare() throws {
        try start("--loop", "--rate", "20")
        try daemon.waitForSocket()
        let outcome = try swiftlet("watch", "--socket", daemon.socket, "--count", "3", "--threshold", "0.05")
        #expect(outcome.code == 0)
        let pattern = #/frame \d+: [a-z]+( \d)? (0\.\d\d|1\.00) \(\d+ \d+ \d+ \d+\)(, .*)?/#
        let lines = outcome.output.split(separator: "\n").filter { $0.hasPrefix("frame ") }
        for line in lines { #expect(try pattern.wholeMatch(in: String(line)) != nil, "\(line)") }
        #expect(!lines.isEmpty && !lines.contains { $0.contains(" 0.00 (") })
    }

    /// The mask of a snapshot, and what is drawn with it, are those of `detect`.
    @Test func masksAreGivenAndDrawn() throws {
        try start("--loop", "--rate", "20")
        try daemon.waitForSocket()
        try FileManager.default.removeItem(atPath: path("pictures/1.jpg"))
        usleep(300_000)
        let image = path("pictures/0.jpg")
        let snapshot = try swiftlet(
            "snapshot", "--socket", daemon.socket, "-o", path("seen.jpg"), "--mask", path("seen.png"))
        #expect(snapshot.code == 0, "\(snapshot.errors)")
        let detect = try swiftlet(
            "detect", "-m", model, "--resize", "fast", "-a", path("drawn.jpg"), "--mask", path("drawn.png"), image)
        #expect(detect.code == 0, "\(detect.errors)")
        let (drawn, seen) = try (contents("drawn.jpg"), contents("seen.jpg"))
        let plain = try contents("pictures/0.jpg")
        #expect(drawn == seen && drawn != plain)

        // Each pixel of the image has the class of the mask's pixel that it lies in.
        let expected = try expected("0.jpg"), size = expected.image
        for name in ["seen.png", "drawn.png"] {
            let mask = try contents(name).withUnsafeBytes { try MaskFile($0) }
            try #require(mask.width == size.width && mask.height == size.height)
            let right = (0..<size.width * size.height).map { place in
                let (x, y) = (place % size.width, place / size.width), (width, height) = (64, 48)
                return expected.mask[y * height / size.height * width + x * width / size.width]
            }
            #expect(mask.classes == right)
        }
        #expect(Set(expected.mask).count > 2)
        let alone = try swiftlet("snapshot", "--socket", daemon.socket, "--mask", path("alone.png"))
        let (one, other) = try (contents("alone.png"), contents("seen.png"))
        #expect(alone.code == 0 && one == other)
    }

    private func contents(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

    @Test func detectPrintsATableOrJSON() throws {
        let image = path("pictures/0.jpg"), expected = try expected("0.jpg")
        let table = try swiftlet("detect", "-m", model, "--resize", "fast", image)
        let lines = table.output.split(separator: "\n").map(String.init)
        #expect(table.code == 0 && lines.count == expected.segments.count + 1)
        #expect(lines[0].contains("share") && lines[0].hasSuffix("bottom"))
        let json = try swiftlet("detect", "-m", model, "--resize", "fast", "--json", image).objects()
        try expectSame(json[0]["classes"], expected.segments, in: expected.image)
        #expect(json[0]["detections"] == nil)
        let plan = try swiftlet("plan", "-m", model), size = 64 * 48 + 16 * 12 + 3 * 16 * 6 * 4
        #expect(plan.code == 0 && plan.output.contains("mask"))
        let object = try swiftlet("plan", "-m", model, "--json").objects()[0]
        #expect(object["mask_bytes"] as? Int == size)
        #expect(try swiftlet("bench", "-m", model).code == 0)
    }

    /// Zones need objects, masks a segmenter.
    @Test func whatMeansNothingIsRefused() throws {
        try daemon.write("zones.conf", Array("[model]\npath = \(model)\n\n[zone door]\ninclude = 0 0 1 1\n".utf8))
        let check = try swiftlet("check", path("zones.conf"))
        let reason =
            ":4: [zone door] a zone needs boxes of objects, and the model's task is segmentation: remove the zone, or use a "
            + "detector"
        #expect(check.code == 78 && check.errors.contains { $0.hasSuffix(reason) }, "\(check.errors)")
        try daemon.write("good.conf", Array("[model]\npath = \(model)\n".utf8))
        let good = try swiftlet("check", path("good.conf"))
        #expect(good.code == 0 && good.output.contains("threshold = 0.001\n"), "\(good)")
        let classifier = path("classifier.gguf")
        try SmallClassifier().write(to: classifier)
        let masks = try swiftlet("detect", "-m", classifier, "--mask", path("m.png"), path("pictures/0.jpg"))
        #expect(masks.code == 64 && masks.errors.contains { $0.contains("--mask needs a segmenter") }, "\(masks.errors)")
        let named = try swiftlet("detect", "-m", model, "--mask", path("m.jpg"), path("pictures/0.jpg"))
        #expect(named.code == 64 && named.errors.contains { $0.contains("only PNGs are written") })
    }
}
