import Checkpoint
import Foundation
import TestSupport
import Testing
import Vision

/// `swiftlet-model` with classifiers.
@Suite struct ClassifierCommandTests {
    private let tool: ModelTool
    private let model: String

    init() throws {
        tool = try ModelTool()
        model = tool.path("single.gguf")
        try SmallClassifier(classes: 24).write(to: model)
    }

    /// What `run` writes for an image.
    private func logits(_ image: String) throws -> [Float] {
        let output = tool.path("out.safetensors")
        let outcome = try tool("run", model, "--input", image, "-o", output)
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let tensor = try #require(try Checkpoint(path: output)["logits"])
        #expect(tensor.shape == [1, 24])
        return try tensor.floats()
    }

    /// Coloured noise, so that images differ.
    private func image(_ seed: UInt64) throws -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        let image = Image(size: SmallClassifier.size), colour = (0..<3).map { _ in random.integer(0...200) }
        for index in image.pixels.indices { image.pixels[index] = UInt8(colour[index % 3] + random.integer(0...55)) }
        var encoder = JPEGEncoder()
        return Array(try encoder.encode(image))
    }

    @Test func runPrintsAndWrites() throws {
        let path = try tool.write("a.jpg", try image(1)), logits = try logits(path)
        let best = logits.indices.max { logits[$0] < logits[$1] }!
        let lines = try tool("run", model, "--input", path, "-o", tool.path("b.safetensors")).lines
        #expect(lines.count == 6 && lines[0].hasSuffix("  \(best)  class \(best)") && lines[5].hasPrefix("24 classes; wrote "))
        let inspected = try tool("inspect", model).lines
        #expect(inspected.contains("task            classification") && inspected.contains("labels          24"))
        #expect(!inspected.contains { $0.hasPrefix("anchors") || $0.hasPrefix("suppression") })
    }

    /// Images in directories of their true or of another class: the shares are those of the logits that `run` writes.
    @Test func evaluateCountsTheBestClasses() throws {
        var right = 0, near = 0, total = 0
        for seed in 1...12 {
            let bytes = try image(UInt64(seed)), path = try tool.write("one.jpg", bytes), logits = try logits(path)
            let order = logits.indices.sorted { logits[$0] > logits[$1] }
            let place = [0, 0, 3, 4, 5, 20][seed % 6]
            // A number stands for its class, too.
            let folder = seed % 2 == 0 ? "class \(order[place])" : "\(order[place])"
            try FileManager.default.createDirectory(atPath: tool.path("test/\(folder)"), withIntermediateDirectories: true)
            _ = try tool.write("test/\(folder)/\(seed).jpg", bytes)
            (right, near, total) = (right + (place == 0 ? 1 : 0), near + (place < 5 ? 1 : 0), total + 1)
        }
        let half = tool.path("half.gguf"), eight = tool.path("eight.gguf")
        #expect(try tool("quantize", model, "--precision", "fp16", "-o", half).code == 0)
        let images = try tool.write(
            "list.txt",
            try FileManager.default.subpathsOfDirectory(atPath: tool.path("test"))
                .filter { $0.hasSuffix(".jpg") }.map { "test/\($0)\n" }.joined().utf8)
        let quantised = try tool("quantize", model, "--calibrate", images, "-o", eight, "--report")
        #expect(quantised.code == 0 && quantised.output.contains("signal to noise"), "\(quantised.errors)")
        #expect(!quantised.output.contains("detections"))

        let outcome = try tool("evaluate", model, half, eight, "--images", tool.path("test"), "--json", "--layers")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let reports = try outcome.lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(reports.count == 3 && reports[0]["pictures"] as? Int == total)
        #expect(reports[0]["top1"] as? Double == Double(right) / Double(total))
        #expect(reports[0]["top5"] as? Double == Double(near) / Double(total))
        #expect(try #require(reports[1]["agreement"] as? Double) > 0.9 && reports[0]["agreement"] == nil)
        #expect(reports[2]["layers"] != nil)
        let table = try tool("evaluate", model, half, "--images", tool.path("test"))
        #expect(table.lines.contains { $0.hasPrefix("top 1, %") } && table.lines.contains { $0.hasPrefix("agreement, %") })
    }

    /// What needs boxes, and directories that stand for no class.
    @Test func whatIsRefused() throws {
        for name in ["class 1", "clas 2"] {
            try FileManager.default.createDirectory(atPath: tool.path("test/\(name)"), withIntermediateDirectories: true)
            _ = try tool.write("test/\(name)/1.jpg", try image(1))
        }
        let unknown = try tool("evaluate", model, "--images", tool.path("test"))
        #expect(unknown.code == 65 && unknown.errors.contains("test/clas 2: is called like no class of"))
        #expect(unknown.errors.contains("did you mean 'class 2'?"))
        let boxes = try tool("evaluate", model, "--images", tool.path("test"), "--annotations", "x.json")
        #expect(boxes.code == 64 && boxes.errors.contains("is a classifier: leave --annotations out"))
        let compared = try tool("compare", model, model, "--images", tool.path("test/class 1"))
        #expect(compared.code == 65 && compared.errors.contains("is not a detector"))
        let mixed = try tool("evaluate", model, try GoldenModel.xxs.path(), "--images", tool.path("test"))
        #expect(mixed.code == 65)
        let detector = try tool("evaluate", try GoldenModel.xxs.path(), "--images", tool.path("test"))
        #expect(detector.code == 64 && detector.errors.contains("--annotations is required"))
        let stream = #"{"type":"hello","task":"classification","labels":["a"],"threshold":0}"#
        let recorded = try tool(
            "evaluate", "--stream", try tool.write("s.jsonl", (stream + "\n").utf8), "--annotations", "x.json")
        #expect(recorded.code != 0)
    }
}
