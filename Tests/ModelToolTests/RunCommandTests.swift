import Checkpoint
import Foundation
import TestSupport
import Testing

/// `swiftlet-model run`: what it writes is what upstream computes.
@Suite struct RunCommandTests {
    private let tool: ModelTool
    private let output: String

    init() throws {
        tool = try ModelTool()
        output = tool.path("out.safetensors")
    }

    private func run(_ input: String, _ options: String...) throws -> ModelTool.Outcome {
        try tool(["run", try GoldenModel.xxs.path(), "--input", input, "-o", output] + options)
    }

    /// At the model's own size, and at another one that is asked for.
    @Test(arguments: GoldenModel.allCases, [("run_320x320", nil), ("run_64x128_detail", "128x64")])
    func outputsEqualUpstream(model: GoldenModel, run name: (file: String, size: String?)) throws {
        let input = fixture("golden/\(model.rawValue)/\(name.file).safetensors")
        let arguments = ["run", try model.path(), "--input", input, "-o", output]
        let outcome = try tool(arguments + (name.size.map { ["--size", $0] } ?? []))
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        let expected = try Checkpoint(path: input), found = try Checkpoint(path: output)
        for (tensor, tolerance) in [("confidences", Float(2e-4)), ("locations", 2e-4), ("anchors", 1e-6)] {
            let (theirs, ours) = (try #require(expected[tensor]), try #require(found[tensor]))
            #expect(theirs.shape == ours.shape)
            let worst = zip(try theirs.floats(), try ours.floats()).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst <= tolerance, "\(tensor) differs by \(worst)")
        }
        let count = try #require(found["det.scores"]).elementCount
        #expect(outcome.output.hasPrefix("\(count) detection\(count == 1 ? "" : "s") above 0.3"))
        #expect(found["det.labels"]?.shape == [count] && found["det.boxes_norm_xyxy"]?.shape == [count, 4])
    }

    /// A JPEG gives what the pixels that Pillow decodes from it give.
    @Test func jpegsRunLikeTheirPixels() throws {
        let pixels = try #require(try Checkpoint(path: fixture("jpeg/drawn-61x47.safetensors"))["full_u8_rgb_hwc"])
        var writer = SafetensorsWriter()
        try writer.add(
            "image_u8_rgb_hwc", shape: pixels.shape, elementType: pixels.elementType, bytes: try pixels.bytes())
        let raw = tool.path("raw.safetensors")
        try writer.write(to: raw)
        #expect(try run(raw, "--threshold", "0.1").code == 0)
        let expected = try Data(contentsOf: URL(fileURLWithPath: output))
        #expect(try run(fixture("jpeg/drawn-61x47.jpg"), "--threshold", "0.1").code == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == expected)
        let scores = try #require(try Checkpoint(path: output)["det.scores"]).floats()
        #expect(!scores.isEmpty && scores.allSatisfy { $0 > 0.1 })
    }

    @Test func unfitInputsAreExplained() throws {
        let noise = try run(try tool.write("noise", "neither".utf8))
        #expect(noise.code == 65 && noise.errors.contains("noise: is neither a JPEG nor a safetensors file"))
        let jpeg = try run(try tool.write("cut.jpg", try fixtureBytes("jpeg/drawn-61x47.jpg").dropLast(200)))
        #expect(jpeg.code == 65 && jpeg.errors.contains("cut.jpg: is cut off"))
        let tensors = try run(fixture("checkpoints/expected.safetensors"))
        #expect(tensors.code == 65 && tensors.errors.contains("contains no tensor image_u8_rgb_hwc"))
        for shape in [[4, 4, 4], [0, 4, 3], [4, 12], [1, 16_385, 3]] {
            var writer = SafetensorsWriter()
            let bytes = [UInt8](repeating: 0, count: shape.reduce(1, *))
            try writer.add("image_u8_rgb_hwc", shape: shape, elementType: .uint8, bytes: bytes)
            try writer.write(to: tool.path("odd.safetensors"))
            let odd = try run(tool.path("odd.safetensors"))
            #expect(odd.code == 65 && odd.errors.contains("must be uint8 [height, width, 3]"))
        }
        #expect(try run(tool.path("none.jpg")).code == 66)
        #expect(!tool.exists("out.safetensors"))
    }

    @Test func otherMistakesAreExplained() throws {
        let image = fixture("jpeg/drawn-61x47.jpg")
        for size in ["0x0", "31x64", "64x2049", "64"] {
            let outcome = try run(image, "--size", size)
            #expect(outcome.code == 64 && outcome.errors.contains("--size"), "\(outcome.errors)")
        }
        #expect(try run(image, "--threshold", "2").code == 64)
        #expect(try tool("run", tool.path("none.gguf"), "--input", image, "-o", output).code == 66)
        #expect(try tool("run", image, "--input", image, "-o", output).code == 65)
        #expect(!tool.exists("out.safetensors"))
        let device = try tool("run", try GoldenModel.xxs.path(), "--input", image, "-o", "/dev/full")
        #expect(device.code == 73 && device.errors.contains("/dev/full: is a device"))
        let directory = try tool("run", try GoldenModel.xxs.path(), "--input", image, "-o", tool.directory)
        #expect(directory.code == 73 && directory.errors.contains("\(tool.directory): Is a directory"))
    }
}
