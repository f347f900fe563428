import Checkpoint
import Model
import DeviceChecks
import Engine
import Foundation
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

extension GoldenModel {
    var network: GoldenChecks.Network { self == .xxs ? .xxs : .v05 }
}

@Suite struct GoldenTests {
    @Test(arguments: GoldenModel.allCases, ["run_64x128_detail", "run_208x240_interp", "run_320x320"])
    func outputsEqualUpstream(model: GoldenModel, run: String) throws {
        var check = Check()
        GoldenChecks.run(
            model.network, run, model: try model.path(), fixtures: fixture(""), &check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    @Test(arguments: GoldenModel.allCases) func detectionsEqualUpstream(model: GoldenModel) throws {
        var check = Check()
        let ran = GoldenChecks.run(
            model.network, "run_320x320", model: try model.path(), fixtures: fixture(""), &check)
        GoldenChecks.detections(model.network, threshold: "0.05", 0.05, of: ran, fixtures: fixture(""), &check)
        GoldenChecks.detections(model.network, threshold: "0.3", 0.3, of: ran, fixtures: fixture(""), &check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    /// Every inner tensor of the detail run, so that a wrong layer is named.
    @Test(arguments: GoldenModel.allCases) func everyLayerEqualsUpstream(model: GoldenModel) throws {
        let run = try golden("\(model.rawValue)/run_64x128_detail.safetensors")
        let detector = try detector(model, try #require(run["image_u8_rgb_hwc"]), observing: true)
        detector.run()
        let stages = run.tensors.filter { $0.name.hasPrefix("stage.") }
        #expect(stages.count >= 40)
        for stage in stages {
            let name = Self.nodeName(String(stage.name.dropFirst("stage.".count)), model)
            let node = try #require(
                detector.engine.graph.nodes.first { $0.name.text == name }, "no layer for \(stage.name)")
            let found = Self.channelFirst(try #require(detector.engine.view(node.output)), like: stage.shape)
            let expected = try stage.floats()
            try #require(found.count == expected.count, "\(name)")
            let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst <= 2e-4, "\(name) differs by \(worst)")
        }
    }

    /// Fusing additions and reusing memory change no value.
    @Test(arguments: GoldenModel.allCases) func fusionKeepsEveryBit(model: GoldenModel) throws {
        let run = try golden("\(model.rawValue)/run_208x240_interp.safetensors")
        let tensor = try #require(run["image_u8_rgb_hwc"])
        let fused = try detector(model, tensor), plain = try detector(model, tensor, observing: true)
        fused.engine.run()
        plain.engine.run()
        #expect(Array(fused.engine.output) == Array(plain.engine.output))
        #expect(fused.engine.arenaByteCount < plain.engine.arenaByteCount / 4)
        #expect(fused.engine.arenaByteCount >= fused.engine.arenaLowerBound)
    }

    /// However many threads share the work, on however odd a size, every bit is the same, frame after frame.
    @Test(arguments: GoldenModel.allCases, [2, 3, 8]) func threadsKeepEveryBit(model: GoldenModel, threads: Int) throws {
        let run = try golden("\(model.rawValue)/run_208x240_interp.safetensors")
        let tensor = try #require(run["image_u8_rgb_hwc"])
        let one = try detector(model, tensor), many = try detector(model, tensor, threads: threads)
        let input = Array(one.engine.input)
        one.engine.run()
        for _ in 0..<20 {
            _ = many.engine.input.update(from: input)
            many.engine.run()
            #expect(Array(one.engine.output) == Array(many.engine.output))
        }
    }

    /// As PyTorch's FlopCounter counts convolutions and matrix products of the upstream networks; the products of
    /// separable attention, 0.8 M, are element by element there and not counted.
    @Test(arguments: [(GoldenModel.xxs, 725.06, 0.01), (.v05, 914.48, 0.9)])
    func multiplyAccumulates(model: GoldenModel, millions: Double, tolerance: Double) throws {
        let detector = try Model(
            file: try ModelFile(path: model.path()), settings: ModelSettings())
        let graph = detector.engine.graph
        let total = graph.nodes.reduce(0) { $0 + graph.multiplyAccumulates($1) }
        #expect(abs(Double(total) / 1e6 - millions) <= tolerance)
    }

    /// A second frame does not see the first.
    @Test func framesAreIndependent() throws {
        let run = try golden("xxs-ssd/run_64x128_detail.safetensors")
        let tensor = try #require(run["image_u8_rgb_hwc"])
        let detector = try detector(.xxs, tensor)
        let input = Array(detector.engine.input)
        detector.run()
        let first = Array(detector.engine.output)
        _ = detector.engine.input.update(from: input.map { 1 - $0 })
        detector.run()
        #expect(Array(detector.engine.output) != first)
        _ = detector.engine.input.update(from: input)
        detector.run()
        #expect(Array(detector.engine.output) == first)
    }

    /// fp16 keeps the outputs within what rounding weights to 11 bits costs on random weights (37 and 33 dB), and what
    /// rounding activations adds.
    @Test(arguments: GoldenModel.allCases) func halfPrecisionWeightsRun(model: GoldenModel) throws {
        let run = try golden("\(model.rawValue)/run_64x128_detail.safetensors")
        let tensor = try #require(run["image_u8_rgb_hwc"])
        let full = try detector(model, tensor)
        let half = try detector(model, tensor, precision: .fp16)
        full.engine.run()
        half.engine.run()
        #expect(half.engine.precision == .fp16 && half.engine.arenaByteCount < full.engine.arenaByteCount)
        var found = [Float](repeating: 0, count: half.engine.predictionCount)
        found.withUnsafeMutableBufferPointer { half.engine.copyPredictions(to: $0) }
        var signal = 0.0, noise = 0.0
        for (x, y) in zip(full.engine.output, found) {
            signal += Double(x) * Double(x)
            noise += Double(x - y) * Double(x - y)
        }
        let decibels = 10 * log10(signal / noise)
        #expect(decibels > 30 && decibels < 100, "\(decibels) dB")
    }

    private func detector(
        _ model: GoldenModel, _ tensor: CheckpointTensor, observing: Bool = false, precision: StoragePrecision = .fp32,
        threads: Int = 1
    ) throws -> Model {
        let size = ImageSize(width: tensor.shape[1], height: tensor.shape[0])
        var settings = ModelSettings(threads: threads)
        settings.observing = observing
        let detector = try Model(
            file: try ModelFile(path: model.path(precision)), size: size, settings: settings)
        let image = Image(size: size)
        _ = image.pixels.update(from: try tensor.bytes())
        detector.load(image)
        return detector
    }

    /// The layer whose output the golden stored under `stage`.
    private static func nodeName(_ stage: String, _ model: GoldenModel) -> String {
        let isXXS = model == .xxs
        switch stage {
        case "layer_1": return isXXS ? "encoder.layer_1.0" : "encoder.layer_1.0.block.red_1x1"
        case "layer_2": return isXXS ? "encoder.layer_2.2" : "encoder.layer_2.1"
        case "layer_3", "layer_4", "layer_5": return "encoder.\(stage).1"
        case "layer_3.0", "layer_4.0", "layer_5.0": return "encoder.\(stage).block.red_1x1"
        case "extra.os_-1": return "extra_layers.os_-1.1"
        case "ssd_heads.5.loc_cls_layer": return stage
        default: break
        }
        if stage.hasPrefix("extra.") { return "extra_layers.\(stage.dropFirst(6)).pw_conv" }
        if stage.hasPrefix("ssd_heads.") { return stage.hasSuffix("proj_layer") ? stage : stage + ".pw_conv" }
        if stage.hasSuffix("pre_norm_ffn") { return "encoder.\(stage).\(isXXS ? 4 : 3)" }
        if stage.hasSuffix("pre_norm_mha.1") || stage.hasSuffix("pre_norm_attn.1") {
            return "encoder.\(stage).out_proj"
        }
        if isXXS {
            if stage.hasSuffix("local_rep.0") { return "encoder.\(stage.dropLast(1))conv_3x3" }
            if stage.hasSuffix("local_rep.1") { return "encoder.\(stage.dropLast(1))conv_1x1" }
        }
        return "encoder." + stage
    }

    /// Our rows of channels in the order of a golden: [1, c, h, w], or [4, n, c] which is ours already.
    private static func channelFirst(_ view: MapView, like shape: [Int]) -> [Float] {
        let (rows, channels) = (view.shape.rows, view.shape.channels)
        if shape.count == 3 {
            return (0..<rows).flatMap { row in (0..<channels).map { view.pointer[row * view.stride + $0] } }
        }
        return (0..<channels).flatMap { channel in (0..<rows).map { view.pointer[$0 * view.stride + channel] } }
    }
}
