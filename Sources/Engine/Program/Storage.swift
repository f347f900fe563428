/// Where every tensor of a lowered graph lies in the arena, and for how long.
///
/// Between two barriers the parts run at their own pace, so that what any call of such a group needs is alive throughout
/// the group. Calls that need no barrier between them form a group as long as the arena does not grow.
struct Storage {
    /// A tensor's place: elements from the start of a buffer, and the distance between its rows in elements.
    struct Place {
        var buffer: Int
        var offset: Int
        var stride: Int
    }

    /// What is found out about a tensor before its place.
    private struct Tensor {
        /// Elements from the start of the concatenation that it is part of.
        var offset = 0
        var stride = 0
        var isPart = false
        /// The first and the last call that need its memory, of a whole concatenation.
        var first = Int.max, last = -1
        /// Whether a call reads or writes it.
        var isStored = false
        /// -1 where it has no memory of its own.
        var buffer = -1
    }

    let lowering: Lowering
    private let precision: Precision
    /// By tensor; nil for one that never exists whole.
    private(set) var places: [Place?]
    private(set) var requests: [BufferRequest] = []
    /// By request: the layer that it belongs to.
    private(set) var owners: [(name: Name, isScratch: Bool)] = []
    /// By call: the buffer of its group's scratch memory, if it needs any, and the bytes that each part has of it.
    private(set) var scratch: [(buffer: Int, byteCount: Int)?] = []
    /// By call: the calls from one barrier to the next that it is among.
    private(set) var groups: [ClosedRange<Int>] = []

    /// Whether all parts wait for each other after a call.
    func hasBarrier(after call: Int) -> Bool { groups[call].upperBound == call }

    /// With `observing`, which is for fp32, every tensor keeps its memory to the end, so that all can be read. Throws
    /// where a concatenation cannot be written in place.
    @inline(never)
    init(_ graph: Graph, _ precision: Precision, threads: Int, observing: Bool = false) throws(EngineError) {
        lowering = Lowering(graph, observing ? .none : precision == .fp32 ? .additions : .all)
        self.precision = precision
        places = Array(repeating: nil, count: graph.shapes.count)
        let byteCounts = lowering.calls.map {
            LifetimePlanner.product(
                threads,
                LifetimePlanner.aligned($0.operation.scratchByteCount($0, lowering, precision)))
        }
        try placeTensors(graph, byteCounts, observing: observing)
        placeScratch(graph, byteCounts, threads: threads)
        if precision != .fp32 { try Program.check(lowering, precision) }
    }

    /// Bytes of one of a tensor's elements: in int8 and fp16 predictions are halves, and the image is bytes.
    func elementByteCount(_ tensor: TensorID) -> Int {
        guard precision != .fp32 else { return precision.elementByteCount }
        if tensor == lowering.graph.input { return 1 }
        return lowering.isPrediction(tensor) ? Precision.fp16.elementByteCount : precision.elementByteCount
    }

    /// Joins calls into groups where nothing needs a barrier and less is alive than at the peak.
    private static func groups(
        _ calls: [Lowering.Call], _ tensors: [BufferRequest], _ scratch: [Int]
    ) -> [ClosedRange<Int>] {
        // What no plan accepts has to be added up too.
        func byteCount(_ group: ClosedRange<Int>) -> UInt64 {
            var sum = UInt64(scratch[group].max()!)
            for tensor in tensors where tensor.first <= group.upperBound && tensor.last >= group.lowerBound {
                sum += UInt64(LifetimePlanner.aligned(tensor.byteCount))
            }
            return sum
        }
        var peak: UInt64 = 0
        for index in calls.indices { peak = max(peak, byteCount(index...index)) }
        var groups: [ClosedRange<Int>] = []
        groups.reserveCapacity(calls.count)
        var start = 0
        for index in calls.indices {
            let next = index + 1
            guard next == calls.count || calls[index].barrierAfter || byteCount(start...next) > peak
            else { continue }
            for _ in start...index { groups.append(start...index) }
            start = next
        }
        return groups
    }

    private mutating func placeTensors(
        _ graph: Graph, _ scratchByteCounts: [Int], observing: Bool
    ) throws(EngineError) {
        let count = graph.shapes.count, roots = lowering.roots, wholes = lowering.wholes
        var tensors = [Tensor](repeating: Tensor(), count: count)
        // Kernels of int8 and fp16 write whole blocks of channels.
        let block = precision.channelMultiple
        for (index, shape) in graph.shapes.enumerated() {
            let isWhole = index == graph.input.index || index == graph.output.index
            tensors[index].stride = isWhole ? shape.channels : (shape.channels + block - 1) / block * block
        }
        for node in graph.nodes {
            var next = 0
            for position in 0..<node.inputCount {
                let part = roots[node.input(position).index].index
                switch node.operation.form {
                case .channelConcatenation:
                    tensors[part].offset = next
                    tensors[part].stride = tensors[node.output.index].stride
                    next += graph.shapes[part].channels
                case .rowConcatenation:
                    tensors[part].offset = next
                    tensors[part].stride = graph.shapes[part].channels
                    next += graph.shapes[part].count
                case .step, .view: continue
                }
                // In place: its memory is that of one concatenation, which is no part of another.
                guard !tensors[part].isPart, hasRows(node.input(position), of: node), part != graph.input.index,
                    wholes[node.output.index] == node.output.index
                else {
                    throw .operation(node.name, node.operation.name, precision)
                }
                tensors[part].isPart = true
            }
        }

        func touch(_ tensor: TensorID, at call: Int) {
            let owner = wholes[tensor.index]
            tensors[owner].first = min(tensors[owner].first, call)
            tensors[owner].last = max(tensors[owner].last, call)
        }
        touch(graph.input, at: 0)
        for (index, call) in lowering.calls.enumerated() {
            touch(call.input, at: index)
            if let residual = call.residual { touch(residual, at: index) }
            touch(call.output, at: index)
            tensors[call.input.index].isStored = true
            tensors[call.output.index].isStored = true
        }
        touch(roots[graph.output.index], at: lowering.calls.count)
        tensors[graph.output.index].isStored = true

        requests.reserveCapacity(count + lowering.calls.count)
        owners.reserveCapacity(count + lowering.calls.count)
        for tensor in 0..<count where tensors[tensor].last >= 0 {
            tensors[tensor].buffer = requests.count
            owners.append((lowering.names[tensor], false))
            requests.append(
                BufferRequest(
                    byteCount: LifetimePlanner.product(
                        graph.shapes[tensor].rows, tensors[tensor].stride, elementByteCount(TensorID(index: tensor))),
                    first: tensors[tensor].first, last: observing ? lowering.calls.count : tensors[tensor].last))
        }
        groups = Self.groups(lowering.calls, requests, scratchByteCounts)
        for index in requests.indices {
            requests[index].first = groups[requests[index].first].lowerBound
            if requests[index].last < groups.count { requests[index].last = groups[requests[index].last].upperBound }
        }
        for tensor in 0..<count {
            let root = roots[tensor].index, owner = wholes[root]
            guard tensors[owner].buffer >= 0, tensors[root].isStored else { continue }
            places[tensor] = Place(buffer: tensors[owner].buffer, offset: tensors[root].offset, stride: tensors[root].stride)
        }
    }

    /// Whether the rows of `part` are those that `node`, a concatenation, has of it.
    private func hasRows(_ part: TensorID, of node: Node) -> Bool {
        if case .rowConcatenation = node.operation.form { return lowering.grids[part.index] == nil }
        // int8 kernels write whole blocks of channels.
        guard precision != .int8 || lowering.graph.shape(part).channels % 8 == 0 else { return false }
        return precision == .fp32 || lowering.haveSameRows(part, node.output)
    }

    private mutating func placeScratch(_ graph: Graph, _ byteCounts: [Int], threads: Int) {
        scratch = Array(repeating: nil, count: groups.count)
        var start = 0
        while start < groups.count {
            let group = groups[start]
            var largest = start
            for index in group where byteCounts[index] > byteCounts[largest] { largest = index }
            if byteCounts[largest] > 0 {
                for index in group { scratch[index] = (requests.count, byteCounts[largest] / threads) }
                owners.append((graph.nodes[lowering.calls[largest].node].name, true))
                requests.append(
                    BufferRequest(byteCount: byteCounts[largest], first: group.lowerBound, last: group.upperBound))
            }
            start = group.upperBound + 1
        }
    }
}
