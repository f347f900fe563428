import ModelFile

/// A graph as it runs in int8 and in fp16: fewer operations, each with an epilogue.
///
/// - Tokens stay where their pixels are: `unfold` and `fold` only rename a map, since all but attention treats every
///   row alike, and attention walks the pixels of one patch position.
/// - An addition belongs to the pointwise layer before it.
/// - A depthwise convolution runs in a band with the pointwise layers around it, so that the maps between them never
///   exist whole.
/// - Concatenations are written in place.
public struct Lowering: Sendable {
    /// What an operation computes.
    public enum Kind: Sendable {
        /// Dense 3x3 convolution of stride 2 over the picture.
        case stem
        case pointwise
        /// Depthwise convolution and the pointwise layer after it; in front of both, where there is one, the pointwise
        /// layer that expands.
        case band
        case layerNorm
        case groupNorm
        case attention(heads: Int)
        case separableAttention
        case resize(alignCorners: Bool)
        case mean
    }

    /// One step of a run. Nodes are given by their index in the graph's list.
    public struct Operation: Sendable {
        /// Decides which of the optional parts there are.
        public internal(set) var kind: Kind
        /// Whose weights and activation it has; of a band, the last layer's.
        public internal(set) var node: Int
        /// Of a band.
        public internal(set) var depthwise: Int?
        /// The pointwise layer in front of a band; nil where it has none.
        public internal(set) var expansion: Int?
        /// One of `roots`.
        public internal(set) var input: TensorID
        /// What is added after the activation.
        public internal(set) var residual: TensorID?
        /// With the residual added.
        public internal(set) var output: TensorID
        /// Whether all parts must be complete before the next operation begins. Where it is not, each part of the next
        /// reads only what the same part wrote.
        public internal(set) var meetsAfter = true
    }

    /// In the order in which they run.
    public private(set) var operations: [Operation] = []
    /// By tensor: the one whose memory it is, itself unless it is an unfolded or folded view.
    public private(set) var roots: [TensorID]
    /// By tensor: its pixels, where the graph has tokens.
    public private(set) var maps: [MapShape]
    /// By tensor: whether its rows are tokens, which the graph orders by patch position.
    public private(set) var holdsTokens: [Bool]
    /// By tensor: the name of the layer that makes it.
    public private(set) var names: [Name]

    /// A graph of the form that `Networks` builds: a depthwise convolution's only use is a pointwise layer, an addition
    /// follows a pointwise layer, the stem takes the input.
    public init(_ graph: Graph) {
        roots = graph.shapes.indices.map { TensorID(index: $0) }
        maps = graph.shapes
        holdsTokens = Array(repeating: false, count: graph.shapes.count)
        names = Array(repeating: Name("input"), count: graph.shapes.count)
        var uses = [Int](repeating: 0, count: graph.shapes.count)
        for node in graph.nodes {
            names[node.output.index] = node.name
            for position in 0..<node.inputCount { uses[node.input(position).index] += 1 }
        }
        // By tensor: the operation that completes it, -1 for the graph's input.
        var producer = [Int](repeating: -1, count: graph.shapes.count)
        for (index, node) in graph.nodes.enumerated() {
            let input = roots[node.input(0).index]
            var kind = Kind.pointwise
            switch node.operation {
            case .unfold, .fold:
                roots[node.output.index] = input
                maps[node.output.index] = maps[input.index]
                producer[node.output.index] = producer[input.index]
                if case .unfold = node.operation { holdsTokens[node.output.index] = true }
                continue
            case .concatenateChannels, .concatenateRows:
                for position in 0..<node.inputCount {
                    let part = producer[node.input(position).index]
                    producer[node.output.index] = max(producer[node.output.index], part)
                }
                if case .concatenateChannels = node.operation { keepRows(of: node.input(0), in: node.output) }
                continue
            case .add:
                fuseAddition(node, uses: uses, &producer)
                continue
            case .depthwise3x3:
                appendBand(graph, index, uses: uses, &producer)
                continue
            case .pointwise:
                if producer[input.index] >= 0, operations[producer[input.index]].node < 0 {
                    // Its input is the depthwise half of a band.
                    let band = producer[input.index]
                    precondition(band == operations.count - 1)
                    operations[band].node = index
                    operations[band].output = node.output
                    producer[node.output.index] = band
                    keepRows(of: node.input(0), in: node.output)
                    continue
                }
                keepRows(of: node.input(0), in: node.output)
            case .convolution3x3:
                precondition(node.input(0) == graph.input)
                kind = .stem
            case .layerNorm:
                kind = .layerNorm
                keepRows(of: node.input(0), in: node.output)
            case .groupNorm:
                kind = .groupNorm
                keepRows(of: node.input(0), in: node.output)
            case .attention(let heads):
                kind = .attention(heads: heads)
                keepRows(of: node.input(0), in: node.output)
            case .separableAttention:
                kind = .separableAttention
                keepRows(of: node.input(0), in: node.output)
            case .resize(let alignCorners): kind = .resize(alignCorners: alignCorners)
            case .mean: kind = .mean
            }
            producer[node.output.index] = operations.count
            operations.append(Operation(kind: kind, node: index, input: input, output: node.output))
        }
        placeBarriers(graph)
    }

    private mutating func keepRows(of input: TensorID, in output: TensorID) {
        maps[output.index].height = maps[input.index].height
        maps[output.index].width = maps[input.index].width
        holdsTokens[output.index] = holdsTokens[input.index]
    }

    private mutating func fuseAddition(_ node: Node, uses: [Int], _ producer: inout [Int]) {
        for side in 0..<2 {
            let sum = node.input(side), other = roots[node.input(1 - side).index]
            let index = producer[sum.index]
            guard index >= 0, uses[sum.index] == 1, operations[index].output == sum,
                operations[index].residual == nil, producer[other.index] < index
            else { continue }
            switch operations[index].kind {
            case .pointwise, .band: break
            default: continue
            }
            operations[index].residual = other
            operations[index].output = node.output
            producer[node.output.index] = index
            keepRows(of: sum, in: node.output)
            return
        }
        preconditionFailure("an addition follows a pointwise layer")
    }

    /// Begins a band, whose last layer is yet to come.
    private mutating func appendBand(_ graph: Graph, _ index: Int, uses: [Int], _ producer: inout [Int]) {
        let node = graph.nodes[index]
        precondition(uses[node.output.index] == 1, "a depthwise convolution's only use is a pointwise layer")
        var band = Operation(
            kind: .band, node: -1, depthwise: index, input: roots[node.input(0).index], output: node.output)
        if let last = operations.last, last.output == band.input, uses[band.input.index] == 1, last.residual == nil,
            case .pointwise = last.kind
        {
            band.expansion = last.node
            band.input = last.input
            operations.removeLast()
        }
        producer[node.output.index] = operations.count
        operations.append(band)
    }

    /// The rows that these operations write are split alike among the parts, wherever there are as many.
    private func writesByRows(_ operation: Operation) -> Bool {
        switch operation.kind {
        case .pointwise, .layerNorm, .groupNorm: true
        default: false
        }
    }

    /// A part reads only the rows that it writes.
    private func readsByRows(_ operation: Operation) -> Bool {
        if case .groupNorm = operation.kind { return false }
        return writesByRows(operation)
    }

    private mutating func placeBarriers(_ graph: Graph) {
        var whole = graph.shapes.indices.map { $0 }
        for node in graph.nodes {
            switch node.operation {
            case .concatenateChannels, .concatenateRows:
                for position in 0..<node.inputCount {
                    whole[roots[node.input(position).index].index] = node.output.index
                }
            default: break
            }
        }
        // By tensor, or concatenation that it is part of: how it was written since the last barrier: 0 not at all,
        // otherwise by that many rows split alike, or -1 for any other way.
        var written = [Int](repeating: 0, count: graph.shapes.count)
        for index in operations.indices {
            let operation = operations[index]
            let rows = maps[operation.output.index].rows, readsByRows = readsByRows(operation)
            func conflicts(_ tensor: TensorID) -> Bool {
                let state = written[whole[tensor.index]]
                return state != 0 && (state != rows || !readsByRows)
            }
            let mustMeet = conflicts(operation.input) || (operation.residual.map { conflicts($0) } ?? false)
            if index > 0 {
                operations[index - 1].meetsAfter = mustMeet
                if mustMeet { for tensor in written.indices { written[tensor] = 0 } }
            }
            let target = whole[operation.output.index]
            let isAlike = writesByRows(operation) && (written[target] == 0 || written[target] == rows)
            written[target] = isAlike ? rows : -1
        }
    }
}
