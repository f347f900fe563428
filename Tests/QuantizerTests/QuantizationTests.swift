import CKernels
import Checkpoint
import Model
import Foundation
import ModelFile
import Pixels
import TestSupport
import Testing
import Vision

@testable import Engine
@testable import Quantizer

@Suite struct QuantizationTests {
    private let scratch = NSTemporaryDirectory() + "swiftlet-quantize-\(UUID().uuidString).gguf"
    private static let images = [
        "jpeg/drawn-61x47.jpg", "vision/grey-27x19.jpg", "vision/progressive-rotated-32x24.jpg",
    ].map { fixture($0) }

    // MARK: Weights

    /// sum * scale + bias is W x + b up to the rounding of the weights, however x is stored.
    @Test func matrixKeepsItsMeaning() {
        var random = SeededGenerator(seed: 1)
        for (inputs, outputs) in [(27, 16), (40, 9), (512, 24), (3, 1)] {
            let matrix = (0..<inputs * outputs).map { _ in Float.random(in: -2...2, using: &random) }
            let bias = (0..<outputs).map { _ in Float.random(in: -5...5, using: &random) }
            let scales = (0..<inputs).map { _ in Double.random(in: 0.001...0.1, using: &random) }
            let zeros = (0..<inputs).map { _ in Double(Int.random(in: -128...127, using: &random)) }
            let weights = Int8LayerWeights(
                matrix: matrix, outputs: outputs, bias: bias, inputScales: scales, inputZeros: zeros)
            #expect(weights.packed.count == (outputs + 7) / 8 * 8 * ((inputs + 3) / 4 * 4))
            weights.packed.withUnsafeBytes {
                #expect(ck_qs8_weights_fit(inputs, outputs, $0.bindMemory(to: Int8.self).baseAddress) == 1)
            }
            let stored = (0..<inputs).map { _ in Double(Int.random(in: -128...127, using: &random)) }
            for output in 0..<outputs {
                let scale = Double(weights.scales[output])
                var exact = Double(bias[output]), found = Double(weights.bias[output]), allowed: Double = 1e-3
                for input in 0..<inputs {
                    let index = input * outputs + output
                    exact += Double(matrix[index]) * scales[input] * (stored[input] - zeros[input])
                    found += scale * Double(weights.values[index]) * stored[input]
                    // Half a unit, and one more where four weights together had to give way.
                    allowed += scale * 1.5 * abs(stored[input] - zeros[input])
                }
                #expect(abs(exact - found) <= allowed)
            }
        }
    }

    /// Four equal weights that share a bound use up the 254 that it allows, and no more.
    @Test func weightsShareTheirBound() {
        let weights = Int8LayerWeights(
            matrix: [Float](repeating: -1, count: 16), outputs: 1, bias: [],
            inputScales: Array(repeating: 1, count: 16), inputZeros: Array(repeating: 0, count: 16))
        for first in 0..<4 {
            let sum = stride(from: first, to: 16, by: 4).reduce(0) { $0 + Int(weights.values[$1]) }
            #expect((-254 ... -251).contains(sum))
        }
        let lone = Int8LayerWeights(matrix: [3, 0.5], outputs: 1, bias: [], inputScales: [1, 1], inputZeros: [0, 0])
        #expect(lone.values == [127, 21] && abs(lone.scales[0] - 3.0 / 127) < 1e-7)
    }

    /// A layer without weights still has its bias.
    @Test func biasOfWeightsThatAreZero() {
        let weights = Int8LayerWeights(
            matrix: [0, 0], outputs: 1, bias: [3], inputScales: [1, 1], inputZeros: [-128, 5])
        #expect(weights.bias == [3] && weights.values == [0, 0])
        #expect(Double(weights.bias[0] / weights.scales[0]) <= 0x1p26)
    }

    @Test func depthwiseWeightsHaveAScaleForEachChannel() {
        var taps = [Float](repeating: 0, count: 18)
        for tap in 0..<9 { (taps[2 * tap], taps[2 * tap + 1]) = (Float(tap), -0.25) }
        let weights = Int8LayerWeights(depthwise: taps, bias: [1, 2], inputScales: [0.5, 2], inputZeros: [-128, 10])
        #expect(weights.values[16] == 127 && weights.values[0] == 0 && weights.values[1] == -127)
        #expect(abs(weights.scales[0] - 8 * 0.5 / 127) < 1e-7 && abs(weights.scales[1] - 0.25 * 2 / 127) < 1e-7)
        // bias + scale of the input * 128 * sum of the weights, and - 10 of the other's.
        #expect(abs(weights.bias[0] - (1 + 0.5 * 128 * 36)) < 10)
        #expect(abs(weights.bias[1] - (2 + 2 * 10 * 9 * 0.25)) < 1e-3)
    }

    // MARK: Ranges

    private func statistics(_ tensor: StoredTensor, _ rows: [[Float]]) -> TensorStatistics {
        var statistics = TensorStatistics(tensor)
        var values = rows.flatMap { $0 }
        values.withUnsafeMutableBufferPointer {
            let view = MapView(
                pointer: $0.baseAddress!, shape: MapShape(height: 1, width: rows.count, channels: rows[0].count),
                stride: rows[0].count)
            statistics.observeExtremes(view)
            statistics.prepareHistograms()
            statistics.observeHistogram(view)
        }
        return statistics
    }

    private func tensor(
        _ groups: [Int], _ rule: StoredTensor.RangeRule, _ codes: StoredTensor.Codes = .all, lowest: Double? = nil
    ) -> StoredTensor {
        StoredTensor(
            tensor: Graph(input: MapShape(height: 1, width: 1, channels: 1)).input, name: Name("t"), groups: groups,
            groupCount: groups.max()! + 1, rule: rule, codes: codes, lowest: lowest)
    }

    @Test func extremesBecomeTheRange() {
        let one = tensor([0, 0], .extremes(margin: 1))
        let found = TensorQuantisation(one, statistics(one, [[-1, 3], [0.5, 2]]))
        #expect(found.scales == singles(4.0 / 255) && found.zeroPoints == [-64])
        // 0 is in every range; what an activation cannot give is not.
        let each = tensor([0, 1], .extremes(margin: 2), lowest: -0.3)
        let ranges = TensorQuantisation(each, statistics(each, [[1, -0.25], [2, 2]]))
        #expect(ranges.scales == singles(4.0 / 255, 4.3 / 255))
        #expect(ranges.zeroPoints == [-128, -110])
        let symmetric = tensor([0, 1], .extremes(margin: 1), .symmetric(limits: [127, 63]))
        let heads = TensorQuantisation(symmetric, statistics(symmetric, [[1, -6.3], [-2, 1]]))
        for (scale, expected) in zip(heads.scales, [2.0 / 127, 6.3 / 63]) { #expect(abs(scale - expected) < 1e-6) }
        #expect(heads.zeroPoints == [0, 0])
    }

    /// Scales are stored as fp32.
    private func singles(_ values: Double...) -> [Double] { values.map { Double(Float($0)) } }

    /// A channel that calibration saw at rest has room to move.
    @Test func restingChannelsHaveARange() {
        let each = tensor([0, 1], .extremes(margin: 1))
        let found = TensorQuantisation(each, statistics(each, [[0, -64], [0, 64]]))
        #expect(abs(found.scales[0] - 2.0 / 255) < 1e-7 && abs(found.zeroPoints[0]) <= 1)
    }

    /// Many small values and a rare large one: clipping pays, and the chosen range is about the best of a search.
    @Test func minimumErrorIsMinimal() {
        // Each of the small values stands for 200.
        let small = (0...1000).map { Float($0) / 500 - 1 }
        func error(low: Double, high: Double) -> Double {
            let scale = (high - low) / 255, zero = (-128 - low / scale).rounded()
            func squared(_ value: Float) -> Double {
                let code = min(max((Double(value) / scale).rounded() + zero, -128), 127)
                let difference = (code - zero) * scale - Double(value)
                return difference * difference
            }
            return small.reduce(0) { $0 + squared($1) } * 200 + squared(6)
        }
        let one = tensor([0], .minimumError)
        var rows: [[Float]] = [[6]]
        for _ in 0..<200 { rows += small.map { [$0] } }
        let found = TensorQuantisation(one, statistics(one, rows))
        let best = stride(from: 1.0, through: 6, by: 0.05).map { error(low: -1, high: $0) }.min()!
        let low = found.scales[0] * Double(-128 - found.zeroPoints[0])
        #expect(error(low: low, high: low + 255 * found.scales[0]) <= best * 1.1)
        #expect(best * 1.1 < error(low: -1, high: 6))
    }

    // MARK: Networks

    /// A model file with random weights at 64x96, and detectors that observe it.
    private func prepare(_ model: GoldenModel) throws -> (file: ModelFile, detectors: [Model]) {
        let file = try ModelFile(path: try model.path(size: ImageSize(width: 96, height: 64)))
        var settings = ModelSettings()
        settings.observing = true
        return (file, try (0..<2).map { _ in try Model(file: file, settings: settings) })
    }

    /// The int8 engine takes the file and computes about what the fp32 engine does, and where it doesn't the report
    /// tells.
    @Test(arguments: GoldenModel.allCases) func int8NetworksRun(model: GoldenModel) throws {
        defer { unlink(scratch) }
        let (file, detectors) = try prepare(model)
        let source = try FloatModel(file), scheme = try QuantisationScheme(source.graph)
        var steps: [Int] = [], warned: [String] = []
        let statistics = try Calibration.statistics(
            scheme, detectors: detectors, images: Self.images + ["/nonexistent.jpg", fixture("README.md")],
            report: { done, _ in steps.append(done) }, warn: { image, _ in warned.append(image) })
        #expect(steps == Array(1...8) && Set(warned) == ["/nonexistent.jpg", fixture("README.md")])
        let quantised = try Int8Model(source, scheme, statistics)
        try quantised.write(to: scratch) { _, _ in }

        let written = try ModelFile(path: scratch)
        let detector = try Model(file: written, settings: ModelSettings())
        #expect(written.byteCount * 2 < file.byteCount)
        var comparison = Comparison(classCount: detector.description.labels.count)
        var noise = NoiseReport(quantised)
        for image in Self.images {
            let jpeg = try Data(contentsOf: URL(fileURLWithPath: image))
            var outputs: [[Float]] = []
            for (position, detector) in [detectors[0], detector].enumerated() {
                _ = try jpeg.withUnsafeBytes { try detector.load(jpeg: $0) }
                if position == 0 {
                    detector.run()
                } else {
                    noise.add(reference: detectors[0].engine, running: detector.engine)
                }
                var values = [Float](repeating: 0, count: detector.engine.predictionCount)
                values.withUnsafeMutableBufferPointer { detector.engine.copyPredictions(to: $0) }
                outputs.append(values)
            }
            comparison.add(
                reference: outputs[0], candidate: outputs[1], referenceDetections: [], candidateDetections: [])
        }
        // Without any training, noise grows from layer to layer, and more in the separable line.
        let least: Double = model == .xxs ? 15 : 9
        #expect(comparison.allLogitDecibels! > least)
        #expect(comparison.allBoxDecibels! > least)
        let lines = noise.lines
        #expect(lines.count > scheme.tensors.count - 5)
        for line in lines {
            #expect(line.own > 20, "\(line.name)")
            if let total = line.total { #expect(total > least - 3, "\(line.name)") }
        }
        // Tensors inside inverted residuals never exist whole.
        #expect(lines.first { $0.name == "encoder.layer_1.0.block.exp_1x1" }?.total == nil)
        #expect(lines.first { $0.name == "encoder.conv_1" }!.total! > 30)
    }

    /// Every image is damaged: that is an error, not a file.
    @Test func calibrationNeedsImages() throws {
        let (file, detectors) = try prepare(.xxs)
        let scheme = try QuantisationScheme(try FloatModel(file).graph)
        #expect(throws: QuantizerError.noReadableImages) {
            _ = try Calibration.statistics(
                scheme, detectors: detectors, images: [fixture("README.md")], report: { _, _ in },
                warn: { _, error in #expect(error == .jpeg(.notJPEG(.text))) })
        }
    }

    /// The statistics do not depend on who took which image.
    @Test func calibrationIsDeterministic() throws {
        let (file, detectors) = try prepare(.v05)
        let source = try FloatModel(file), scheme = try QuantisationScheme(source.graph)
        func quantisations(_ detectors: [Model]) throws -> [TensorQuantisation] {
            let statistics = try Calibration.statistics(
                scheme, detectors: detectors, images: Self.images, report: { _, _ in }, warn: { _, _ in })
            return try Int8Model(source, scheme, statistics).quantisations
        }
        #expect(try quantisations(detectors) == quantisations([detectors[0]]))
    }

    /// The kernels' conditions hold for every tensor.
    @Test(arguments: GoldenModel.allCases) func constraintsHold(model: GoldenModel) throws {
        let (file, detectors) = try prepare(model)
        let source = try FloatModel(file), scheme = try QuantisationScheme(source.graph)
        let statistics = try Calibration.statistics(
            scheme, detectors: detectors, images: Self.images, report: { _, _ in }, warn: { _, _ in })
        let quantised = try Int8Model(source, scheme, statistics)
        for (tensor, quantisation) in zip(scheme.tensors, quantised.quantisations) {
            #expect(quantisation.scales.allSatisfy { $0 > 0 && $0.isFinite }, "\(tensor.name.text)")
            #expect(quantisation.zeroPoints.allSatisfy { (-128...127).contains($0) })
            #expect([1, tensor.channels].contains(quantisation.scales.count))
        }
        for call in scheme.lowering.calls {
            guard !scheme.lowering.isPrediction(call.output) else { continue }
            switch call.operation {
            case is LayerNorm:
                for part in scheme.parts(of: call.input) {
                    #expect(quantised.quantisations[part].scales.count == 1)
                }
            case is GroupNorm:
                for part in scheme.parts(of: call.input) {
                    #expect(quantised.quantisations[part].scales.count == scheme.tensors[part].channels)
                }
            case let attention as Attention:
                let part = quantised.quantisations[scheme.parts(of: call.input)[0]]
                let size = part.scales.count / 3 / attention.heads
                #expect(part.zeroPoints.allSatisfy { $0 == 0 })
                for head in 0..<2 * attention.heads { #expect(Set(part.scales[head * size..<(head + 1) * size]).count == 1) }
            case is SeparableAttention:
                let part = quantised.quantisations[scheme.parts(of: call.input)[0]]
                #expect(part.zeroPoints.allSatisfy { $0 == 0 } && part.scales[0] <= 5.5)
            default: break
            }
            guard let residual = call.residual else { continue }
            let to = quantised.quantisations[scheme.parts(of: call.output)[0]]
            var channel = 0
            for part in scheme.parts(of: residual) {
                for inner in 0..<scheme.tensors[part].channels {
                    #expect(quantised.quantisations[part].scale(inner) <= 1.99 * to.scale(channel))
                    channel += 1
                }
            }
        }
    }

    @Test func quantisedFilesAreNoStart() throws {
        defer { unlink(scratch) }
        let (file, detectors) = try prepare(.xxs)
        let source = try FloatModel(file), scheme = try QuantisationScheme(source.graph)
        let statistics = try Calibration.statistics(
            scheme, detectors: detectors, images: [Self.images[0]], report: { _, _ in }, warn: { _, _ in })
        try Int8Model(source, scheme, statistics).write(to: scratch) { _, _ in }
        #expect(throws: QuantizerError.notFloat) { _ = try FloatModel(try ModelFile(path: scratch)) }
    }

    // MARK: fp16

    /// Values beyond half precision and those that are none are rejected by name, and nothing is written.
    @Test(arguments: [Float(70_000), .nan]) func valuesThatDoNotFit(value: Float) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try GoldenModel.xxs.path())))
        let name = Name("encoder.layer_4.0.block.red_1x1.weight")
        let range = try #require(try ModelFile(path: try GoldenModel.xxs.path()).tensor(name)).byteRange
        withUnsafeBytes(of: value) { bytes.replaceSubrange(range.lowerBound..<range.lowerBound + 4, with: $0) }
        try Data(bytes).write(to: URL(fileURLWithPath: scratch + ".source"))
        defer { unlink(scratch + ".source") }
        let model = try FloatModel(try ModelFile(path: scratch + ".source"))
        let problem: QuantizerError.TensorProblem =
            value.isNaN ? .notFinite(name.text) : .tooLargeForHalf(name.text, value: value)
        #expect(throws: QuantizerError.tensor(problem)) { try model.writeHalf(to: scratch) { _, _ in } }
        #expect(!FileManager.default.fileExists(atPath: scratch))
    }
}
