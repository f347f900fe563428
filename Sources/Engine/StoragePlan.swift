import Arena
import ModelFile

/// Which operations run, where every tensor lies in the arena, and for how long.
///
/// Two things make it differ from the graph: an addition that follows a pointwise layer becomes that layer's epilogue,
/// and the parts of a concatenation are written straight into the whole.
struct StoragePlan {
    /// One kernel call: a node that is no concatenation, and for a pointwise layer with a fused addition the tensor
    /// that is added.
    struct Call {
        var node: Int
        var output: TensorID
        var residual: TensorID?
    }

    /// A tensor's place: elements from the start of a buffer, and the distance between its rows.
    struct Place {
        var buffer: Int
        var offset: Int
        var stride: Int
    }

    private(set) var calls: [Call] = []
    /// By tensor; nil for a tensor that fusion made unnecessary.
    private(set) var places: [Place?]
    private(set) var requests: [BufferRequest] = []
    /// By request: the layer that it belongs to.
    private(set) var owners: [(name: Name, isScratch: Bool)] = []
    /// By call; the buffer of its scratch memory, if it needs any, and the elements that each thread has of it.
    private(set) var scratch: [(buffer: Int, count: Int)?] = []

    /// With `observing`, nothing is fused and every tensor keeps its memory to the end, so that all can be read.
    init(_ graph: Graph, threads: Int, observing: Bool) {
        places = Array(repeating: nil, count: graph.shapes.count)
        calls = Self.fuse(graph, observing: observing)
        placeTensors(graph, observing: observing)
        scratch = Array(repeating: nil, count: calls.count)
        for index in 0..<calls.count {
            let needed = Self.scratchCount(graph.nodes[calls[index].node], graph)
            guard needed > 0 else { continue }
            // Whole cache lines, so that threads do not share one.
            let count = (needed + 15) / 16 * 16
            scratch[index] = (requests.count, count)
            owners.append((graph.nodes[calls[index].node].name, true))
            requests.append(
                BufferRequest(
                    byteCount: LifetimePlanner.product(threads, count, MemoryLayout<Float>.size), first: index,
                    last: index))
        }
    }

    private static func fuse(_ graph: Graph, observing: Bool) -> [Call] {
        var uses = [Int](repeating: 0, count: graph.shapes.count)
        for node in graph.nodes {
            for position in 0..<node.inputCount { uses[node.input(position).index] += 1 }
        }
        var calls: [Call] = []
        // By tensor: the call that makes it, -1 for the graph's input.
        var producer = [Int](repeating: -1, count: graph.shapes.count)
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .concatenateChannels, .concatenateRows:
                // Complete with its last part; nothing is left to run.
                for position in 0..<node.inputCount {
                    let part = producer[node.input(position).index]
                    producer[node.output.index] = max(producer[node.output.index], part)
                }
                continue
            default: break
            }
            if case .add = node.operation, !observing {
                var fused = false
                for side in 0..<2 where !fused {
                    let sum = node.input(side), other = node.input(1 - side)
                    let call = producer[sum.index]
                    guard call >= 0, uses[sum.index] == 1, calls[call].residual == nil,
                        case .pointwise = graph.nodes[calls[call].node].operation, producer[other.index] < call
                    else { continue }
                    calls[call].residual = other
                    calls[call].output = node.output
                    producer[node.output.index] = call
                    fused = true
                }
                if fused { continue }
            }
            producer[node.output.index] = calls.count
            calls.append(Call(node: index, output: node.output, residual: nil))
        }
        return calls
    }

    private mutating func placeTensors(_ graph: Graph, observing: Bool) {
        let count = graph.shapes.count
        // The whole that a tensor is a part of, and where in it.
        var whole = [Int](repeating: -1, count: count)
        var offset = [Int](repeating: 0, count: count)
        var stride = graph.shapes.map { $0.channels }
        for node in graph.nodes {
            var next = 0
            for position in 0..<node.inputCount {
                let part = node.input(position).index
                switch node.operation {
                case .concatenateChannels:
                    stride[part] = graph.shape(node.output).channels
                    offset[part] = next
                    next += graph.shapes[part].channels
                case .concatenateRows:
                    offset[part] = next
                    next += graph.shapes[part].count
                default: continue
                }
                precondition(whole[part] < 0 && part != graph.input.index, "a tensor is part of one concatenation")
                whole[part] = node.output.index
            }
        }

        var first = [Int](repeating: Int.max, count: count)
        var last = [Int](repeating: -1, count: count)
        func touch(_ tensor: Int, at call: Int) {
            let owner = whole[tensor] < 0 ? tensor : whole[tensor]
            first[owner] = min(first[owner], call)
            last[owner] = max(last[owner], call)
        }
        touch(graph.input.index, at: 0)
        for (index, call) in calls.enumerated() {
            let node = graph.nodes[call.node]
            for position in 0..<node.inputCount { touch(node.input(position).index, at: index) }
            if let residual = call.residual { touch(residual.index, at: index) }
            touch(call.output.index, at: index)
        }
        touch(graph.output.index, at: calls.count)

        var names = [Name](repeating: Name("input"), count: count)
        for node in graph.nodes { names[node.output.index] = node.name }
        var buffer = [Int](repeating: -1, count: count)
        for tensor in 0..<count where last[tensor] >= 0 {
            buffer[tensor] = requests.count
            owners.append((names[tensor], false))
            requests.append(
                BufferRequest(
                    byteCount: LifetimePlanner.product(
                        graph.shapes[tensor].rows, graph.shapes[tensor].channels, MemoryLayout<Float>.size),
                    first: first[tensor],
                    last: observing ? calls.count : last[tensor]))
        }
        for tensor in 0..<count {
            let owner = whole[tensor] < 0 ? tensor : whole[tensor]
            precondition(whole[owner] < 0, "a concatenation is not itself a part")
            guard buffer[owner] >= 0 else { continue }
            places[tensor] = Place(buffer: buffer[owner], offset: offset[tensor], stride: stride[tensor])
        }
    }

    private static func scratchCount(_ node: Node, _ graph: Graph) -> Int {
        let output = graph.shape(node.output)
        switch node.operation {
        case .attention(let heads): return (output.channels / heads + 1) * output.width
        case .separableAttention: return output.width + output.channels
        default: return 0
        }
    }
}
