/// A graph as it runs: fewer operations, each with an epilogue.
///
/// - Tokens stay where their pixels are: `Unfold` and `Fold` only rename a map, since all but attention treats every row
///   alike, and attention walks the pixels of one patch position.
/// - An addition belongs to the layer before it, where that can add.
/// - A depthwise convolution runs in a band with the pointwise layers around it.
/// - Concatenations are written in place.
///
/// What does not join an earlier call is a call of its own.
public struct Lowering: Sendable {
    /// How much of that is done.
    enum Fusion: Sendable {
        /// int8 and fp16.
        case all
        /// fp32: additions and concatenations; tokens are copied.
        case additions
        /// Every tensor exists.
        case none
    }

    /// One step of a run.
    public struct Call: Sendable {
        /// A node's, or one that stands for several.
        public internal(set) var operation: GraphOperation
        /// The nodes that it computes, by their index in the graph's list, in running order.
        public internal(set) var nodes: UpToSix<Int>
        /// One of `roots`.
        public internal(set) var input: TensorID
        /// What is added after the activation: a residual, or the other side of an addition.
        public internal(set) var residual: TensorID?
        /// With the residual added.
        public internal(set) var output: TensorID
        /// Whether all parts must be complete before the next call begins. Where it is not, each part of the next reads
        /// only what the same part wrote.
        public internal(set) var barrierAfter = true

        /// The last of its nodes, whose epilogue it has.
        public var node: Int { nodes[nodes.count - 1] }
    }

    /// What was lowered.
    public let graph: Graph
    let fusion: Fusion
    /// In the order in which they run.
    public private(set) var calls: [Call] = []
    /// By tensor: the one whose memory it is, itself unless it is an unfolded or folded view.
    public private(set) var roots: [TensorID]
    /// By tensor: its pixels, where the graph has tokens.
    public private(set) var maps: [MapShape]
    /// By tensor: the patches whose tokens its rows are, which the graph orders by patch position; nil for pixels.
    public private(set) var grids: [PatchGrid?]
    /// By tensor: the name of the layer that makes it.
    public private(set) var names: [Name]
    /// By tensor: the nodes that read it.
    private(set) var uses: [Int]
    /// By tensor, one of `roots`: the concatenation that it is part of, itself if it is of none.
    private(set) var wholes: [Int]
    /// By tensor: the call that completes it, -1 for the graph's input.
    private var producers: [Int]

    /// As int8 and fp16 run it.
    public init(_ graph: Graph) { self.init(graph, .all) }

    init(_ graph: Graph, _ fusion: Fusion) {
        self.graph = graph
        self.fusion = fusion
        let count = graph.shapes.count
        roots = graph.shapes.indices.map { TensorID(index: $0) }
        maps = graph.shapes
        grids = Array(repeating: nil, count: count)
        names = Array(repeating: Name("input"), count: count)
        uses = Array(repeating: 0, count: count)
        wholes = Array(0..<count)
        producers = Array(repeating: -1, count: count)
        calls.reserveCapacity(graph.nodes.count)
        for node in graph.nodes {
            names[node.output.index] = node.name
            for position in 0..<node.inputCount { uses[node.input(position).index] += 1 }
        }
        for index in graph.nodes.indices { lower(index) }
        placeBarriers()
    }

    private mutating func lower(_ index: Int) {
        let node = graph.nodes[index], input = roots[node.input(0).index], output = node.output.index
        switch node.operation.form {
        case .view(let grid, let toTokens):
            guard fusion == .all, isView(node, toTokens ? nil : grid) else { break }
            roots[output] = input
            maps[output] = maps[input.index]
            producers[output] = producers[input.index]
            grids[output] = toTokens ? grid : nil
            return
        case .channelConcatenation, .rowConcatenation:
            for position in 0..<node.inputCount {
                let part = roots[node.input(position).index].index
                producers[output] = max(producers[output], producers[part])
                wholes[part] = output
            }
            if case .channelConcatenation = node.operation.form { keepRows(of: node.input(0), in: node.output) }
            return
        case .step: break
        }
        if fusion != .none, node.operation.join(&self, index) { return }
        let other: TensorID? = node.inputCount > 1 ? roots[node.input(1).index] : nil
        var keepsRows = true
        if case .rearranged = node.operation.rowUse { keepsRows = false }
        append(
            Call(operation: node.operation, nodes: UpToSix(index), input: input, residual: other, output: node.output),
            rowsOf: keepsRows ? node.input(0) : nil)
    }

    /// Whether a node, which takes tokens of `grid` (nil: pixels), only renames its input: pixels become tokens, or tokens
    /// the pixels that they were.
    private func isView(_ node: Node, _ grid: PatchGrid?) -> Bool {
        let input = node.input(0).index, output = graph.shape(node.output)
        guard node.output != graph.output, grids[input] == grid else { return false }
        return grid == nil || maps[input].height == output.height && maps[input].width == output.width
    }

    /// Whether row i of one is the same place of the image as row i of the other.
    func haveSameRows(_ one: TensorID, _ other: TensorID) -> Bool {
        let (a, b) = (maps[one.index], maps[other.index])
        return grids[one.index] == grids[other.index] && a.height == b.height && a.width == b.width
    }

    /// Whether a tensor is part of the network's output, whose values are not quantised.
    public func isPrediction(_ tensor: TensorID) -> Bool {
        wholes[roots[tensor.index].index] == wholes[roots[graph.output.index].index]
    }

    /// Whether int8 can run a call as far as the output is concerned: predictions are the sums of a layer, to which nothing
    /// is added or applied, and nothing reads them.
    public func isWritable(_ call: Call) -> Bool {
        guard !isPrediction(call.input), !(call.residual.map { isPrediction($0) } ?? false) else { return false }
        guard isPrediction(call.output) else { return true }
        let operation = graph.nodes[call.node].operation
        guard call.residual == nil, operation.activation == .identity, case .matrix = operation.weights else { return false }
        return true
    }

    // MARK: For operations that join a call

    /// The call that completes a tensor; nil for the graph's input.
    func producer(of tensor: TensorID) -> Int? {
        let index = producers[tensor.index]
        return index < 0 ? nil : index
    }

    /// Whether a tensor is complete before call `index` begins.
    func isComplete(_ tensor: TensorID, before index: Int) -> Bool { producers[tensor.index] < index }

    /// Appends a call; its output has the rows of `tensor`.
    mutating func append(_ call: Call, rowsOf tensor: TensorID?) {
        for position in 0..<call.nodes.count { producers[graph.nodes[call.nodes[position]].output.index] = calls.count }
        producers[call.output.index] = calls.count
        if let tensor { keepRows(of: tensor, in: call.output) }
        calls.append(call)
    }

    mutating func removeLastCall() { calls.removeLast() }

    /// Changes call `index`, so that it makes `output`, which has the rows of `tensor`.
    mutating func extend(_ index: Int, to output: TensorID, rowsOf tensor: TensorID, _ change: (inout Call) -> Void) {
        change(&calls[index])
        calls[index].output = output
        producers[output.index] = index
        keepRows(of: tensor, in: output)
    }

    private mutating func keepRows(of input: TensorID, in output: TensorID) {
        maps[output.index].height = maps[input.index].height
        maps[output.index].width = maps[input.index].width
        grids[output.index] = grids[input.index]
    }

    // MARK: Barriers

    private mutating func placeBarriers() {
        // In fp32 parts begin at tiles of other sizes than operations that follow each other would need.
        guard fusion == .all else { return }
        // By tensor, or concatenation that it is part of: how it was written since the last barrier: 0 not at all,
        // otherwise by that many rows split alike, or -1 for any other way.
        var written = [Int](repeating: 0, count: graph.shapes.count), touched: [Int] = []
        touched.reserveCapacity(graph.shapes.count)
        for index in calls.indices {
            let call = calls[index], rows = maps[call.output.index].rows
            var readsByRows = false, writesByRows = false
            switch call.operation.rowUse {
            case .independent: (readsByRows, writesByRows) = (true, true)
            case .written: writesByRows = true
            case .kept, .rearranged: break
            }
            func conflicts(_ tensor: TensorID) -> Bool {
                let state = written[wholes[tensor.index]]
                return state != 0 && (state != rows || !readsByRows)
            }
            let mustWait = conflicts(call.input) || (call.residual.map { conflicts($0) } ?? false)
            if index > 0 {
                calls[index - 1].barrierAfter = mustWait
                if mustWait {
                    for tensor in touched { written[tensor] = 0 }
                    touched.removeAll(keepingCapacity: true)
                }
            }
            let target = wholes[call.output.index]
            let isAlike = writesByRows && (written[target] == 0 || written[target] == rows)
            if written[target] == 0 { touched.append(target) }
            written[target] = isAlike ? rows : -1
        }
    }
}
