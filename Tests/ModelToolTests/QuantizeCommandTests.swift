import Foundation
import Model
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

/// `swiftlet-model quantize` and `compare`.
@Suite struct QuantizeCommandTests {
    private let tool: ModelTool
    private let model: String

    init() throws {
        tool = try ModelTool()
        // A copy: nothing may change the one that all tests share.
        model = tool.path("model.gguf")
        let shared = try GoldenModel.xxs.path(size: ImageSize(width: 96, height: 64))
        try FileManager.default.copyItem(atPath: shared, toPath: model)
    }

    /// A directory with two images, and a file that is none.
    private func directory() throws -> String {
        let directory = tool.path("pictures")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, source) in [("b.jpg", "jpeg/drawn-61x47.jpg"), ("a.JPEG", "vision/grey-27x19.jpg")] {
            _ = try tool.write("pictures/\(name)", try fixtureBytes(source))
        }
        _ = try tool.write("pictures/notes.txt", "no image".utf8)
        return directory
    }

    @Test func int8IsMadeAndReported() throws {
        let outcome = try tool(
            "quantize", model, "--precision", "int8", "--calibrate", try directory(), "-o", tool.path("q.gguf"),
            "--report")
        #expect(outcome.code == 0, "\(outcome.errors)")
        // Per-quarter lines, as standard error is no terminal.
        #expect(outcome.errors.contains("calibrating: 4 of 4\n") && outcome.errors.contains("wrote "))
        let lines = outcome.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(lines.contains { $0.count == 3 && $0[0] == "encoder.layer_1.0" && Double($0[1])! > 15 })
        #expect(lines.contains { $0.prefix(2) == ["encoder.layer_1.0.block.exp_1x1", "-"] })
        // Worst first.
        let tensors = lines.drop { $0.last != "own" }.dropFirst().prefix { $0.count == 3 }
        let totals = tensors.compactMap { Double($0[1]) }
        #expect(totals.count > 40 && totals == totals.sorted())

        let summary = try tool("inspect", tool.path("q.gguf"))
        #expect(summary.code == 0 && summary.output.contains(" int8 "))
        let run = try tool("run", tool.path("q.gguf"), "--input", try directory() + "/b.jpg", "-o", tool.path("out"))
        #expect(run.code == 0, "\(run.errors)")
    }

    @Test func reportsAreJSONToo() throws {
        let outcome = try tool(
            "quantize", model, "--calibrate", try directory(), "-o", tool.path("q.gguf"), "--report", "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        #expect(tensors.allSatisfy { $0["name"] is String && $0["own_db"] is Double })
        #expect((report["outputs"] as? [String: Any])?["all_logits_db"] is Double)
    }

    /// A list names images relative to itself; the default name says the precision; the same input gives the same
    /// file.
    @Test func listsAndDefaultNames() throws {
        _ = try directory()
        let list = try tool.write("list.txt", "pictures/b.jpg\n\n pictures/missing.jpg \npictures/a.JPEG\n".utf8)
        let first = try tool("quantize", model, "--calibrate", list)
        #expect(first.code == 0 && first.errors.contains("missing.jpg: skipped: No such file"))
        let second = try tool("quantize", model, "--calibrate", tool.path("pictures"), "-o", tool.path("q.gguf"))
        #expect(second.code == 0)
        #expect(try contents("model-int8.gguf") == contents("q.gguf"))
        let one = try tool("quantize", model, "--calibrate", list, "--limit", "1", "-o", tool.path("one.gguf"))
        #expect(one.code == 0 && !one.errors.contains("missing.jpg"))
        #expect(try contents("one.gguf") != contents("q.gguf"))
    }

    /// fp16 of an fp32 file is what the importer writes as fp16.
    @Test func halfPrecision() throws {
        let imported = try GoldenModel.xxs.path(.fp16, size: ImageSize(width: 96, height: 64))
        let outcome = try tool("quantize", model, "--precision", "fp16", "-o", tool.path("h.gguf"))
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try contents("h.gguf") == Data(contentsOf: URL(fileURLWithPath: imported)))
    }

    /// What the engine would reject replaces nothing: int8 wants channels by eights.
    @Test func whatCannotRunReplacesNothing() throws {
        let replaced: [(key: Name, value: MetadataValue)] = [
            (Name("labels"), .texts(["background", "a", "b"])), (Name("task.anchor.aspect_ratios"), .floats([2])),
            (Name("task.anchor.aspect_ratio_counts"), .integers([1])),
        ]
        let graph: [(key: Name, value: MetadataValue)] = [
            (Name("graph.kinds"), .texts(["convolution", "pointwise", "concatenate rows"])),
            (Name("graph.kind"), .bytes([0, 1, 2])), (Name("graph.names"), .texts(["first", "second", "rows"])),
            (Name("graph.has_bias"), .bytes([1, 1, 0])), (Name("graph.input_counts"), .bytes([1, 1, 1])),
            (Name("graph.inputs"), .shorts([0, 1, 2])), (Name("graph.attribute_counts"), .bytes([13, 2, 1])),
            (Name("graph.attributes"), .shorts([12, 1, 0, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 28, 0, 7])),
            (Name("graph.outputs"), .shorts([3])),
        ]
        let kept = try ModelDescription(ModelFile(path: model)).metadata().filter { entry in
            !replaced.contains { $0.key == entry.key }
        }
        let layouts = [
            ("first.weight", TensorShape(3, 3, 3, 12)), ("first.bias", TensorShape(12)), ("second.weight", TensorShape(12, 28)),
            ("second.bias", TensorShape(28)),
        ].map { GGUFWriter.Layout(name: Name($0), shape: $1, storageType: .float32) }
        try GGUFWriter.write(to: tool.path("odd.gguf"), metadata: kept + replaced + graph, layouts: layouts) {
            [Float](repeating: 0.01, count: layouts[$0].shape.count).withUnsafeBytes { Data($0) }
        }

        let output = try tool.write("q.gguf", "precious".utf8), images = try directory()
        let outcome = try tool("quantize", tool.path("odd.gguf"), "--calibrate", images, "-o", output)
        #expect(outcome.code == 65 && !outcome.errors.contains("wrote"))
        #expect(outcome.errors.contains("odd.gguf: layer 'second': unsupported number of channels"), "\(outcome.errors)")
        #expect(try contents("q.gguf") == Data("precious".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: tool.directory).allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func damagedFilesOfTheFirstFormatAreExplained() throws {
        try GGUFWriter.write(
            to: tool.path("old.gguf"), metadata: [(Name("general.architecture"), .text("mobilevitv3-ssdlite"))], layouts: []
        ) { _ in Data() }
        let outcome = try tool("upgrade", tool.path("old.gguf"), "-o", tool.path("new.gguf"))
        #expect(outcome.code == 65 && outcome.errors.contains("old.gguf: missing key 'general.name': "), "\(outcome.errors)")
        #expect(!tool.exists("new.gguf"))
    }

    @Test func namesOfLayersAreText() throws {
        var bytes = try contents("model.gguf")
        while let range = bytes.firstRange(of: Data("encoder.conv_1".utf8)) {
            bytes.replaceSubrange(range, with: Data("\u{1B}[1mder.conv_1".utf8))
        }
        let outcome = try tool("inspect", try tool.write("odd.gguf", bytes))
        #expect(outcome.code == 0 && outcome.output.contains("?[1mder.conv_1"))
        #expect(outcome.output.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
    }

    private func contents(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: tool.path(name))) }

    @Test func mistakesOnTheCommandLineAreExplained() throws {
        let images = try directory()
        let cases: [([String], String)] = [
            (["--precision", "int8"], "--calibrate"), (["--precision", "int4"], "--precision"),
            (["--calibrate", images, "--limit", "0"], "--limit"), (["--calibrate", images, "--json"], "--report"),
            (["--precision", "fp16", "--calibrate", images], "fp16 needs no images"),
            (["--precision", "fp16", "--report"], "int8"),
            (["--calibrate", images, "-o", model], "is an input of this command"),
        ]
        let before = try contents("model.gguf")
        for (arguments, expected) in cases {
            let outcome = try tool(["quantize", model] + arguments)
            #expect(outcome.code == 64 && outcome.errors.contains(expected), "\(arguments): \(outcome.errors)")
        }
        try FileManager.default.createSymbolicLink(atPath: tool.path("link.gguf"), withDestinationPath: model)
        let linked = try tool("quantize", model, "--precision", "fp16", "-o", tool.path("link.gguf"))
        #expect(linked.code == 64 && linked.errors.contains("is an input of this command"))
        #expect(try contents("model.gguf") == before && !tool.exists("model-int8.gguf"))
    }

    @Test func unfitInputsAreExplained() throws {
        let images = try directory(), output = tool.path("q.gguf")
        func quantize(_ model: String, _ images: String) throws -> ModelTool.Outcome {
            try tool("quantize", model, "--calibrate", images, "-o", output)
        }
        let missing = try quantize(model, tool.path("none"))
        #expect(missing.code == 66 && missing.errors.contains("none: does not exist"))
        let url = try quantize(model, "https://host/pictures")
        #expect(url.code == 66 && url.errors.contains("URLs are not supported"))
        try FileManager.default.createDirectory(atPath: tool.path("empty"), withIntermediateDirectories: true)
        let empty = try quantize(model, tool.path("empty"))
        #expect(empty.code == 66 && empty.errors.contains("empty: contains no JPEGs"))
        let blank = try quantize(model, try tool.write("blank.txt", "\n".utf8))
        #expect(blank.code == 66 && blank.errors.contains("blank.txt: lists no JPEGs"))
        let damaged = try quantize(model, try tool.write("list.txt", "model.gguf\nlist.txt".utf8))
        #expect(damaged.code == 66 && damaged.errors.contains("none of the images could be read"))
        #expect(damaged.errors.contains("model.gguf: skipped: "))
        let noModel = try quantize(images + "/b.jpg", images)
        #expect(noModel.code == 65 && noModel.errors.contains("is not a GGUF file"))
        #expect(!tool.exists("q.gguf"))

        #expect(try quantize(model, images).code == 0)
        let twice = try tool("quantize", output, "--calibrate", images, "-o", tool.path("qq.gguf"))
        #expect(twice.code == 65 && twice.errors.contains("quantised already"))
        let unwritable = try tool("quantize", model, "--calibrate", images, "-o", tool.path("no/q.gguf"))
        #expect(unwritable.code == 73 && unwritable.errors.contains("No such file or directory: create its directory"))
        let full = try tool.withFileLimit(
            blocks: 8, "quantize", model, "--precision", "fp16", "-o", tool.path("full.gguf"))
        #expect(full.code == 73 && !tool.exists("full.gguf"))
    }

    // MARK: compare

    @Test func aModelEqualsItself() throws {
        let outcome = try tool("compare", model, model, "--images", try directory(), "--threshold", "0.1", "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(report["pictures"] as? Int == 2 && report["all_logits_db"] as? Double == 999)
        #expect(report["reference_detections"] as? Int == report["candidate_detections"] as? Int)
        #expect(report["matched_detections"] as? Int == report["candidate_detections"] as? Int)
        #expect(report["reference"] == nil)
    }

    /// Annotations made of the reference's own best detection: both find it.
    @Test func averagePrecisionOfBoth() throws {
        let images = try directory()
        #expect(try tool("quantize", model, "--precision", "fp16", "-o", tool.path("h.gguf")).code == 0)
        let json = #"""
            {"images": [{"id": 1, "file_name": "photos/b.jpg"}, {"id": 2, "file_name": "absent.jpg"}],
             "categories": [\#((1...80).map { #"{"id": \#($0), "name": "c\#($0)"}"# }.joined(separator: ","))],
             "annotations": [{"image_id": 1, "category_id": 3, "bbox": [0, 0, 50, 40], "area": 2000, "iscrowd": 0}]}
            """#
        let annotations = try tool.write("boxes.json", json.utf8)
        let outcome = try tool("compare", model, tool.path("h.gguf"), "--images", images, "--annotations", annotations)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let rows = outcome.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains { $0 == ["images", "1"] })
        #expect(rows.contains { $0.count == 3 && $0[0] == "AP50" && Double($0[1]) != nil })
        #expect(rows.contains { $0.suffix(2) == ["-", "-"] && $0.prefix(2) == ["AP", "small"] })
    }

    @Test func unfitComparisonsAreExplained() throws {
        let images = try directory()
        let small = try GoldenModel.xxs.path(size: ImageSize(width: 64, height: 64))
        let other = try tool("compare", model, small, "--images", images)
        #expect(other.code == 65 && other.errors.contains("has other classes or another input size"))
        let broken = try tool("compare", model, model, "--images", images, "--annotations", model)
        #expect(broken.code == 65 && broken.errors.contains("is not COCO's JSON but a model file"))
        let none = try tool.write("none.json", #"{"images": [], "categories": [], "annotations": []}"#.utf8)
        let foreign = try tool("compare", model, model, "--images", images, "--annotations", none)
        #expect(foreign.code == 65 && foreign.errors.contains("its list of images is empty"))
        #expect(try tool("compare", model, model, "--images", images, "--limit", "0").code == 64)
        #expect(try tool("compare", model, model, "--images", images, "--threshold", "2").code == 64)
    }
}
