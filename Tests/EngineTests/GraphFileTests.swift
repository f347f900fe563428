import Foundation
import Model
import ModelFile
import Quantizer
import TestSupport
import Testing

@testable import Engine

/// The graph in a model file is the network's at every size.
@Suite struct GraphFileTests {
    static let networks = [MobileViT.v3XXS, .v3Half]

    static func network(_ backbone: MobileViT, _ size: (Int, Int), keepsAll: Bool = false) -> Graph {
        let head = SSDLite.published(classCount: 7, for: .mobileViT(backbone))
        return Network(.mobileViT(backbone), .ssdLite(head), height: size.0, width: size.1, keepsAll: keepsAll).graph
    }

    /// A model file without tensors that holds `metadata`.
    static func file(_ metadata: [(key: Name, value: MetadataValue)]) throws -> ModelFile {
        let path = NSTemporaryDirectory() + "swiftlet-graph-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        try GGUFWriter.write(to: path, metadata: metadata, layouts: []) { _ in Data() }
        return try ModelFile(path: path)
    }

    @Test(arguments: networks.indices) func equalsTheNetworkAtEverySize(index: Int) throws {
        let stored = try GraphFile(Self.file(Self.network(Self.networks[index], (320, 320), keepsAll: true).metadata))
        let sides = [32, 33, 48, 64, 75, 96, 127, 160, 208, 240, 300, 320, 321, 352, 416, 417, 500, 640, 1023, 2048]
        for (position, height) in sides.enumerated() {
            let size = (height, sides[(position * 7 + 3) % sides.count])
            let input = MapShape(height: size.0, width: size.1, channels: 3)
            let expected = Self.network(Self.networks[index], size)
            Self.expectEqual(try stored.graph(input: input), expected)
            Self.expectEqual(
                try stored.graph(input: input, keepsAll: true), Self.network(Self.networks[index], size, keepsAll: true))
        }
    }

    static func expectEqual(_ found: Graph, _ expected: Graph) {
        #expect(found.nodes.count == expected.nodes.count && found.shapes == expected.shapes)
        #expect(found.output == expected.output && found.outputParts == expected.outputParts)
        for (left, right) in zip(found.nodes, expected.nodes) {
            #expect(left.name == right.name && left.operation.attributes == right.operation.attributes)
            #expect("\(left.operation.name)" == "\(right.operation.name)" && left.hasBias == right.hasBias)
            #expect(left.output == right.output && left.inputCount == right.inputCount)
            #expect((0..<left.inputCount).allSatisfy { left.input($0) == right.input($0) })
        }
    }

    // MARK: Graphs that are none

    /// The lists of a small graph, to be changed: a stem, a depthwise layer, a projection, tokens and back, an addition,
    /// and an output of records.
    struct Lists {
        var kinds = [
            "convolution", "depthwise", "pointwise", "unfold", "fold", "add", "concatenate rows", "attention", "resize",
        ]
        var kind: [UInt8] = [0, 1, 2, 3, 4, 5, 6]
        var names = (0..<7).map { "layer\($0)" }
        var hasBias: [UInt8] = [1, 1, 1, 0, 0, 0, 0]
        var inputCounts: [UInt8] = [1, 1, 1, 1, 1, 2, 1]
        var inputs: [UInt16] = [0, 1, 2, 3, 4, 5, 1, 6]
        var attributeCounts: [UInt8] = [13, 11, 2, 2, 4, 0, 1]
        var attributes: [UInt16] = [
            8, 1, 2, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1,
            0, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1,
            8, 0, 2, 2, 2, 2, 1, 1, 4,
        ]
        var outputs: [UInt16] = [7]

        var metadata: [(key: Name, value: MetadataValue)] {
            [
                (Name("graph.kinds"), .texts(kinds)), (Name("graph.kind"), .bytes(kind)),
                (Name("graph.names"), .texts(names)), (Name("graph.has_bias"), .bytes(hasBias)),
                (Name("graph.input_counts"), .bytes(inputCounts)), (Name("graph.inputs"), .shorts(inputs)),
                (Name("graph.attribute_counts"), .bytes(attributeCounts)),
                (Name("graph.attributes"), .shorts(attributes)), (Name("graph.outputs"), .shorts(outputs)),
            ]
        }

        func graph(_ height: Int = 64, _ width: Int = 48) throws -> Graph {
            try GraphFile(GraphFileTests.file(metadata)).graph(
                input: MapShape(height: height, width: width, channels: 3))
        }

        /// `count` operations, all `kind` with these attributes, each reading the one before.
        static func chain(_ count: Int, _ kind: String, _ attributes: [UInt16]) -> Lists {
            var lists = Lists()
            lists.kinds = [kind]
            lists.kind = [UInt8](repeating: 0, count: count)
            lists.names = (0..<count).map { "\($0)" }
            lists.hasBias = [UInt8](repeating: 0, count: count)
            lists.inputCounts = [UInt8](repeating: 1, count: count)
            lists.inputs = (0..<count).map { UInt16($0) }
            lists.attributeCounts = [UInt8](repeating: UInt8(attributes.count), count: count)
            lists.attributes = (0..<count).flatMap { _ in attributes }
            lists.outputs = [UInt16(count)]
            return lists
        }
    }

    @Test func aSmallGraphIsRead() throws {
        let graph = try Lists().graph()
        #expect(graph.nodes.map(\.name.text) == (0..<7).map { "layer\($0)" })
        #expect(graph.shape(graph.output) == MapShape(height: 1, width: 32 * 24 * 2, channels: 4))
        #expect(graph.outputParts == [MapShape(height: 32, width: 24, channels: 8)])
    }

    /// What is wrong with one operation names it.
    @Test func aWrongOperationIsNamed() throws {
        let faults: [(Int, GraphError.Problem, (inout Lists) -> Void)] = [
            // A cycle, and what comes later.
            (0, GraphError.Problem.notYetMade, { $0.inputs[0] = 1 }),
            (1, .notYetMade, { $0.inputs[1] = 7 }),
            (6, .notYetMade, { $0.inputs[7] = 7 }),
            // Attributes: none, too many, out of range, of another operation.
            (2, .attribute, { $0.attributes[24] = 0 }),
            (4, .attribute, { $0.attributes[28] = 0 }),
            (1, .attribute, { $0.attributes[14] = 256 }),
            (0, .attribute, { $0.attributes[2] = 99 }),
            (1, .attribute, { $0.attributes[16] = 0 }),
            (3, .attribute, { $0.attributes[26] = 0 }),
            (4, .attribute, { $0.attributes[31] = 100 }),
            (
                2, .attribute,
                {
                    $0.attributeCounts[2] = 1; $0.attributeCounts[3] = 3
                }
            ),
            (
                0, .attribute,
                {
                    $0.attributeCounts[0] = 14; $0.attributeCounts[1] = 10
                }
            ),
            // Patches that divide nothing, tokens that fill another map, sums of different maps.
            (
                3, .patches(MapShape(height: 32, width: 24, channels: 8), PatchGrid(height: 5, width: 2)),
                { $0.attributes[26] = 5 }
            ),
            (4, .rows(found: 768, expected: 64 * 48), { $0.attributes[31] = 0 }),
            (
                5, .differentInputs(MapShape(height: 32, width: 24, channels: 16), MapShape(height: 32, width: 24, channels: 8)),
                { $0.attributes[24] = 16 }
            ),
            (6, .channels(found: 8, multipleOf: 3, remainder: 0), { $0.attributes[32] = 3 }),
            (
                5, .inputCount(found: 1),
                {
                    $0.inputCounts[5] = 1; $0.inputCounts[6] = 2
                }
            ),
            // Results that nothing reads, and an output that is not the end.
            (1, .unused, { $0.inputs[2] = 1 }),
            (6, .readsOutput, { $0.outputs = [6] }),
            (3, .unknown, { $0.kinds[3] = "convolve" }),
        ]
        for (index, problem, change) in faults {
            var lists = Lists()
            change(&lists)
            let error = try #require(throws: GraphError.self) { _ = try lists.graph() }
            #expect(error.index == index && error.problem == problem && error.name.text == "layer\(index)", "\(error)")
        }
    }

    /// Lists that do not fit together, are too long, or have names that no tensor's would.
    @Test func aWrongListIsNamed() throws {
        let faults: [(String, (inout Lists) -> Void)] = [
            ("graph.kind", { $0.kind[2] = 9 }),
            ("graph.kind", { $0.kind = [] }),
            ("graph.kind", { $0 = .chain(2049, "mean", []) }),
            ("graph.kinds", { $0.kinds = (0..<65).map { "kind\($0)" } }),
            ("graph.kinds", { $0.kinds = [] }),
            ("graph.kinds", { $0.kinds[0] = String(repeating: "k", count: 57) }),
            ("graph.names", { $0.names.removeLast() }),
            ("graph.names", { $0.names[3] = String(repeating: "n", count: 57) }),
            ("graph.has_bias", { $0.hasBias[0] = 2 }),
            ("graph.input_counts", { $0.inputCounts[0] = 0 }),
            ("graph.input_counts", { $0.inputCounts[0] = 7 }),
            ("graph.inputs", { $0.inputs.removeLast() }),
            ("graph.inputs", { $0.inputs[0] = 8 }),
            ("graph.attribute_counts", { $0.attributeCounts[0] = 17 }),
            ("graph.attributes", { $0.attributes.append(1) }),
            ("graph.outputs", { $0.outputs = [0] }),
            ("graph.outputs", { $0.outputs = [8] }),
            ("graph.outputs", { $0.outputs = [7, 7] }),
        ]
        for (key, change) in faults {
            var lists = Lists()
            change(&lists)
            let name = Array(key.utf8).withUnsafeBytes { Name(truncating: $0) }
            #expect(throws: ModelFileError.outOfRange(key: name)) { _ = try lists.graph() }
        }
    }

    /// As large as a graph may be, and one step more.
    @Test func sizesAndWorkHaveBounds() throws {
        #expect(try Lists.chain(2048, "mean", []).graph().nodes.count == 2048)
        let wide = try #require(throws: GraphError.self) {
            _ = try Lists.chain(1, "pointwise", [65_535, 0]).graph(16_384, 16_384)
        }
        #expect(wide.problem == .tooLarge)
        // Each layer has 64 * 48 * 4096 * 4096 multiply-accumulates: five are below 2^38, six above.
        let heavy = try #require(throws: GraphError.self) { _ = try Lists.chain(2048, "pointwise", [4096, 0]).graph() }
        #expect(heavy.problem == .tooMuchWork && heavy.index == 6)
    }
}
