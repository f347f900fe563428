import Foundation
import FoundationXML
import TestSupport
import Testing

/// `swiftlet plan` and `swiftlet bench` as processes.
@Suite struct PlanCommandTests {
    private let files: RunningDaemon

    init() throws { files = try RunningDaemon() }

    /// The plan that is shown is one that works, and the one that the engine uses.
    @Test(arguments: GoldenModel.allCases) func thePlanIsTheEngines(model: GoldenModel) throws {
        let path = try model.path()
        let plan = try #require(
            try ToolOutcome(of: ["plan", "--model", path, "--threads", "2", "--json"], files).objects().first)
        let buffers = try #require(plan["buffers"] as? [[String: Any]])
        let places = try buffers.map { buffer in
            let offset = try #require(buffer["offset_bytes"] as? Int), size = try #require(buffer["size_bytes"] as? Int)
            let first = try #require(buffer["first_step"] as? Int), last = try #require(buffer["last_step"] as? Int)
            return (bytes: offset..<offset + size, steps: first...last)
        }
        #expect(places.count > 100)
        for (index, place) in places.enumerated() {
            for other in places[..<index] where place.steps.overlaps(other.steps) {
                #expect(!place.bytes.overlaps(other.bytes))
            }
        }
        let arena = try #require(plan["arena_bytes"] as? Int)
        #expect(try #require(places.map(\.bytes.upperBound).max()) <= arena)
        #expect(try #require(plan["lower_bound_bytes"] as? Int) <= arena)

        let bench = try #require(
            try ToolOutcome(of: ["bench", "--model", path, "--threads", "2", "--runs", "1", "--json"], files).objects()
                .first)
        #expect(bench["arena_bytes"] as? Int == arena && bench["threads"] as? Int == 2)
    }

    /// Without a model and without an installed service there is nothing to go by.
    @Test(
        .enabled(if: !FileManager.default.fileExists(atPath: "/etc/swiftlet/swiftlet.conf")),
        arguments: [
            ["plan"], ["bench"], ["detect", "picture.jpg"],
        ])
    func aModelIsAskedFor(arguments: [String]) throws {
        let outcome = try ToolOutcome(of: arguments, files)
        #expect(outcome.code == 64 && outcome.errors.first?.contains("--model FILE") == true, "\(outcome.errors)")
    }

    /// A camera's formats and a JPEG on their way in.
    @Test func benchTimesFrames() throws {
        let path = try GoldenModel.xxs.path()
        try files.write("frame.jpg", try drawnJPEG(seed: 1))
        try files.write("empty.jpg", [])
        for (kind, size) in [
            ("yuyv", [640, 480]), ("NV12", [640, 480]), (files.directory + "/frame.jpg", [160, 120]),
        ] {
            let arguments = ["bench", "--model", path, "--frames", kind, "--runs", "2", "--json"]
            let bench = try #require(try ToolOutcome(of: arguments, files).objects().first)
            #expect(bench["frames"] as? String == kind && bench["width_px"] as? Int == 320)
            #expect([bench["frame_width_px"] as? Int, bench["frame_height_px"] as? Int] == size)
            #expect(try #require(bench["median_ms"] as? Double) > 0 && bench["runs"] as? Int == 2)
        }
        func expect(_ code: Int32, _ words: String, _ arguments: [String]) throws {
            let outcome = try ToolOutcome(of: ["bench", "--model", path] + arguments, files)
            #expect(outcome.code == code && outcome.errors.first?.contains(words) == true, "\(outcome.errors)")
        }
        try expect(66, "--frames takes yuyv", ["--frames", "yuv9"])
        try expect(64, "cannot be combined", ["--frames", "yuyv", "--layers"])
        try expect(65, "is empty", ["--frames", files.directory + "/empty.jpg"])
        // Bytes of a model that look like the beginning of an image.
        try files.write("model", Array("GGUF".utf8) + Array(repeating: 1, count: 200) + [0xFF, 0xD8, 0xFF, 0xE0, 0, 16])
        try expect(65, "is a GGUF model, not a JPEG", ["--frames", files.directory + "/model"])
    }

    /// The multiply-accumulates are half of what PyTorch's FlopCounterMode counts for the networks upstream at
    /// 320x320; it leaves the products of separable attention out.
    @Test(arguments: [(GoldenModel.xxs, 725_060_000), (.v05, 914_480_000)])
    func benchTellsTimeAndMemory(model: GoldenModel, multiplyAccumulates: Int) throws {
        let path = try model.path()
        let bench = try #require(
            try ToolOutcome(of: ["bench", "--model", path, "--threads", "1", "--runs", "3", "--json"], files).objects()
                .first)
        let times = try ["min_ms", "p10_ms", "median_ms", "p90_ms", "max_ms"].map {
            try #require(bench[$0] as? Double)
        }
        #expect(times == times.sorted() && times[0] > 0)
        #expect(try #require(bench["cpu_ms"] as? Double) > 0 && bench["load_ms"] as? Double ?? 0 > 0)
        let macs = try #require(bench["macs"] as? Int), speed = try #require(bench["macs_per_s"] as? Int)
        #expect(abs(Double(macs) / Double(multiplyAccumulates) - 1) < 0.001)
        // The median has three decimals.
        #expect(abs(Double(speed) * times[2] / 1e3 / Double(macs) - 1) < 0.001 / times[2])

        let fileSize = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(bench["model_bytes"] as? Int == fileSize)
        let growth = try #require(bench["resident_growth_bytes"] as? Int)
        let resident = try #require(bench["resident_bytes"] as? Int)
        let peak = try #require(bench["peak_resident_bytes"] as? Int)
        let arena = try #require(bench["arena_bytes"] as? Int)
        #expect(resident <= peak && growth < peak)
        // All of the arena is in use at the plan's peak.
        #expect(growth > arena * 9 / 10)
    }

    /// Steps are those of the plan, each once; shares add up to all of the time.
    @Test(arguments: GoldenModel.allCases) func benchTellsLayers(model: GoldenModel) throws {
        let arguments = ["--model", try model.path(), "--json"]
        let plan = try #require(try ToolOutcome(of: ["plan"] + arguments, files).objects().first)
        let bench = try #require(
            try ToolOutcome(of: ["bench", "--layers", "--runs", "2"] + arguments, files).objects().first)
        let layers = try #require(bench["layers"] as? [[String: Any]])
        let steps = layers.compactMap { $0["step"] as? Int }
        #expect(Array(steps.sorted()) == Array(0..<(plan["steps"] as? Int ?? 0)))
        let times = layers.compactMap { $0["median_ms"] as? Double }
        #expect(times.count == steps.count && times == times.sorted(by: >))
        #expect(abs(layers.compactMap { $0["share"] as? Double }.reduce(0, +) - 1) < 0.0001 * Double(steps.count))
        let first = try #require(layers.first { $0["step"] as? Int == 0 })
        #expect(first["name"] as? String == "encoder.conv_1" && first["operation"] as? String == "convolution")

        let people = try ToolOutcome(
            of: ["bench", "--layers", "--runs", "1", "--model", try model.path()], files)
        #expect(people.output.split(separator: "\n").count == 9 + steps.count)
    }

    @Test func benchTellsPeople() throws {
        let outcome = try ToolOutcome(of: ["bench", "--model", try RunningDaemon.model(), "--runs", "1"], files)
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        let titles = outcome.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(titles == ["model", "engine", "load", "run", "processor", "speed", "memory", "arena"])
    }

    @Test func theDrawingIsXMLWithARectanglePerBuffer() throws {
        let path = files.directory + "/plan.svg"
        let arguments = ["plan", "--model", try RunningDaemon.model(), "--svg", path]
        #expect(try ToolOutcome(of: arguments, files).code == 0)
        let document = try XMLDocument(contentsOf: URL(fileURLWithPath: path))
        let plan = try #require(try ToolOutcome(of: arguments + ["--json"], files).objects().first)
        let buffers = try #require(plan["buffers"] as? [[String: Any]])
        // One more for the background.
        #expect(try #require(document.rootElement()).elements(forName: "rect").count == buffers.count + 1)
    }

    /// Layers may be called anything: no terminal obeys it, and a drawing stays XML.
    @Test func namesAreText() throws {
        let path = files.directory + "/odd.gguf", drawing = files.directory + "/odd.svg"
        let name = "\u{1B}[1m<&>\u{7}\u{FFFE}xyz"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: try RunningDaemon.model()))
        while let range = bytes.firstRange(of: Data("encoder.conv_1".utf8)) {
            bytes.replaceSubrange(range, with: Data(name.utf8))
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        for arguments in [["plan", "--svg", drawing], ["bench", "--layers", "--runs", "1"]] {
            let outcome = try ToolOutcome(of: arguments + ["--model", path], files)
            #expect(outcome.code == 0 && outcome.output.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A }, "\(outcome)")
        }
        let titles = try XMLDocument(contentsOf: URL(fileURLWithPath: drawing)).nodes(forXPath: "//*[local-name()='title']")
        #expect(titles.contains { $0.stringValue?.hasPrefix("?[1m<&>??xyz") == true })
    }

    @Test(arguments: ["plan", "bench"]) func mistakesAreNamed(command: String) throws {
        #expect(try ToolOutcome(of: [command], files).code == 64)
        let missing = try ToolOutcome(of: [command, "--model", "/nonexistent.gguf"], files)
        #expect(missing.code == 66 && missing.errors.count == 1)
        #expect(missing.errors.first?.contains("/nonexistent.gguf") == true)
    }

    /// /dev/full takes no byte.
    @Test(arguments: [["plan"], ["plan", "--json"], ["bench", "--runs", "1"], ["bench", "--runs", "1", "--json"]])
    func resultsThatCannotBeWrittenAreAnError(arguments: [String]) throws {
        let outcome = try ToolOutcome(
            of: arguments + ["--model", try RunningDaemon.model()], files, output: "/dev/full")
        #expect(outcome.code == 74 && outcome.errors.count == 1)
        #expect(outcome.errors.first?.contains("cannot be written") == true)
    }

    @Test func aDrawingThatCannotBeWrittenIsAnError() throws {
        let outcome = try ToolOutcome(
            of: ["plan", "--model", try RunningDaemon.model(), "--svg", "/nonexistent/plan.svg"], files)
        #expect(outcome.code == 73 && outcome.errors.first?.contains("/nonexistent/plan.svg") == true)
    }
}
