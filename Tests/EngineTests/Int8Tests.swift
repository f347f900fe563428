import Checkpoint
import Kernels
import Model
import Engine
import Foundation
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

/// The golden networks in int8. Their weights are random, so that numbers are worse than a trained network's.
@Suite struct Int8Tests {
    static let runs = ["run_64x128_detail", "run_208x240_interp", "run_320x320"]

    /// What int8 costs, against the fp32 engine on the same image: with maps that are resized, and without.
    @Test(arguments: GoldenModel.allCases, runs) func outputsAreNearFP32(model: GoldenModel, run: String) throws {
        let tensor = try #require(try golden("\(model.rawValue)/\(run).safetensors")["image_u8_rgb_hwc"])
        let expected = try detector(model.path(), tensor), found = try detector(model.int8Path(run), tensor)
        #expect(found.engine.precision == .int8 && expected.engine.precision == .fp32)
        expected.engine.run()
        found.engine.run()
        let decibels = signalToNoise(predictions(expected), predictions(found))
        #expect(decibels > 7, "\(decibels) dB")
    }

    /// Each step by itself, so that a wrong one is named.
    @Test(arguments: GoldenModel.allCases, runs) func everyStepIsNearFP32(
        model: GoldenModel, run: String
    ) throws {
        let tensor = try #require(try golden("\(model.rawValue)/\(run).safetensors")["image_u8_rgb_hwc"])
        let full = try detector(model.path(), tensor, observing: true)
        let int8 = try detector(model.int8Path(run), tensor)
        var stored: [Int: [Float]] = [:]
        int8.engine.run { map in
            stored[map.tensor.index] = (0..<map.shape.count).map {
                map.value(row: $0 / map.shape.channels, channel: $0 % map.shape.channels)
            }
        }
        #expect(stored.count > 80)
        // The fp32 engine continues from what the int8 engine stored, so that each comparison is of one step.
        full.engine.run { tensor, view in
            guard let found = stored[tensor.index] else { return }
            var reference: [Float] = []
            for row in 0..<view.shape.rows {
                for channel in 0..<view.shape.channels {
                    reference.append(view.pointer[row * view.stride + channel])
                    view.pointer[row * view.stride + channel] = found[row * view.shape.channels + channel]
                }
            }
            let decibels = signalToNoise(reference, found)
            let name = full.engine.graph.nodes.first { $0.output == tensor }!.name.text
            #expect(decibels > 16, "\(name): \(decibels) dB")
        }
    }

    /// However many threads share the work, and whatever the kernels, every bit is the same, frame after frame.
    @Test(arguments: GoldenModel.allCases, runs) func pathsAndThreadsKeepEveryBit(
        model: GoldenModel, run: String
    ) throws {
        let tensor = try #require(try golden("\(model.rawValue)/\(run).safetensors")["image_u8_rgb_hwc"])
        let reference = try detector(model.int8Path(), tensor, path: .scalar)
        reference.engine.run()
        let expected = predictions(reference)
        for path in KernelPath.available(for: .int8) {
            for threads in [1, 2, 3] {
                let engine = try detector(model.int8Path(), tensor, path: path, threads: threads)
                let input = Array(engine.engine.inputBytes)
                for _ in 0..<3 {
                    _ = engine.engine.inputBytes.update(from: input)
                    engine.engine.run()
                    #expect(predictions(engine) == expected, "\(path.name), \(threads) threads")
                }
            }
        }
    }

    private func detector(
        _ path: String, _ tensor: CheckpointTensor, path kernels: KernelPath? = nil, threads: Int = 1,
        observing: Bool = false
    ) throws -> Model {
        let size = ImageSize(width: tensor.shape[1], height: tensor.shape[0])
        var settings = ModelSettings(threads: threads)
        settings.path = kernels
        settings.observing = observing
        let detector = try Model(file: try ModelFile(path: path), size: size, settings: settings)
        let image = Image(size: size)
        _ = image.pixels.update(from: try tensor.bytes())
        detector.load(image)
        return detector
    }

    private func predictions(_ detector: Model) -> [Float] {
        var values = [Float](repeating: .nan, count: detector.engine.predictionCount)
        values.withUnsafeMutableBufferPointer { detector.engine.copyPredictions(to: $0) }
        return values
    }

    private func signalToNoise(_ expected: [Float], _ found: [Float]) -> Double {
        var signal = 0.0, noise = 0.0
        for (x, y) in zip(expected, found) {
            signal += Double(x) * Double(x)
            noise += Double(x - y) * Double(x - y)
        }
        return 10 * log10(signal / noise)
    }
}
