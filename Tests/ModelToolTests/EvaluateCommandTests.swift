import Foundation
import Pixels
import TestSupport
import Testing
import Vision

/// `swiftlet-model evaluate`.
@Suite struct EvaluateCommandTests {
    private let tool: ModelTool
    private let annotations: String
    /// Of images as small as the fixture's, whose categories are no labels.
    private let small: String

    init() throws {
        tool = try ModelTool()
        let categories = (1...80).map { #"{"id": \#($0), "name": "c\#($0)"}"# }.joined(separator: ",")
        let json = #"""
            {"images": [{"id": 1, "file_name": "photos/a.jpg"}, {"id": 2, "file_name": "b.jpg"},
                        {"id": 3, "file_name": "absent.jpg"}],
             "categories": [\#(categories)],
             "annotations": [{"image_id": 1, "category_id": 3, "bbox": [10, 10, 50, 40], "area": 2000, "iscrowd": 0},
                             {"image_id": 2, "category_id": 3, "bbox": [0, 0, 200, 100], "iscrowd": 0},
                             {"image_id": 2, "category_id": 4, "bbox": [300, 0, 20, 20], "iscrowd": 0},
                             {"image_id": 3, "category_id": 5, "bbox": [0, 0, 20, 20], "iscrowd": 0}]}
            """#
        annotations = try tool.write("boxes.json", json.utf8)
        let boxes = #"""
            {"images": [{"id": 1, "file_name": "photos/a.jpg", "width": 61, "height": 47},
                        {"id": 2, "file_name": "b.jpg", "width": 61, "height": 47}],
             "categories": [\#(categories)],
             "annotations": [{"image_id": 1, "category_id": 3, "bbox": [10, 5, 50, 40]},
                             {"image_id": 2, "category_id": 4, "bbox": [0, 0, 20, 20]}]}
            """#
        small = try tool.write("small.json", boxes.utf8)
    }

    private func stream(_ name: String, _ lines: [String], threshold: Double = 0.01) throws -> String {
        let labels = (["background"] + (1...80).map { "c\($0)" }).map { "\"\($0)\"" }.joined(separator: ",")
        let hello = #"{"type":"hello","threshold":\#(threshold),"labels":[\#(labels)]}"#
        return try tool.write(name, ([hello] + lines).joined(separator: "\n").utf8)
    }

    private func frame(_ image: String, _ detections: [(String, Double, String)]) -> String {
        let objects = detections.map { #"{"class":1,"label":"\#($0.0)","score":\#($0.1),"box_px":[\#($0.2)]}"# }
        return #"{"type":"frame","picture":\#(image),"detections":[\#(objects.joined(separator: ","))]}"#
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// Two of three objects are found as what they are, at all IoUs; what the third is taken for counts nowhere.
    @Test func aStreamIsJudged() throws {
        let path = try stream(
            "stream.jsonl",
            [
                frame("\"a.jpg\"", [("c3", 0.9, "10,10,60,50")]), #"{"type":"camera","state":"streaming"}"#,
                frame("\"x/b.jpg\"", [("c3", 0.8, "0,0,200,100"), ("c9", 0.7, "300,0,320,20"), ("c3", 0.02, "9,9,30,30")]),
                // The source went round again.
                frame("\"a.jpg\"", []), frame("\"elsewhere.jpg\"", [("c5", 0.9, "0,0,9,9")]),
            ])
        let outcome = try tool("evaluate", "--stream", path, "--annotations", annotations, "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let said = outcome.errors.split(separator: "\n")
        #expect(said.count == 2, "\(outcome.errors)")
        #expect(
            said.first?.hasSuffix(
                "boxes.json: 1 of 3 images that it names is not in \(path), as absent.jpg: "
                    + "skipped with its boxes") == true)
        #expect(said.last?.hasSuffix("1 of 3 images in \(path) is not named in it, as elsewhere.jpg: skipped") == true)
        let report = try object(outcome.output)
        #expect(report["pictures"] as? Int == 2 && report["AP"] as? Double == 0.5 && report["AP50"] as? Double == 0.5)
        #expect(try abs(#require(report["AP_large"] as? Double) - 1) < 1e-12 && report["AP_small"] as? Double == 0)
        #expect(report["AR"] as? Double == 0.5 && report["agreement"] == nil)
        #expect(report["AR1"] as? Double == 0.5 && report["AR10"] as? Double == 0.5)
        let classes = try #require(report["per_class"] as? [[String: Any]])
        #expect(classes.map { $0["label"] as? String } == ["c3", "c4"])
        #expect(classes[0]["AP75"] as? Double == 1 && classes[0]["right"] as? Int == 2)
        #expect(classes[0]["invented"] as? Int == 0, "0.02 is below the threshold")
        #expect(classes[1]["taken_for"] as? [String: Int] == ["c9": 1] && classes[1]["missed"] as? Int == 0)

        let table = try tool("evaluate", "--stream", path, "--annotations", annotations)
        #expect(table.lines.contains { $0.split(separator: " ") == ["AP50", "50.00"] })
        #expect(table.output.contains("0 of 1 found, 1 taken for c9, 0 missed, 0 false"))
    }

    @Test func aHighThresholdIsTold() throws {
        let path = try stream("high.jsonl", [frame("\"a.jpg\"", [])], threshold: 0.5)
        let outcome = try tool("evaluate", "--stream", path, "--annotations", annotations)
        #expect(outcome.code == 0 && outcome.errors.contains("contains only what scored more than 0.5"))
    }

    /// Boxes of turned images fit no annotation, and what a reader did not ask for was not missed by the model.
    @Test func turnedAndFilteredStreamsAreTold() throws {
        let found = frame("\"a.jpg\"", [("c3", 0.9, "10,10,60,50")])
        func judge(_ lines: String...) throws -> ModelTool.Outcome {
            let path = try stream("filtered.jsonl", lines + [found])
            return try tool("evaluate", "--stream", path, "--annotations", annotations)
        }
        func options(_ score: Double, _ classes: String, _ every: Int) -> String {
            #"{"type":"options","min_score":\#(score),"classes":\#(classes),"every":\#(every)}"#
        }
        func hello(_ turn: Int) -> String {
            let labels = (["background"] + (1...80).map { "c\($0)" }).map { "\"\($0)\"" }.joined(separator: ",")
            return #"{"type":"hello","source":{"kind":"folder","path":"x","rotate_deg":\#(turn)},"threshold":0.01,"#
                + #""labels":[\#(labels)]}"#
        }
        for turn in [90, 180, 270] {
            let turned = try judge(hello(turn))
            #expect(turned.code == 65 && turned.errors.contains("line 2 begins a stream of images turned by \(turn) degrees"))
            #expect(turned.errors.contains("record it without --rotate"))
        }
        let classes = try judge(options(0, #"["c3"]"#, 1))
        #expect(classes.code == 65 && classes.errors.contains("line 2: the reader asked for 1 classes only"))
        for (line, words) in [
            (options(0.5, "null", 1), "(min_score 0.5)"), (options(0, "null", 3), "(every 3)"),
            (options(0.25, "null", 2), "(min_score 0.25, every 2)"),
        ] {
            let outcome = try judge(line)
            #expect(outcome.code == 0 && outcome.errors.contains(words), "\(outcome.errors)")
        }
        let configured = try judge(hello(0).replacing(#""threshold""#, with: #""filtered":true,"threshold""#))
        #expect(configured.code == 0 && configured.errors.contains("by class or zone"), "\(configured.errors)")
        let all = try judge(options(0, "null", 1))
        #expect(all.code == 0 && !all.errors.contains("the model's"), "\(all.errors)")
    }

    /// A recording is stopped within a line; another is added behind it, of the same model or not.
    @Test func recordingsOfSeveralSessions() throws {
        func hello(_ labels: String, _ threshold: Double) -> String {
            #"{"type":"hello","threshold":\#(threshold),"labels":["background",\#(labels)]}"#
        }
        let found = frame("\"a.jpg\"", [("c3", 0.9, "10,10,60,50")])
        func judge(_ lines: [String]) throws -> ModelTool.Outcome {
            let path = try tool.write("recorded.jsonl", lines.joined(separator: "\n").utf8)
            return try tool("evaluate", "--stream", path, "--annotations", annotations)
        }
        let one = hello(#""c3","c4""#, 0.01)
        let cut = try judge([one, found, String(found.dropLast(9))])
        #expect(cut.code == 0 && cut.errors.contains("recorded.jsonl: ends within a line, which is skipped"))
        let inside = try judge([one, String(found.dropLast(9)), found])
        #expect(inside.code == 65 && inside.errors.contains("line 2 is none of swiftletd's stream"))
        let two = try judge([hello(#""c3","c4""#, 0.5), found, one, found])
        #expect(two.code == 0 && two.errors.contains("contains only what scored more than 0.5"))
        let other = try judge([one, found, hello(#""c4","c3""#, 0.01), found])
        #expect(other.code == 65 && other.errors.contains("line 3 begins the stream of another model"))
    }

    /// A model beside itself and its fp16 form.
    @Test func modelsAreCompared() throws {
        let model = try GoldenModel.xxs.path(size: ImageSize(width: 96, height: 64))
        #expect(try tool("quantize", model, "--precision", "fp16", "-o", tool.path("half.gguf")).code == 0)
        let images = tool.path("photos")
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
        for name in ["a.jpg", "b.jpg", "unnamed.jpg"] {
            _ = try tool.write("photos/\(name)", try fixtureBytes("jpeg/drawn-61x47.jpg"))
        }
        let outcome = try tool(
            "evaluate", model, model, tool.path("half.gguf"), "--images", images, "--annotations", small,
            "--threshold", "0.1", "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let reports = try outcome.lines.map { try object($0) }
        #expect(reports.count == 3 && reports.allSatisfy { $0["pictures"] as? Int == 2 })
        #expect(reports[1]["agreement"] as? Double == 1)
        #expect(reports[0]["agreement"] == nil && reports[1]["foreground_logits_db"] as? Double ?? 999 == 999)
        #expect(reports[1]["AP"] as? Double == reports[0]["AP"] as? Double)
        #expect(reports.allSatisfy { $0["pictures_per_s"] as? Double ?? 0 > 0 })
        let limited = try tool(
            "evaluate", model, "--images", images, "--annotations", small, "--limit", "1", "--json")
        #expect(try object(limited.output)["pictures"] as? Int == 1)
    }

    /// What the model file tells of the noise in each tensor is what the quantiser told when it wrote the file.
    @Test func layersAreThoseOfTheQuantiser() throws {
        let model = try GoldenModel.xxs.path(size: ImageSize(width: 96, height: 64))
        let images = tool.path("photos"), quantised = tool.path("int8.gguf")
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
        for name in ["a.jpg", "b.jpg"] {
            _ = try tool.write("photos/\(name)", try fixtureBytes("jpeg/drawn-61x47.jpg"))
        }
        let report = try tool("quantize", model, "--calibrate", images, "-o", quantised, "--report", "--json")
        let wanted = try #require(try object(report.output)["tensors"] as? [NSDictionary])
        let arguments = ["--images", images, "--annotations", small, "--layers"]
        let outcome = try tool(["evaluate", model, quantised, "--json"] + arguments)
        let reports = try outcome.lines.map { try object($0) }
        #expect(outcome.code == 0 && reports[0]["layers"] == nil)
        #expect(wanted.count > 40 && reports[1]["layers"] as? [NSDictionary] == wanted)

        let table = try tool(["evaluate", model, quantised] + arguments)
        #expect(table.lines.contains { $0.hasPrefix("int8.gguf: signal to noise, dB") })
        #expect(try tool(["evaluate", model] + arguments).errors.contains("an int8 model after the first"))
        #expect(try tool(["evaluate", quantised, model] + arguments).errors.contains("a first model in fp32 or fp16"))
    }

    @Test func mistakesAreExplained() throws {
        let model = try GoldenModel.xxs.path(size: ImageSize(width: 96, height: 64))
        func expect(_ code: Int32, _ words: String, _ arguments: [String]) throws {
            let outcome = try tool(["evaluate", "--annotations", annotations] + arguments)
            #expect(outcome.code == code && outcome.errors.contains(words), "\(outcome.code): \(outcome.errors)")
        }
        try expect(64, "model files and --images are required", [model])
        try expect(64, "--stream replaces", [model, "--stream", annotations])
        try expect(64, "--limit must be", [model, "--images", ".", "--limit", "0"])
        try expect(66, "No such file", ["--stream", tool.path("none.jsonl")])
        try expect(65, "line 1 is none of swiftletd's stream", ["--stream", try tool.write("bad.jsonl", "{".utf8)])
        try expect(
            65, "has no hello line", ["--stream", try tool.write("late.jsonl", frame("\"a.jpg\"", []).utf8)])
        try expect(65, "without a name", ["--stream", try stream("camera.jsonl", [frame("3", [])])])
        try expect(65, "names none of the images", ["--stream", try stream("other.jsonl", [frame("\"z.jpg\"", [])])])
        try expect(65, "box_px must be four", ["--stream", try stream("box.jsonl", [frame("\"a.jpg\"", [("c3", 1, "1,2")])])])
    }
}
