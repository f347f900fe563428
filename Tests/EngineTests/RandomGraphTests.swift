import Foundation
import Kernels
import TestSupport
import Testing

@testable import Engine
@testable import Model
@testable import ModelFile
@testable import Quantizer

/// Graphs of all operations, wired at random: in every precision each computes what fp32 computes without fusion, a step
/// for each node, or is refused; nothing ends the program.
@Suite struct RandomGraphTests {
    private struct Network {
        var graph: Graph
        private(set) var weights = RandomWeights()
        private let image: [UInt8]
        private let values: [Float]
        private let pixels: PixelScaling
        private let description: ModelDescription

        init(seed: UInt64, _ description: ModelDescription) {
            var random = SeededGenerator(seed: seed)
            let height = 2 * Int.random(in: 3...10, using: &random), width = 2 * Int.random(in: 3...10, using: &random)
            self.description = description
            pixels = PixelScaling(description.input)
            graph = Graph(input: MapShape(height: height, width: width, channels: 3))
            image = (0..<height * width * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
            let input = description.input
            values = image.enumerated().map { place, byte in
                (Float(byte) * input.scale - input.mean[place % 3]) / input.standardDeviation[place % 3]
            }
            var tensors = [graph.input], count = 0
            func append(_ operation: GraphOperation, _ inputs: [TensorID]) -> Bool {
                var operands = UpToSix(inputs[0])
                for input in inputs.dropFirst() { operands.append(input) }
                let hasBias = operation.weights != .none
                guard
                    let output = try? graph.append(operation, operands, Name("n").appending(count), hasBias: hasBias)
                else { return false }
                count += 1
                tensors.append(output)
                return true
            }
            let stem = Window(Int.random(in: 1...4, using: &random), stride: Int.random(in: 1...2, using: &random))
            if Bool.random(using: &random) {
                _ = append(Convolution(stem, channels: 16, groups: 1, .silu), [graph.input])
            } else {
                _ = append(Convolution(Window(3, stride: 2), channels: 16, groups: 1, .silu), [graph.input])
            }
            let activations: [Activation] = [.identity, .silu, .relu, .gelu]
            for _ in 0..<Int.random(in: 4...14, using: &random) {
                // Mostly what was made last; now and then anything, the image too.
                let recent = tensors.suffix(3)
                let x =
                    Int.random(in: 0..<8, using: &random) == 0
                    ? tensors.randomElement(using: &random)! : recent.randomElement(using: &random)!
                let y = tensors.randomElement(using: &random)!
                let activation = activations.randomElement(using: &random)!
                let block = Int.random(in: 0..<6, using: &random) == 0 ? 4 : 8
                let channels = block * Int.random(in: 1...4, using: &random)
                let side = Int.random(in: 1...5, using: &random), stride = Int.random(in: 1...3, using: &random)
                let grid = PatchGrid(
                    height: Int.random(in: 1...3, using: &random), width: Int.random(in: 1...3, using: &random))
                let extent: Extent = Bool.random(using: &random) ? .like(y, graph.shape(y)) : .multiple(of: grid)
                switch Int.random(in: 0..<16, using: &random) {
                case 0, 1: _ = append(Pointwise(channels: channels, activation), [x])
                case 2, 3:
                    _ = append(DepthwiseConvolution(Window(3, stride: stride), activation), [x])
                    _ = append(Pointwise(channels: channels, activation), [tensors.last!])
                case 4: _ = append(DepthwiseConvolution(Window(side, stride: stride), activation), [x])
                case 5:
                    let groups = [1, 2, 4].randomElement(using: &random)!
                    let window = Window(side, stride: stride, dilation: stride)
                    _ = append(Convolution(window, channels: groups * channels, groups: groups, activation), [x])
                case 6, 7:
                    let isAdded = append(Addition(), [x, y])
                    if !isAdded { _ = append(Addition(), [x, x]) }
                case 8: _ = append(ChannelConcatenation(), [x, y])
                case 9: _ = append(LayerNorm(), [x])
                case 10: _ = append(GroupNorm(), [x])
                case 11:
                    let function: [Activation] = [.hardSwish, .gelu, .sigmoid, .relu6]
                    _ = append(ElementwiseActivation(function.randomElement(using: &random)!), [x])
                    _ = append(Mean(), [x])
                    _ = append(Multiplication(), [x, tensors.last!])
                case 12: _ = append(Resize(to: extent, alignCorners: Bool.random(using: &random)), [x])
                case 13:
                    _ = append(Unfold(grid), [x])
                case 14:
                    let heads = Int.random(in: 1...2, using: &random)
                    _ = append(Pointwise(channels: 3 * heads * 8, .identity), [x])
                    _ = append(Attention(heads: heads), [tensors.last!])
                default: _ = append(Fold(grid, to: extent), [x])
                }
            }
            if Bool.random(using: &random) {
                _ = append(Pointwise(channels: 16, .identity), [tensors.last!])
                _ = append(RowConcatenation(channels: 4), [tensors.last!])
            }
            graph.output = graph.nodes.last!.output
            weights = RandomWeights(graph, spread: 1.7, &random)
        }

        /// nil where the engine refuses the graph; all else that it throws is a fault.
        func engine(_ path: String, _ kernels: KernelPath? = nil, observing: Bool = false) throws -> Engine? {
            let file = try ModelFile(path: path)
            do throws(EngineError) {
                return try Engine(
                    graph: graph, file: file, threads: 3, path: kernels, observing: observing, pixels: pixels)
            } catch {
                switch error {
                case .operation, .channels, .activation: return nil
                // A layer that needs one scale reads what another needs several of.
                case .model(.tensor(let name, .shape)) where name.text.hasSuffix(".scale"): return nil
                default: throw error
                }
            }
        }

        func fill(_ engine: Engine) {
            for index in engine.input.indices { engine.input[index] = values[index] }
            for index in engine.inputBytes.indices { engine.inputBytes[index] = image[index] }
        }

        func run(_ engine: Engine) -> [Float] {
            fill(engine)
            engine.run()
            var found = [Float](repeating: 0, count: engine.predictionCount)
            found.withUnsafeMutableBufferPointer { engine.copyPredictions(to: $0) }
            return found
        }

        /// Writes the network in int8, with the ranges that `reference` has in its only image; false where it cannot be.
        func quantise(_ path: String, to target: String, _ reference: Engine) throws -> Bool {
            let scheme: QuantisationScheme
            do throws(QuantizerError) {
                scheme = try QuantisationScheme(graph)
            } catch {
                guard case .notStored = error else { throw error }
                return false
            }
            _ = run(reference)
            let statistics = scheme.statistics(of: reference)
            let file = FloatModel(try ModelFile(path: path), description, graph)
            try Int8Model(file, scheme, statistics).write(to: target) { _, _ in }
            return true
        }
    }

    /// The share of the energy of `expected` that is noise.
    private func noise(_ found: [Float], _ expected: [Float]) -> Double {
        var noise = 0.0, energy = 1e-9
        for (one, other) in zip(found, expected) {
            noise += Double(one - other) * Double(one - other)
            energy += Double(other) * Double(other)
        }
        return noise / energy
    }

    @Test func everyPrecisionComputesTheSame() throws {
        let description = try ModelDescription(try ModelFile(path: try GoldenModel.xxs.path()))
        let folder = NSTemporaryDirectory() + "swiftlet-random-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let single = folder + "/fp32.gguf", half = folder + "/fp16.gguf", quantised = folder + "/int8.gguf"
        // Of networks that run in fp32, fp16 and int8.
        var counts = [0, 0, 0]
        for seed in 0..<250 as Range<UInt64> {
            let network = Network(seed: seed, description)
            let names = network.graph.nodes.map { "\($0.operation.name) \(network.graph.shape($0.output))" }
            let comment = Comment(rawValue: "seed \(seed): \(names.joined(separator: ", "))")
            try network.weights.write(network.graph, to: single, half: false)
            try network.weights.write(network.graph, to: half, half: true)
            // What cannot be written in place is refused in fp32 already.
            guard let reference = try network.engine(single, observing: true) else { continue }
            let expected = network.run(reference)
            if let engine = try network.engine(single) {
                counts[0] += 1
                #expect(noise(network.run(engine), expected) < 1e-9, comment)
            }
            for path in KernelPath.available(for: .fp16) {
                guard let engine = try network.engine(half, path) else { break }
                if path == .scalar { counts[1] += 1 }
                #expect(noise(network.run(engine), expected) < 1e-3, comment)
            }
            guard try network.quantise(single, to: quantised, reference) else { continue }
            var first: [Float]?
            for path in KernelPath.available(for: .int8) {
                guard let engine = try network.engine(quantised, path) else { break }
                if path == .scalar { counts[2] += 1 }
                let found = network.run(engine)
                #expect(noise(found, expected) < 0.1, comment)
                #expect(found == first ?? found, comment)
                first = found
            }
        }
        #expect(counts.allSatisfy { $0 > 20 }, "\(counts)")
    }
}
