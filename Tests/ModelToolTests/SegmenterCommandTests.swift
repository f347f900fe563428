import Checkpoint
import Foundation
import TestSupport
import Testing
import Vision

/// `swiftlet-model` with segmenters.
@Suite struct SegmenterCommandTests {
    private let tool: ModelTool
    private let model: String

    init() throws {
        tool = try ModelTool()
        model = tool.path("parts.gguf")
        try SmallClassifier.segmenter().write(to: model)
    }

    /// From a checkpoint to the mask that upstream makes of an image.
    @Test(arguments: ["narrow-v1-deeplabv3", "narrow-v3-separable-deeplabv3"])
    func importedNetworksMakeUpstreamsMasks(name: String) throws {
        let golden = fixture("golden/\(name)"), model = tool.path("m.gguf"), output = tool.path("out.safetensors")
        let imported = try tool("import", golden + "/model.safetensors", "--size", "96x64", "-o", model)
        #expect(imported.code == 0, "\(imported.errors)")
        let run = golden + "/run_64x96.safetensors"
        let outcome = try tool("run", model, "--input", run, "-o", output)
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let (found, expected) = (try Checkpoint(path: output), try Checkpoint(path: run))
        let logits = try #require(found["logits_lowres"]), right = try #require(expected["logits_lowres"])
        #expect(logits.shape == right.shape)
        let values = try right.floats(), largest = values.map(abs).max()!
        #expect(zip(try logits.floats(), values).map { abs($0 - $1) }.max()! < 1e-5 * largest)
        let mask = try #require(found["mask_argmax_u8"])
        #expect(mask.shape == [1, 64, 96] && mask.elementType == .uint8)
        let pixels = [UInt8](try mask.bytes()), others = zip(pixels, try #require(expected["mask_argmax_u8"]).bytes())
        #expect(others.count { $0 != $1 } <= 6)

        // A line for each class: share, class, label, box.
        let lines = outcome.lines
        let classes = Dictionary(grouping: pixels, by: { $0 }).mapValues(\.count).filter { $0.value > 6 }
        #expect(lines.count == classes.count + 1 && lines.last!.hasPrefix("4 classes, mask of 96x64; wrote "))
        for (line, each) in zip(lines, classes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }) {
            let share = String(format: "%.4f", Double(each.value) / 6144)
            #expect(line.hasPrefix("\(share)  \(each.key)  class \(each.key + 1)  "), "\(line)")
        }
        let inspected = try tool("inspect", model).lines
        #expect(inspected.contains("task            segmentation") && inspected.contains("labels          4"))
        #expect(inspected.contains { $0.hasPrefix("upsampling      aligned-") })
    }

    /// Half and eight bits say nearly the same.
    @Test func quantisedModelsMakeNearlyTheSameMasks() throws {
        var random = SeededGenerator(seed: 3)
        let image = Image(size: SmallClassifier.size)
        for index in image.pixels.indices { image.pixels[index] = UInt8(random.integer(0...255)) }
        var encoder = JPEGEncoder()
        try FileManager.default.createDirectory(atPath: tool.path("photos"), withIntermediateDirectories: true)
        let path = try tool.write("photos/a.jpg", Array(try encoder.encode(image)))
        let half = tool.path("half.gguf"), eight = tool.path("eight.gguf")
        #expect(try tool("quantize", model, "--precision", "fp16", "-o", half).code == 0)
        let quantised = try tool("quantize", model, "--calibrate", tool.path("photos"), "-o", eight, "--report")
        #expect(quantised.code == 0 && !quantised.output.contains("detections"), "\(quantised.errors)")
        let masks = try [model, half, eight].map { model in
            let output = tool.path("out.safetensors")
            #expect(try tool("run", model, "--input", path, "-o", output).code == 0)
            return [UInt8](try #require(try Checkpoint(path: output)["mask_argmax_u8"]).bytes())
        }
        #expect(Set(masks[0]).count > 1)
        #expect(zip(masks[0], masks[1]).count { $0 != $1 } < masks[0].count / 100)
        #expect(zip(masks[0], masks[2]).count { $0 != $1 } < masks[0].count / 10)
    }
}
