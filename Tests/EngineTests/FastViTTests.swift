import Checkpoint
import Foundation
import Kernels
import ModelFile
import TestSupport
import Testing

@testable import Engine
@testable import Model
@testable import Quantizer

/// FastViT as a graph of folded weights, against what a separate implementation makes of a narrow network in train form:
/// two blocks in stage 3, attention of three heads, channels that are no multiple of 8.
@Suite struct FastViTTests {
    /// What the tests make of one golden folder.
    struct Network {
        var folder: String
        var network: FastViT
        var classCount: Int
        var tensors: [String: CheckpointTensor] = [:]

        static let narrow = (
            fixture("golden/narrow-fastvit"), "model.safetensors",
            FastViT(depths: [1, 1, 2, 1], channels: [12, 24, 48, 96], expansion: 1, attends: true), 5
        )

        init(_ folder: String, _ file: String, _ network: FastViT, classCount: Int) throws {
            self.folder = folder
            self.network = network
            self.classCount = classCount
            for tensor in try Checkpoint(path: folder + "/" + file).tensors { tensors[tensor.name] = tensor }
        }

        init() throws { try self.init(Self.narrow.0, Self.narrow.1, Self.narrow.2, classCount: Self.narrow.3) }

        func graph(height: Int, width: Int) -> Graph {
            var graph = Graph(input: MapShape(height: height, width: width, channels: 3))
            let maps = network.build(&graph, prefix: Name(""))
            graph.output = network.classify(&graph, maps.stride32, classCount: classCount)
            return graph
        }

        func recipe(_ node: Node, _ naming: TensorNaming = .upstream) -> ParameterRecipe? {
            network.recipe(of: node, prefix: "", classCount: classCount, naming)
        }

        /// Of the graph's nodes, as model files have them.
        func weights(_ graph: Graph) throws -> RandomWeights {
            var weights = RandomWeights()
            for node in graph.nodes {
                guard let shape = graph.weightShape(node) else { continue }
                let found = try #require(self.recipe(node), "\(node.name.text)")
                var values: [[Float]] = []
                for source in found.sources {
                    let tensor = try #require(tensors[source.name], "\(source.name)")
                    #expect(tensor.shape == source.shape, "\(source.name)")
                    values.append(try tensor.floats())
                }
                let (weight, bias) = found.make(values)
                let outputs = graph.shape(node.output).channels
                try #require(weight.count == shape.count && bias.count == outputs, "\(node.name.text)")
                // [out, in, k, k] -> [k, k, in, out].
                var window = 1
                if case .matrix(let height, let width, _) = node.operation.weights { window = height * width }
                if case .depthwise(let height, let width) = node.operation.weights { window = height * width }
                let inputs = weight.count / outputs / window
                var stored = weight
                for output in 0..<outputs {
                    for input in 0..<inputs {
                        for tap in 0..<window {
                            stored[(tap * inputs + input) * outputs + output] =
                                weight[(output * inputs + input) * window + tap]
                        }
                    }
                }
                weights.values[node.name.text + ".weight"] = stored
                weights.values[node.name.text + ".bias"] = bias
            }
            return weights
        }
    }

    /// One golden run.
    struct Run {
        let network: Network
        let graph: Graph
        let weights: RandomWeights
        let description: ModelDescription
        let expected: [Float]
        private let pixels: [UInt8]

        init(_ network: Network, _ run: String, _ logits: String = "logits") throws {
            self.network = network
            let golden = try Checkpoint(path: "\(network.folder)/\(run).safetensors")
            let image = try #require(golden["image_u8_rgb_hwc"])
            pixels = try image.bytes()
            expected = try #require(golden[logits]).floats()
            graph = network.graph(height: image.shape[0], width: image.shape[1])
            weights = try network.weights(graph)
            var description = try ModelDescription(try ModelFile(path: try GoldenModel.xxs.path()))
            description.input.channelOrder = .rgb
            description.input.scale = 1 / 255
            description.input.mean = [0.485, 0.456, 0.406]
            description.input.standardDeviation = [0.229, 0.224, 0.225]
            self.description = description
        }

        func logits(_ path: String, path kernels: KernelPath? = nil, threads: Int = 1) throws -> [Float] {
            try run(engine(path, path: kernels, threads: threads))
        }

        func engine(
            _ path: String, path kernels: KernelPath? = nil, threads: Int = 1, observing: Bool = false
        ) throws -> Engine {
            try Engine(
                graph: graph, file: try ModelFile(path: path), threads: threads, path: kernels, observing: observing,
                pixels: PixelScaling(description.input))
        }

        func run(_ engine: Engine) -> [Float] {
            let format = description.input
            for index in engine.input.indices {
                engine.input[index] =
                    (Float(pixels[index]) * format.scale - format.mean[index % 3]) / format.standardDeviation[index % 3]
            }
            for index in engine.inputBytes.indices { engine.inputBytes[index] = pixels[index] }
            engine.run()
            var found = [Float](repeating: 0, count: engine.predictionCount)
            found.withUnsafeMutableBufferPointer { engine.copyPredictions(to: $0) }
            return found
        }

        /// Writes the network in int8, with the ranges of this image.
        func quantise(_ path: String, to target: String) throws {
            let scheme = try QuantisationScheme(graph), reference = try engine(path, observing: true)
            _ = run(reference)
            let file = FloatModel(try ModelFile(path: path), description, graph)
            try Int8Model(file, scheme, scheme.statistics(of: reference)).write(to: target) { _, _ in }
        }

        func worst(_ found: [Float]) -> Float { zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity }
    }

    private static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "swiftlet-fastvit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test(arguments: ["run_96x128", "run_72x88"]) func everyPrecisionEqualsTheReference(name: String) throws {
        let run = try Run(try Network(), name)
        try Self.inFolder { folder in
            let single = folder + "/fp32.gguf", half = folder + "/fp16.gguf", quantised = folder + "/int8.gguf"
            try run.weights.write(run.graph, to: single, half: false)
            try run.weights.write(run.graph, to: half, half: true)
            #expect(run.worst(try run.logits(single)) <= 2e-5)
            for path in KernelPath.available(for: .fp16) {
                let found = try run.logits(half, path: path)
                #expect(run.worst(found) <= 0.02, "\(path): \(found), not \(run.expected)")
            }
            try run.quantise(single, to: quantised)
            let found = try run.logits(quantised, path: .scalar)
            #expect(run.worst(found) <= 0.4, "\(found), not \(run.expected)")
            for path in KernelPath.available(for: .int8) {
                for threads in [1, 3] { #expect(try run.logits(quantised, path: path, threads: threads) == found) }
            }
        }
    }

    /// The folded form gives the same weights, of tensors that the reference folded.
    @Test func bothFormsFoldAlike() throws {
        let network = try Network(), graph = network.graph(height: 64, width: 64)
        #expect(try Self.comparedTensors(network, graph) >= 10)
    }

    /// Compares the layers that `folded.safetensors` has; returns their number.
    static func comparedTensors(_ network: Network, _ graph: Graph, _ file: String = "folded.safetensors") throws -> Int {
        let folded = try Checkpoint(path: network.folder + "/" + file)
        var count = 0
        for node in graph.nodes {
            guard let train = network.recipe(node), let other = network.recipe(node, .upstreamFolded),
                other.sources.allSatisfy({ folded[$0.name] != nil })
            else { continue }
            let one = train.make(try train.sources.map { try network.tensors[$0.name]!.floats() })
            let two = other.make(try other.sources.map { try folded[$0.name]!.floats() })
            for (a, b) in zip(one.weight + one.bias, two.weight + two.bias) {
                #expect(abs(a - b) <= 2e-6, "\(node.name.text)")
            }
            #expect(one.weight.count == two.weight.count && one.bias.count == two.bias.count)
            count += 1
        }
        return count
    }

    /// Every tensor of a checkpoint but counters belongs to a layer, under upstream's and timm's names; parameters are
    /// counted as published.
    @Test func recipesUseAllTensors() throws {
        let network = try Network(), graph = network.graph(height: 64, width: 64)
        let used = Set(graph.nodes.flatMap { network.recipe($0)?.sources.map(\.name) ?? [] })
        #expect(used == Set(network.tensors.keys.filter { !$0.hasSuffix("num_batches_tracked") }))
        let counts = ["t8": (4_026_232, 3_996_040), "s12": (9_473_576, 9_428_712), "ma36": (44_068_004, 43_984_632)]
        for (name, published) in FastViT.published {
            guard let expected = counts[name] else { continue }
            var graph = Graph(input: MapShape(height: 256, width: 256, channels: 3))
            let maps = published.build(&graph, prefix: Name(""))
            graph.output = published.classify(&graph, maps.stride32, classCount: 1000)
            for (form, count) in zip(
                [TensorNaming.upstream, .upstreamFolded, .timm, .timmFolded], [expected.0, expected.1, expected.0, expected.1])
            {
                var tensors: [String: Int] = [:]
                for node in graph.nodes {
                    let sources = published.recipe(of: node, prefix: "", classCount: 1000, form)?.sources ?? []
                    for source in sources where !source.name.contains("running_") {
                        tensors[source.name] = source.shape.reduce(1, *)
                    }
                }
                #expect(tensors.values.reduce(0, +) == count, "\(name), \(form)")
            }
        }
    }

    /// The archive's FastViT-T8, where `SWIFTLET_FAMILY_GOLDENS` says where it is unpacked.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SWIFTLET_FAMILY_GOLDENS"] != nil))
    func archivedGoldens() throws {
        let folder = ProcessInfo.processInfo.environment["SWIFTLET_FAMILY_GOLDENS"]! + "/fastvit-t8"
        let network = try Network(folder, "model.pt", FastViT.published[0].network, classCount: 1000)
        #expect(try Self.comparedTensors(network, network.graph(height: 64, width: 64), "folded_tensors.safetensors") >= 7)
        for name in ["run_256x256", "run_224x160"] {
            let run = try Run(network, name, "logits_train_form")
            try Self.inFolder { folder in
                let single = folder + "/fp32.gguf", half = folder + "/fp16.gguf", quantised = folder + "/int8.gguf"
                try run.weights.write(run.graph, to: single, half: false)
                try run.weights.write(run.graph, to: half, half: true)
                let worst = run.worst(try run.logits(single))
                try run.quantise(single, to: quantised)
                print(name, worst, run.worst(try run.logits(half)), run.worst(try run.logits(quantised)))
                #expect(worst <= 5e-5)
            }
        }
    }
}
