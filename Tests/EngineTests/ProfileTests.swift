import Checkpoint
import Model
import Engine
import ModelFile
import TestSupport
import Testing
import Vision

@Suite struct ProfileTests {
    /// Steps one by one, and by the threads of a run, compute the same.
    @Test(arguments: GoldenModel.allCases, [Precision.fp32, .fp16, .int8])
    func stepsMakeARun(model: GoldenModel, precision: Precision) throws {
        let file = try ModelFile(path: path(model, precision))
        let detector = try Model(file: file, settings: ModelSettings(threads: 2))
        let engine = detector.engine
        #expect(engine.precision == precision)
        let tensor = try #require(try golden("\(model.rawValue)/run_320x320.safetensors")["image_u8_rgb_hwc"])
        let image = Image(size: detector.format.size)
        _ = image.pixels.update(from: try tensor.bytes())

        detector.load(image)
        engine.run()
        let expected = predictions(engine)
        detector.load(image)
        for step in 0..<engine.stepCount { engine.runStep(step) }
        #expect(predictions(engine) == expected)
    }

    /// Every step completes a layer of its own; the first is the stem.
    @Test(arguments: GoldenModel.allCases, [Precision.fp32, .fp16, .int8])
    func stepsHaveNames(model: GoldenModel, precision: Precision) throws {
        let file = try ModelFile(path: path(model, precision))
        let engine = try Model(file: file, settings: ModelSettings()).engine
        let names = (0..<engine.stepCount).map { engine.stepName($0).text }
        #expect(names.first == "encoder.conv_1" && "\(engine.stepOperation(0))" == "convolution")
        #expect(Set(names).count == names.count)
    }

    private func path(_ model: GoldenModel, _ precision: Precision) throws -> String {
        switch precision {
        case .fp32: try model.path()
        case .fp16: try model.path(.fp16)
        case .int8: try model.int8Path()
        }
    }

    private func predictions(_ engine: Engine) -> [Float] {
        var values = [Float](repeating: .nan, count: engine.predictionCount)
        values.withUnsafeMutableBufferPointer { engine.copyPredictions(to: $0) }
        return values
    }
}
