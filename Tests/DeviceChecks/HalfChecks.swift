import Kernels
import Model
import Engine
import ModelFile
import Pixels
import Vision

/// fp16 networks against fp32 with the same weights.
public enum HalfChecks {
    /// `model` is a model file with fp16 weights. Every path this processor has must come within `decibels` of fp32,
    /// and give the same bits whatever the number of threads.
    public static func run(
        _ network: GoldenChecks.Network, _ run: String, model: String, fixtures: String, decibels: Double,
        _ check: inout Check
    ) {
        guard let file = GoldenFile(path: "\(fixtures)/golden/\(network.directory)/\(run).safetensors") else {
            check.expect(false, "\(network.directory) \(run) cannot be read")
            return
        }
        let name = "image_u8_rgb_hwc", shape = file.shape("image_u8_rgb_hwc")
        var image = Image()
        image.reshape(to: ImageSize(width: shape[1], height: shape[0]))
        _ = image.pixels.update(from: file.bytes(name))
        guard let reference = outputs(model, image, path: nil, threads: 1) else {
            check.expect(false, "\(model) cannot be read")
            return
        }
        for path in KernelPath.available(for: .fp16) {
            guard let found = outputs(model, image, path: path, threads: 1),
                let shared = outputs(model, image, path: path, threads: 3)
            else {
                check.expect(false, "\(model) cannot run on \(path.name)")
                continue
            }
            let ratio = signalToNoise(found, reference)
            print("\(network.directory) \(run) \(path.name): \(Int(ratio * 10)) tenths of a decibel")
            check.expect(ratio >= decibels, "\(network.directory) \(run) \(path.name): \(ratio) dB")
            check.expect(found == shared, "\(network.directory) \(run) \(path.name): threads change bits")
        }
    }

    /// The predictions for an image; of the fp32 engine without `path`.
    static func outputs(
        _ model: String, _ image: borrowing Image, path: KernelPath?, threads: Int
    ) -> [Float]? {
        var settings = ModelSettings(threads: threads)
        settings.path = path
        settings.observing = path == nil
        guard let file = try? ModelFile(path: model),
            let detector = try? Model(file: file, size: image.size, settings: settings)
        else { return nil }
        detector.load(image)
        detector.run()
        var values = [Float](repeating: 0, count: detector.engine.predictionCount)
        values.withUnsafeMutableBufferPointer { detector.engine.copyPredictions(to: $0) }
        return values
    }

    /// In decibels; 0 where a value is not a number.
    static func signalToNoise(_ found: [Float], _ expected: [Float]) -> Double {
        var signal = 0.0, noise = 1e-30
        for index in expected.indices {
            let difference = Double(found[index]) - Double(expected[index])
            guard !difference.isNaN else { return 0 }
            signal += Double(expected[index]) * Double(expected[index])
            noise += difference * difference
        }
        // log10 by halving, for want of a logarithm in the embedded subset.
        var ratio = signal / noise, decibels = 0.0
        while ratio >= 2 {
            ratio /= 2
            decibels += 3.0103
        }
        return decibels + 3.0103 * (ratio - 1)
    }
}
