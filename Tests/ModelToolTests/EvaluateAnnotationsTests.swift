import Foundation
import Pixels
import TestSupport
import Testing
import Vision

/// What `swiftlet-model evaluate` makes of annotations as people's tools write them, and of images that do not fit them.
@Suite struct EvaluateAnnotationsTests {
    private struct Figures: Decodable {
        struct Case: Decodable, CustomTestStringConvertible {
            var name: String
            var edit: [[String]]
            /// pycocotools 2.0.11's, of the file with numbers in place of quotes, annotations renumbered from 1, and those
            /// without a box skipped.
            var figures: [String: Double]

            var testDescription: String { name }
        }

        var base: String
        var stream: [String]
        var cases: [Case]
    }

    private static let figures = try! JSONDecoder().decode(
        Figures.self, from: Data(fixtureBytes("annotations/figures.json")))

    private let tool: ModelTool

    init() throws { tool = try ModelTool() }

    @Test(arguments: figures.cases) private func figuresArePycocotools(file: Figures.Case) throws {
        let text = file.edit.reduce(Self.figures.base) { $0.replacingOccurrences(of: $1[0], with: $1[1]) }
        let annotations = try tool.write("truth.json", text.utf8)
        let stream = try tool.write("stream.jsonl", Self.figures.stream.joined(separator: "\n").utf8)
        let outcome = try tool("evaluate", "--stream", stream, "--annotations", annotations, "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let report = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        for name in ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR"] {
            let value = report[name] as? Double, expected = file.figures[name]
            #expect((value == nil) == (expected == nil) && abs((value ?? 0) - (expected ?? 0)) < 1e-8, "\(name)")
        }
        let rows = try #require(report["per_class"] as? [[String: Any]])
        if file.name == "one category spelt otherwise" {
            #expect(outcome.errors.contains("the model has no label 10: its annotations count as not found"))
            #expect(rows.contains { $0["label"] as? String == "10" && $0["AP"] as? Double == 0 })
        }
    }

    // MARK: - Images

    /// A set of the fixture's image, 61x47, under these names, with a box each; returns the annotation file.
    private func set(_ names: [String], entries: [String]? = nil, size: (Int, Int) = (61, 47)) throws -> String {
        for name in names {
            let directory = URL(fileURLWithPath: tool.path(name)).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            _ = try tool.write(name, try fixtureBytes("jpeg/drawn-61x47.jpg"))
        }
        let images = (entries ?? names.map { String($0.split(separator: "/").last!) }).enumerated().map {
            #"{"id": \#($0.offset), "file_name": "\#($0.element)", "width": \#(size.0), "height": \#(size.1)}"#
        }
        let boxes = images.indices.map { #"{"image_id": \#($0), "category_id": \#($0 + 1), "bbox": [5, 5, 30, 30]}"# }
        let categories = (1...80).map { #"{"id": \#($0), "name": "c\#($0)"}"# }
        let json = """
            {"images": [\(images.joined(separator: ","))], "annotations": [\(boxes.joined(separator: ","))],
             "categories": [\(categories.joined(separator: ","))]}
            """
        return try tool.write("truth.json", json.utf8)
    }

    private func evaluate(_ images: String, _ annotations: String) throws -> ModelTool.Outcome {
        let model = try GoldenModel.xxs.path(size: ImageSize(width: 96, height: 64))
        return try tool("evaluate", model, "--images", images, "--annotations", annotations, "--json")
    }

    /// The objects of the report, by label.
    private func objects(_ outcome: ModelTool.Outcome) throws -> [String] {
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        let rows = try #require(report?["per_class"] as? [[String: Any]], "\(outcome.errors)")
        return rows.map { "\($0["label"]!) \($0["objects"]!)" }
    }

    /// Rejected by the headers alone: the images have nothing else, and none of them runs.
    @Test func otherSizesAreRejectedBeforeAnyImageRuns() throws {
        let scaled = try evaluate(tool.path("photos"), try set(["photos/a.jpg", "photos/b.jpg"], size: (122, 94)))
        #expect(scaled.code == 65 && scaled.output.isEmpty && !scaled.errors.contains("evaluating"))
        #expect(scaled.errors.contains("a.jpg is 61x47, but its entry says 122x94, and 1 more image likewise"))
        let truth = try set(["lying/a.jpg"])
        var jpeg = try fixtureBytes("jpeg/drawn-61x47.jpg")
        let exif: [UInt8] = [
            0xFF, 0xE1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0,
            6, 0, 0, 0, 0, 0, 0, 0,
        ]
        jpeg.insert(contentsOf: exif, at: 2)
        _ = try tool.write("lying/a.jpg", jpeg)
        let lying = try evaluate(tool.path("lying"), truth)
        #expect(lying.code == 65 && !lying.errors.contains("evaluating"))
        #expect(
            lying.errors.contains("a.jpg is 47x61 when it is turned as its EXIF data say, the annotations are of 61x47"))
    }

    @Test func imagesAreToldApartByTheirDirectories() throws {
        let truth = try set(["days/monday/f.jpg", "days/tuesday/f.jpg"], entries: ["monday/f.jpg", "tuesday/f.jpg"])
        #expect(try objects(evaluate(tool.path("days"), truth)) == ["person 1", "bicycle 1"])
        #expect(try objects(evaluate(tool.path("days/tuesday"), truth)) == ["bicycle 1"])
        let list = try tool.write("list.txt", "\u{FEFF}days/tuesday/f.jpg\r\ndays/tuesday/f.jpg\r\ndays/gone.jpg\r\n".utf8)
        let listed = try evaluate(list, truth)
        #expect(try objects(listed) == ["bicycle 1"])
        #expect(listed.errors.contains("1 of 2 images that it lists is not there, as "))
        #expect(listed.errors.contains("1 of 2 images that it names is not in \(list), as monday/f.jpg: skipped"))
        _ = try set(["one/f.jpg"])
        let either = try evaluate(tool.path("one"), try set([], entries: ["monday/f.jpg", "tuesday/f.jpg"]))
        #expect(either.code == 65 && either.errors.contains("f.jpg can be its entry monday/f.jpg or tuesday/f.jpg"))
    }

    @Test func directoriesBelowAreSearchedWhereNeeded() throws {
        let truth = try set(["images/default/a.jpg", "images/default/b.jpg"])
        #expect(try objects(evaluate(tool.path("images"), truth)) == ["person 1", "bicycle 1"])
        let calibration = try tool(
            "quantize", try GoldenModel.xxs.path(size: ImageSize(width: 96, height: 64)), "--calibrate",
            tool.path("images"), "-o", tool.path("m.gguf"))
        #expect(
            calibration.code == 66 && calibration.errors.contains("directories below it do, as \(tool.path("images/default"))"))
    }

    /// Sparse files take nothing on the disk and would take all memory.
    @Test func filesBeyondTheirLimitsAreRejected() throws {
        let truth = try set(["photos/a.jpg"])
        let big = try tool.write("big", [])
        try #require(truncate(big, 300 << 20) == 0)
        for arguments in [
            ["--stream", big, "--annotations", truth], ["--stream", truth, "--annotations", big],
            [try GoldenModel.xxs.path(), "--images", big, "--annotations", truth],
        ] {
            let outcome = try tool(["evaluate"] + arguments)
            #expect(outcome.code == 65 && outcome.errors.contains("maximum"), "\(outcome.errors)")
        }
        try #require(truncate(tool.path("photos/a.jpg"), 300 << 20) == 0)
        let image = try evaluate(tool.path("photos"), truth)
        #expect(image.code == 66 && image.errors.contains("a.jpg: skipped: is larger than 16384 KiB, the maximum"))
        // These are never written to.
        try #require(unlink(tool.path("photos/a.jpg")) == 0 && mkfifo(tool.path("photos/a.jpg"), 0o600) == 0)
        #expect(try evaluate(tool.path("photos"), truth).errors.contains("a.jpg: skipped: is a pipe"))
        try #require(mkfifo(tool.path("pipe"), 0o600) == 0)
        #expect(try tool("evaluate", "--stream", tool.path("pipe"), "--annotations", truth).code == 66)
        #expect(try tool("evaluate", "--stream", big, "--annotations", tool.path("pipe")).code == 66)
    }
}
