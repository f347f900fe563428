import Quantizer
import TestSupport
import Testing

@testable import Engine

/// What int8 and fp16 make of the networks, before any number is computed.
@Suite struct LoweringTests {
    static let networks = [MobileViT.v3XXS, .v3Half]
    static let sizes = [(320, 320), (64, 128), (208, 240), (96, 96)]

    static func graph(_ backbone: MobileViT, _ size: (height: Int, width: Int) = (320, 320)) -> Graph {
        let head = SSDLite.published(classCount: 81, for: .mobileViT(backbone))
        return Network(.mobileViT(backbone), .ssdLite(head), height: size.height, width: size.width).graph
    }

    /// Inverted residuals and head levels are one operation each, tokens are never moved, additions never stand alone.
    @Test func operationsOfXXS() {
        let lowering = Lowering(Self.graph(.v3XXS))
        var bands = 0, expansions = 0, attentions = 0, residuals = 0
        for call in lowering.calls {
            if call.operation is Band { bands += 1 }
            if call.operation is Attention { attentions += 1 }
            expansions += call.nodes.count == 3 ? 1 : 0
            residuals += call.residual == nil ? 0 : 1
        }
        // layer_1, three of layer_2, and one each in layers 3 to 5; their local representations; the extra levels; the
        // heads of five levels.
        #expect(bands == 7 + 3 + 3 + 5)
        // The inverted residuals, and the heads of levels 0 and 1 with a projection.
        #expect(expansions == 7 + 2)
        #expect(attentions == 2 + 4 + 3)
        // layer_1 and two of layer_2, the three blocks, and two in each encoder.
        #expect(residuals == 3 + 3 + 2 * 9)
        // The stem; in a block besides its band: 7 in each encoder, the last normalisation, projection and fusion; the
        // pooled level with its layer, and the last head.
        #expect(lowering.calls.count == 1 + 18 + 7 * 9 + 3 * 3 + 3)
    }

    /// Two meetings in an encoder (around attention, or before each normalisation over the whole map), few elsewhere.
    @Test(arguments: [(0, 2), (1, 4)]) func threadsMeetSeldom(network: Int, perEncoder: Int) throws {
        let storage = try Storage(Self.graph(Self.networks[network]), .int8, threads: 2)
        let calls = storage.lowering.calls
        let meetings = calls.indices.filter { storage.hasBarrier(after: $0) }.count
        #expect(meetings <= perEncoder * 9 + 30, "\(meetings)")
        #expect(storage.hasBarrier(after: calls.count - 1))
        // Where they must meet they do.
        for (index, call) in calls.enumerated() where call.barrierAfter {
            #expect(storage.hasBarrier(after: index))
        }
    }

    /// Between two meetings a part reads rows of its own: what an operation reads was complete at the last meeting, or
    /// was written by operations that work row by row over as many rows.
    @Test(arguments: networks.indices, sizes.indices) func nothingIsReadBeforeItIsThere(network: Int, size: Int) {
        let graph = Self.graph(Self.networks[network], Self.sizes[size])
        let lowering = Lowering(graph)
        func isRowWise(_ call: Lowering.Call, reading: Bool) -> Bool {
            switch call.operation {
            case is Pointwise, is LayerNorm: true
            // Its mean and variance are those of the whole map.
            case is GroupNorm: !reading
            default: false
            }
        }
        /// The tensors whose memory holds the tensor's: itself, and parts of it that were concatenated.
        func sources(_ tensor: TensorID) -> [Int] {
            for node in graph.nodes where node.output == tensor {
                switch node.operation {
                case is ChannelConcatenation, is RowConcatenation:
                    return (0..<node.inputCount).map { lowering.roots[node.input($0).index].index }
                default: break
                }
            }
            return [tensor.index]
        }
        var complete: Set<Int> = [graph.input.index]
        var fresh: [Int: Int] = [:]
        for call in lowering.calls {
            for tensor in [call.input] + [call.residual].compactMap({ $0 }) {
                for source in sources(tensor) where !complete.contains(source) {
                    let rows = fresh[source] ?? -1
                    #expect(isRowWise(call, reading: true) && rows == lowering.maps[call.output.index].rows)
                }
            }
            let rows = lowering.maps[call.output.index].rows
            fresh[call.output.index] = isRowWise(call, reading: false) ? rows : -1
            if call.barrierAfter {
                complete.formUnion(fresh.keys)
                fresh = [:]
            }
        }
        #expect(sources(graph.output).allSatisfy { complete.contains($0) })
    }

    /// Buffers that live together are apart, views share their source's place, and parts lie inside their whole.
    @Test(arguments: networks.indices, sizes.indices) func placesAreValid(network: Int, size: Int) throws {
        let graph = Self.graph(Self.networks[network], Self.sizes[size])
        for precision in [Precision.fp16, .int8] { try placesAreValid(graph, precision) }
    }

    private func placesAreValid(_ graph: Graph, _ precision: Precision) throws {
        let plan = try MemoryPlan(graph, precision: precision, threads: 3)
        for (index, buffer) in plan.buffers.enumerated() {
            #expect(buffer.offset >= 0 && buffer.offset + buffer.byteCount <= plan.byteCount)
            for other in plan.buffers[..<index] where other.steps.overlaps(buffer.steps) {
                #expect(
                    other.offset + other.byteCount <= buffer.offset || buffer.offset + buffer.byteCount <= other.offset,
                    "\(other.name.text) and \(buffer.name.text)")
            }
        }
        let storage = try Storage(graph, precision, threads: 3)
        for node in graph.nodes {
            switch node.operation {
            case is Unfold, is Fold:
                let source = try #require(storage.places[node.input(0).index])
                let view = try #require(storage.places[node.output.index])
                #expect(view.buffer == source.buffer && view.offset == source.offset && view.stride == source.stride)
            case is ChannelConcatenation:
                let whole = try #require(storage.places[node.output.index])
                var next = 0
                for position in 0..<node.inputCount {
                    let part = try #require(storage.places[node.input(position).index])
                    #expect(part.buffer == whole.buffer && part.offset == next && part.stride == whole.stride)
                    next += graph.shape(node.input(position)).channels
                }
            case is DepthwiseConvolution: #expect(storage.places[node.output.index] == nil)
            default: break
            }
        }
        for call in storage.lowering.calls {
            #expect(storage.places[call.input.index] != nil && storage.places[call.output.index] != nil)
            let isHead = lastName(storage.lowering.names[call.output.index].text)
            #expect(storage.lowering.isPrediction(call.output) == isHead)
        }
    }

    private func lastName(_ name: String) -> Bool {
        name.hasPrefix("ssd_heads.") && name.contains("loc_cls_layer")
    }

    /// The smallest arenas that issue and boards count on, at 320x320 with 81 classes.
    @Test(arguments: [(0, 1 << 20), (1, 3 << 19)]) func int8ArenasAreSmall(network: Int, bytes: Int) throws {
        let plan = try MemoryPlan(Self.graph(Self.networks[network]), precision: .int8, threads: 1)
        #expect(plan.byteCount <= bytes, "\(plan.byteCount)")
        #expect(Double(plan.byteCount) <= 1.1 * Double(plan.lowerBound), "\(plan.byteCount) of \(plan.lowerBound)")
    }
}
