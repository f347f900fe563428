import Checkpoint
import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import Model
@testable import Quantizer

/// What FastViT's folding makes of tensors, against a separate implementation: of a narrow network in train form with two
/// blocks in stage 3, attention of three heads, and channels that are no multiple of 8. `FamilyTests` runs it.
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

    /// The archive's FastViT-T8, where `SWIFTLET_GOLDENS` says where it is unpacked.
    @Test(.enabled(if: FamilyTests.goldens.contains { $0.name == "fastvit-t8" }))
    func theArchivesFolding() throws {
        let golden = try #require(FamilyTests.goldens.first { $0.name == "fastvit-t8" })
        let network = try Network(golden.directory, "model.pt", FastViT.published[0].network, classCount: 1000)
        #expect(try Self.comparedTensors(network, network.graph(height: 64, width: 64), "folded_tensors.safetensors") >= 7)
    }
}
