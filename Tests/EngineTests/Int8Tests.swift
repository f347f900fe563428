import Checkpoint
import Detector
import Engine
import Foundation
import ModelFile
import Quantizer
import TestSupport
import Testing
import Vision

/// The golden networks in int8. Their weights are random, so that numbers are worse than a trained network's.
@Suite struct Int8Tests {
    static let runs = ["run_64x128_detail", "run_208x240_interp", "run_320x320"]

    /// What int8 costs, against the fp32 engine on the same picture: with maps that are resized, and without.
    @Test(arguments: GoldenModel.allCases, runs) func outputsAreNearFP32(model: GoldenModel, run: String) throws {
        let image = try #require(try golden("\(model.rawValue)/\(run).safetensors")["image_u8_rgb_hwc"])
        let expected = try detector(model.path(), image), found = try detector(model.int8Path(), image)
        #expect(found.engine.arithmetic == .int8 && expected.engine.arithmetic == .single)
        expected.engine.run()
        found.engine.run()
        let decibels = signalToNoise(predictions(expected), predictions(found))
        print("\(model) \(run): \(decibels) dB")
        #expect(decibels > 15, "\(decibels) dB")
    }

    /// However many threads share the work, and whatever the kernels, every bit is the same, frame after frame.
    @Test(arguments: GoldenModel.allCases, runs) func pathsAndThreadsKeepEveryBit(
        model: GoldenModel, run: String
    ) throws {
        let image = try #require(try golden("\(model.rawValue)/\(run).safetensors")["image_u8_rgb_hwc"])
        let reference = try detector(model.int8Path(), image, path: .scalar)
        reference.engine.run()
        let expected = predictions(reference)
        for path in KernelPath.available(for: .int8) {
            for threads in [1, 2, 3] {
                let engine = try detector(model.int8Path(), image, path: path, threads: threads)
                let input = Array(engine.engine.inputBytes)
                for _ in 0..<3 {
                    _ = engine.engine.inputBytes.update(from: input)
                    engine.engine.run()
                    #expect(predictions(engine) == expected, "\(path.name), \(threads) threads")
                }
            }
        }
    }

    @Test(arguments: GoldenModel.allCases) func squareSizesWithOddMapsRun(model: GoldenModel) throws {
        let source = try #require(try golden("\(model.rawValue)/run_320x320.safetensors")["image_u8_rgb_hwc"])
        let whole = Picture(size: PictureSize(width: 320, height: 320))
        _ = whole.pixels.update(from: try source.bytes())
        for side in [32, 96, 97, 160] {
            let size = PictureSize(width: side, height: side)
            let full = try Detector(
                file: try ModelFile(path: model.path()), inputSize: size, settings: DetectorSettings())
            let int8 = try Detector(
                file: try ModelFile(path: model.int8Path()), inputSize: size, settings: DetectorSettings(threads: 2))
            full.load(whole)
            int8.load(whole)
            full.engine.run()
            int8.engine.run()
            let decibels = signalToNoise(predictions(full), predictions(int8))
            #expect(decibels > 12, "\(side): \(decibels) dB")
        }
    }

    private func detector(
        _ path: String, _ image: CheckpointTensor, path kernels: KernelPath? = nil, threads: Int = 1
    ) throws -> Detector {
        let size = PictureSize(width: image.shape[1], height: image.shape[0])
        var settings = DetectorSettings(threads: threads)
        settings.path = kernels
        let detector = try Detector(file: try ModelFile(path: path), inputSize: size, settings: settings)
        let picture = Picture(size: size)
        _ = picture.pixels.update(from: try image.bytes())
        detector.load(picture)
        return detector
    }

    private func predictions(_ detector: Detector) -> [Float] {
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
