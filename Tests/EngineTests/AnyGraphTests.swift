import Foundation
@testable import Model
import Kernels
import ModelFile
import TestSupport
import Testing

@testable import Engine
@testable import Quantizer

/// Operations where no fast path takes them: convolutions of any window and by groups, depthwise convolutions and additions
/// that stand alone, tokens of patches that are not 2x2; against sums in double precision.
@Suite struct AnyGraphTests {
    /// A map in double precision.
    private struct Reference {
        var height: Int, width: Int, channels: Int
        var values: [Double]

        subscript(y: Int, x: Int, c: Int) -> Double {
            y >= 0 && y < height && x >= 0 && x < width ? values[(y * width + x) * channels + c] : 0
        }

        func map(_ height: Int, _ width: Int, _ channels: Int, _ value: (Int, Int, Int) -> Double) -> Reference {
            var result = Reference(height: height, width: width, channels: channels, values: [])
            for y in 0..<height { for x in 0..<width { for c in 0..<channels { result.values.append(value(y, x, c)) } } }
            return result
        }

        static func + (a: Reference, b: Reference) -> Reference {
            a.map(a.height, a.width, a.channels) { a[$0, $1, $2] + b[$0, $1, $2] }
        }
    }

    /// Weights by the layer's name, random; the graph is written down twice, for the engine and here.
    private struct Network {
        var graph = Graph(input: MapShape(height: 16, width: 24, channels: 3))
        var store: RandomWeights
        var weights: [String: [Float]] { store.values }
        var random = SeededGenerator(seed: 5)

        init() {
            var g = graph
            let stem = g.convolution3x3(g.input, Name("stem"), channels: 32, .silu)
            let grouped = g.convolution(stem, Name("grouped"), Window(5), channels: 128, groups: 16, .relu)
            let lone = g.depthwise(grouped, Name("lone"), Window(5, stride: 2))
            let dilated = g.depthwise(lone, Name("dilated"), Window(3, dilation: 2), .silu)
            let sum = g.add(lone, dilated, Name("sum"))
            var oblong = Window(3)
            oblong.kernel.width = 1
            oblong.before.width = 0
            oblong.after.width = 0
            let swished = g.activate(sum, Name("swished"), .hardSwish)
            let squeezed = g.pointwise(g.mean(swished, Name("mean")), Name("squeezed"), channels: 128, .gelu)
            let factors = g.activate(squeezed, Name("factors"), .sigmoid)
            let excited = g.multiply(swished, by: factors, Name("excited"))
            let mixed = g.convolution(excited, Name("mixed"), oblong, channels: 24, .identity)
            let grid = PatchGrid(height: 4, width: 2)
            let tokens = g.unfold(mixed, Name("unfold"), grid)
            var x = g.layerNorm(tokens, Name("norm"))
            x = g.pointwise(x, Name("qkv"), channels: 72, origin: .linear)
            x = g.attention(x, heads: 2, Name("attention"))
            x = g.pointwise(x, Name("projection"), channels: 24, origin: .linear)
            x = g.add(x, tokens, Name("residual"))
            x = g.fold(x, like: mixed, Name("fold"), grid)
            x = g.pointwise(x, Name("head"), channels: 16, origin: .convolutionWithBias)
            g.output = g.concatenateRows([x], channels: 4, Name("predictions"))
            graph = g
            store = RandomWeights(g, spread: 2, &random)
        }

        private func convolution(
            _ x: Reference, _ name: String, kernel: (Int, Int), stride: Int = 1, dilation: Int = 1, channels: Int,
            groups: Int
        ) -> Reference {
            let weight = weights[name + ".weight"]!, bias = weights[name + ".bias"]!
            let inputs = x.channels / groups, outputs = channels / groups
            let (top, left) = (dilation * (kernel.0 - 1) / 2, dilation * (kernel.1 - 1) / 2)
            return x.map((x.height - 1) / stride + 1, (x.width - 1) / stride + 1, channels) { y, column, c in
                var sum = Double(bias[c])
                let group = c / outputs
                for i in 0..<kernel.0 {
                    for j in 0..<kernel.1 {
                        for k in 0..<inputs {
                            let place = ((group * kernel.0 + i) * kernel.1 + j) * inputs + k
                            // Depthwise weights are [taps][channels], which are as many groups of one channel each.
                            let index = inputs == 1 ? (i * kernel.1 + j) * channels + c : place * outputs + c % outputs
                            sum +=
                                Double(weight[index])
                                * x[y * stride + i * dilation - top, column * stride + j * dilation - left, group * inputs + k]
                        }
                    }
                }
                return sum
            }
        }

        private func applied(_ x: Reference, _ function: (Double) -> Double) -> Reference {
            x.map(x.height, x.width, x.channels) { function(x[$0, $1, $2]) }
        }

        func predictions(_ image: Reference) -> [Double] {
            func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
            var x = applied(convolution(image, "stem", kernel: (3, 3), stride: 2, channels: 32, groups: 1), silu)
            x = applied(convolution(x, "grouped", kernel: (5, 5), channels: 128, groups: 16)) { max($0, 0) }
            x = convolution(x, "lone", kernel: (5, 5), stride: 2, channels: 128, groups: 128)
            x = x + applied(convolution(x, "dilated", kernel: (3, 3), dilation: 2, channels: 128, groups: 128), silu)
            x = applied(x) { $0 * min(max($0 + 3, 0), 6) / 6 }
            let pooled = x.map(1, 1, 128) { _, _, c in
                (0..<x.height).reduce(0.0) { sum, y in (0..<x.width).reduce(sum) { $0 + x[y, $1, c] } }
                    / Double(x.height * x.width)
            }
            let squeezed = convolution(pooled, "squeezed", kernel: (1, 1), channels: 128, groups: 1)
            let factors = applied(squeezed) { 1 / (1 + exp(-$0 / 2 * erfc(-$0 / 2.0.squareRoot()))) }
            let swished = x
            x = swished.map(x.height, x.width, 128) { swished[$0, $1, $2] * factors[0, 0, $2] }
            let mixed = convolution(x, "mixed", kernel: (3, 1), channels: 24, groups: 1)
            let gain = weights["norm.weight"]!, shift = weights["norm.bias"]!
            let normed = mixed.map(4, 6, 24) { y, x, c in
                let row = (0..<24).map { mixed[y, x, $0] }, mean = row.reduce(0, +) / 24
                let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 24
                return (row[c] - mean) / (variance + 1e-5).squareRoot() * Double(gain[c]) + Double(shift[c])
            }
            let qkv = convolution(normed, "qkv", kernel: (1, 1), channels: 72, groups: 1)
            // A patch is 4 x 2 pixels: attention is among the three pixels at the same place of their patches.
            let attended = qkv.map(4, 6, 24) { y, x, c in
                let head = c / 12, others = stride(from: x % 2, to: 6, by: 2)
                let scores = others.map { other in
                    exp(
                        (0..<12).reduce(0.0) {
                            $0 + qkv[y, x, head * 12 + $1] * qkv[y, other, 24 + head * 12 + $1]
                        } / 12.0.squareRoot())
                }
                return zip(others, scores).reduce(0.0) { $0 + $1.1 * qkv[y, $1.0, 48 + c] } / scores.reduce(0, +)
            }
            let tokens = mixed + convolution(attended, "projection", kernel: (1, 1), channels: 24, groups: 1)
            return convolution(tokens, "head", kernel: (1, 1), channels: 16, groups: 1).values
        }
    }

    private struct Fixture {
        let network = Network()
        let description: ModelDescription
        let bytes: [UInt8]
        let expected: [Double]
        private let pixels: [Double]

        init() throws {
            description = try ModelDescription(try ModelFile(path: try GoldenModel.xxs.path()))
            var random = SeededGenerator(seed: 9)
            bytes = (0..<16 * 24 * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
            let format = description.input
            pixels = bytes.enumerated().map { index, byte in
                let channel = index % 3
                return (Double(byte) * Double(format.scale) - Double(format.mean[channel]))
                    / Double(format.standardDeviation[channel])
            }
            expected = network.predictions(Reference(height: 16, width: 24, channels: 3, values: pixels))
        }

        func fill(_ engine: Engine) {
            for index in engine.input.indices { engine.input[index] = Float(pixels[index]) }
            for index in engine.inputBytes.indices { engine.inputBytes[index] = bytes[index] }
        }

        func run(_ engine: Engine) -> [Double] {
            fill(engine)
            engine.run()
            let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: engine.predictionCount)
            defer { values.deallocate() }
            engine.copyPredictions(to: values)
            return values.map { Double($0) }
        }

        /// The share of the predictions' energy that is noise.
        func noise(_ found: [Double]) -> Double {
            zip(found, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / expected.reduce(0) { $0 + $1 * $1 }
        }

        func engine(_ path: String, threads: Int = 1, path kernels: KernelPath? = nil, observing: Bool = false) throws -> Engine {
            try Engine(
                graph: network.graph, file: try ModelFile(path: path), threads: threads, path: kernels,
                observing: observing, pixels: PixelScaling(description.input))
        }
    }

    private func temporary(_ name: String) -> String { NSTemporaryDirectory() + "swiftlet-any-\(UUID().uuidString)-\(name)" }

    /// fp32, with and without fusion, and fp16 on every path, by any number of threads.
    @Test func floatsAreTheReferences() throws {
        let fixture = try Fixture(), single = temporary("fp32.gguf"), half = temporary("fp16.gguf")
        defer { for path in [single, half] { unlink(path) } }
        try fixture.network.store.write(fixture.network.graph, to: single, half: false)
        try fixture.network.store.write(fixture.network.graph, to: half, half: true)
        for observing in [false, true] {
            let found = fixture.run(try fixture.engine(single, observing: observing))
            #expect(fixture.noise(found) < 1e-10, "\(fixture.noise(found))")
        }
        for path in KernelPath.available(for: .fp16) {
            let found = fixture.run(try fixture.engine(half, path: path))
            #expect(fixture.noise(found) < 1e-4, "\(path): \(fixture.noise(found))")
            #expect(fixture.run(try fixture.engine(half, threads: 3, path: path)) == found)
        }
    }

    /// int8 by the quantiser's own rules: every path gives the same bits.
    @Test func int8IsNearTheReference() throws {
        let fixture = try Fixture(), single = temporary("fp32.gguf"), quantised = temporary("int8.gguf")
        defer { for path in [single, quantised] { unlink(path) } }
        try fixture.network.store.write(fixture.network.graph, to: single, half: false)
        let file = FloatModel(try ModelFile(path: single), fixture.description, fixture.network.graph)
        let scheme = try QuantisationScheme(fixture.network.graph), engine = try fixture.engine(single, observing: true)
        _ = fixture.run(engine)
        let statistics = scheme.statistics(of: engine)
        try Int8Model(file, scheme, statistics).write(to: quantised) { _, _ in }
        let found = fixture.run(try fixture.engine(quantised, path: .scalar))
        #expect(fixture.noise(found) < 0.01, "\(fixture.noise(found))")
        for path in KernelPath.available(for: .int8) {
            for threads in [1, 3] {
                #expect(fixture.run(try fixture.engine(quantised, threads: threads, path: path)) == found, "\(path)")
            }
        }
    }

    /// What int8 does not store is an error of the quantiser, with the layer's name: the image for others than
    /// convolutions, and parts of the output.
    @Test func int8StoresWhatItsLayersRead() {
        let shape = MapShape(height: 8, width: 8, channels: 8)
        func problem(_ build: (inout Graph) -> TensorID) -> QuantizerError? {
            var graph = Graph(input: shape)
            graph.output = build(&graph)
            do throws(QuantizerError) {
                _ = try QuantisationScheme(graph)
                return nil
            } catch {
                return error
            }
        }
        func convolution(_ graph: inout Graph) -> TensorID {
            graph.convolution(graph.input, Name("first"), Window(1), channels: 8, .identity)
        }
        #expect(problem { convolution(&$0) } == nil)
        #expect(
            problem {
                let x = $0.depthwise($0.input, Name("first"), Window(3), .identity)
                return $0.pointwise(x, Name("last"), channels: 8)
            } == .notStored(layer: "first"))
        #expect(
            problem {
                let x = convolution(&$0)
                return $0.add(x, $0.input, Name("sum"))
            } == .notStored(layer: "sum"))
        #expect(
            problem {
                let x = convolution(&$0)
                let sum = $0.add(x, $0.input, Name("sum"))
                return $0.pointwise(sum, Name("last"), channels: 8)
            } == .notStored(layer: "sum"))
    }

    /// What a graph cannot have is an error; `GraphFileTests` has the operation's name in it.
    @Test func whatDoesNotFitIsAnError() throws {
        let map = MapShape(height: 8, width: 6, channels: 12)
        func problem(_ operation: GraphOperation, _ inputs: (Graph) -> UpToSix<TensorID> = { UpToSix($0.input) }) -> GraphError
            .Problem?
        {
            var graph = Graph(input: map)
            do throws(GraphError.Problem) {
                _ = try graph.append(operation, inputs(graph), Name("x"), hasBias: false)
                return nil
            } catch {
                return error
            }
        }
        #expect(problem(Addition()) == .inputCount(found: 1))
        #expect(problem(Multiplication()) { UpToSix($0.input, $0.input) } == .differentInputs(map, map))
        #expect(problem(Attention(heads: 5)) == .channels(found: 12, multipleOf: 15, remainder: 0))
        #expect(problem(Attention(heads: 0)) == .attribute)
        #expect(problem(SeparableAttention()) == .channels(found: 12, multipleOf: 2, remainder: 1))
        #expect(problem(Unfold(PatchGrid(height: 3, width: 2))) == .patches(map, PatchGrid(height: 3, width: 2)))
        func like(_ height: Int, _ width: Int) -> Extent {
            .like(TensorID(index: 0), MapShape(height: height, width: width, channels: 12))
        }
        #expect(problem(Fold(PatchGrid(height: 2, width: 2), to: like(4, 6))) == .rows(found: 48, expected: 24))
        #expect(problem(RowConcatenation(channels: 7)) == .channels(found: 12, multipleOf: 7, remainder: 0))
        #expect(problem(Convolution(Window(3), channels: 9, groups: 4, .relu)) == .attribute)
        #expect(problem(Convolution(Window(3, stride: 0), channels: 8, groups: 1, .relu)) == .attribute)
        #expect(problem(Resize(to: like(1 << 20, 1 << 20), alignCorners: false)) == .tooLarge)
        #expect(problem(Resize(to: like(Int.max, 2), alignCorners: false)) == .tooLarge)
        #expect(problem(Pointwise(channels: Int.max, .identity)) == .tooLarge)
        #expect(problem(Pointwise(channels: 0, .identity)) == .attribute)
        var wide = Graph(input: MapShape(height: 1, width: 1, channels: 1 << 20))
        #expect(throws: GraphError.Problem.tooLarge) {
            _ = try wide.append(
                Convolution(Window(255), channels: 8, groups: 1, .relu), UpToSix(wide.input), Name("x"), hasBias: true)
        }
        #expect(problem(Convolution(Window(9), channels: 8, groups: 1, .relu)) == nil)
    }

    /// An activation that no kernel fuses is rejected with the layer's name, in every precision.
    @Test func activationsWithoutKernelsAreRejected() throws {
        var network = Network()
        network.graph.output = network.graph.pointwise(network.graph.output, Name("last"), channels: 8, .relu6)
        for name in [".weight", ".bias"] {
            network.store.values["last" + name] = Array(repeating: 0, count: name == ".bias" ? 8 : 32)
        }
        for half in [false, true] {
            let path = temporary("relu6.gguf")
            defer { unlink(path) }
            try network.store.write(network.graph, to: path, half: half)
            #expect(throws: EngineError.activation(Name("last"), .relu6)) {
                _ = try Engine(graph: network.graph, file: try ModelFile(path: path))
            }
        }
    }
}
