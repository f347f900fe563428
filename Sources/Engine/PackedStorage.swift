import Arena
import CKernels
import ModelFile

/// Where every tensor of a lowered graph lies in the arena, and for how long.
///
/// Between two barriers the parts run at their own pace, so that what any operation of such a group needs is alive
/// throughout the group. Operations that need no barrier between them form a group as long as the arena does not grow.
struct PackedStorage {
    /// A tensor's place: elements from the start of a buffer, and the distance between its rows in elements.
    struct Place {
        var buffer: Int
        var offset: Int
        var stride: Int
    }

    let lowering: Lowering
    /// By tensor; nil for one that never exists whole.
    private(set) var places: [Place?]
    private(set) var requests: [BufferRequest] = []
    /// By request: the layer that it belongs to.
    private(set) var owners: [(name: Name, isScratch: Bool)] = []
    /// By operation: the buffer of its group's scratch memory, if it needs any, and the bytes that each part has of it.
    private(set) var scratch: [(buffer: Int, byteCount: Int)?] = []
    /// By operation: the operations from one barrier to the next that it is among.
    private(set) var groups: [ClosedRange<Int>] = []

    /// By tensor: whether it is of predictions, which are half-precision values.
    private var holdsPredictions: [Bool] = []

    func isPrediction(_ tensor: TensorID) -> Bool { holdsPredictions[tensor.index] }

    /// Whether all parts meet after an operation.
    func meets(after operation: Int) -> Bool { groups[operation].upperBound == operation }

    init(_ graph: Graph, arithmetic: Arithmetic, threads: Int) {
        precondition(arithmetic != .single)
        lowering = Lowering(graph)
        places = Array(repeating: nil, count: graph.shapes.count)
        let scratchByteCounts = lowering.operations.map {
            LifetimePlanner.product(threads, LifetimePlanner.aligned(scratchByteCount($0, graph, arithmetic)))
        }
        placeTensors(graph, arithmetic, scratchByteCounts)
        placeScratch(graph, scratchByteCounts, threads: threads)
    }

    /// Joins operations into groups where nothing makes the parts meet and less is alive than at the peak.
    private static func groups(
        _ operations: [Lowering.Operation], _ tensors: [BufferRequest], _ scratch: [Int]
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
        for index in operations.indices { peak = max(peak, byteCount(index...index)) }
        var groups: [ClosedRange<Int>] = []
        var start = 0
        for index in operations.indices {
            let next = index + 1
            guard next == operations.count || operations[index].meetsAfter || byteCount(start...next) > peak
            else { continue }
            for _ in start...index { groups.append(start...index) }
            start = next
        }
        return groups
    }

    private mutating func placeTensors(_ graph: Graph, _ arithmetic: Arithmetic, _ scratchByteCounts: [Int]) {
        let count = graph.shapes.count
        let roots = lowering.roots
        // The whole that a tensor is a part of, and where in it.
        var whole = [Int](repeating: -1, count: count)
        var offset = [Int](repeating: 0, count: count)
        var stride = graph.shapes.map { ($0.channels + 7) / 8 * 8 }
        stride[graph.input.index] = graph.shape(graph.input).channels
        stride[graph.output.index] = graph.shape(graph.output).channels
        for node in graph.nodes {
            var next = 0
            for position in 0..<node.inputCount {
                let part = roots[node.input(position).index].index
                switch node.operation {
                case .concatenateChannels:
                    stride[part] = stride[node.output.index]
                    offset[part] = next
                    next += graph.shapes[part].channels
                case .concatenateRows:
                    stride[part] = graph.shapes[part].channels
                    offset[part] = next
                    next += graph.shapes[part].count
                default: continue
                }
                precondition(whole[part] < 0 && part != graph.input.index, "a tensor is part of one concatenation")
                whole[part] = node.output.index
            }
        }
        func owner(_ tensor: Int) -> Int { whole[tensor] < 0 ? tensor : whole[tensor] }

        var first = [Int](repeating: Int.max, count: count)
        var last = [Int](repeating: -1, count: count)
        func touch(_ tensor: TensorID, at operation: Int) {
            let owner = owner(tensor.index)
            first[owner] = min(first[owner], operation)
            last[owner] = max(last[owner], operation)
        }
        touch(graph.input, at: 0)
        for (index, operation) in lowering.operations.enumerated() {
            touch(operation.input, at: index)
            if let residual = operation.residual { touch(residual, at: index) }
            touch(operation.output, at: index)
        }
        touch(roots[graph.output.index], at: lowering.operations.count)

        holdsPredictions = (0..<count).map { owner(roots[$0].index) == graph.output.index }

        var buffer = [Int](repeating: -1, count: count)
        for tensor in 0..<count where last[tensor] >= 0 {
            var element = arithmetic.elementByteCount
            if tensor == graph.input.index { element = 1 }
            if tensor == graph.output.index { element = Arithmetic.half.elementByteCount }
            buffer[tensor] = requests.count
            owners.append((lowering.names[tensor], false))
            requests.append(
                BufferRequest(
                    byteCount: LifetimePlanner.product(graph.shapes[tensor].rows, stride[tensor], element),
                    first: first[tensor], last: last[tensor]))
        }
        groups = Self.groups(lowering.operations, requests, scratchByteCounts)
        for index in requests.indices {
            requests[index].first = groups[requests[index].first].lowerBound
            if requests[index].last < groups.count { requests[index].last = groups[requests[index].last].upperBound }
        }
        for tensor in 0..<count {
            let root = roots[tensor].index, owner = owner(root)
            precondition(whole[owner] < 0, "a concatenation is not itself a part")
            guard buffer[owner] >= 0, isStored(root, graph) else { continue }
            places[tensor] = Place(buffer: buffer[owner], offset: offset[root], stride: stride[root])
        }
    }

    /// Whether an operation takes or makes the tensor, or it is a concatenation.
    private func isStored(_ tensor: Int, _ graph: Graph) -> Bool {
        for operation in lowering.operations where operation.input.index == tensor || operation.output.index == tensor {
            return true
        }
        return tensor == graph.output.index
    }

    private mutating func placeScratch(_ graph: Graph, _ byteCounts: [Int], threads: Int) {
        scratch = Array(repeating: nil, count: groups.count)
        var start = 0
        while start < groups.count {
            let group = groups[start]
            var most = start
            for index in group where byteCounts[index] > byteCounts[most] { most = index }
            if byteCounts[most] > 0 {
                for index in group { scratch[index] = (requests.count, byteCounts[most] / threads) }
                owners.append((graph.nodes[lowering.operations[most].node].name, true))
                requests.append(
                    BufferRequest(byteCount: byteCounts[most], first: group.lowerBound, last: group.upperBound))
            }
            start = group.upperBound + 1
        }
    }

    /// The bytes that one part of an operation needs.
    private func scratchByteCount(_ operation: Lowering.Operation, _ graph: Graph, _ arithmetic: Arithmetic) -> Int {
        let input = lowering.maps[operation.input.index], output = lowering.maps[operation.output.index]
        let element = arithmetic.elementByteCount
        switch operation.kind {
        case .stem:
            return arithmetic == .int8
                ? output.width * Self.stemRowCount * element : ck_f16_patches_count(input.width) * element
        case .band:
            let band = BandShape(graph, lowering, operation)
            return LifetimePlanner.aligned(band.ringCount * element)
                + LifetimePlanner.aligned(band.blockCount * element)
        case .attention(let heads):
            let tokens = input.rows / 4, size = output.channels / heads
            return arithmetic == .int8 ? ck_qs8_attention_scratch(tokens, size) : ck_f16_attention_scratch(tokens, size)
        case .separableAttention:
            let tokens = input.rows / 4
            return arithmetic == .int8
                ? ck_qs8_separable_scratch(tokens, output.channels) : ck_f16_separable_scratch(tokens, output.channels)
        case .groupNorm:
            // Half-precision programs keep two values by channel, int8 ones four.
            return (arithmetic == .int8 ? 4 : 2) * input.channels * MemoryLayout<Float>.size
        case .pointwise, .layerNorm, .resize, .mean: return 0
        }
    }

    /// The values of one 3x3 neighbourhood of the input, filled up to a multiple of 4.
    static var stemRowCount: Int { 28 }
}
