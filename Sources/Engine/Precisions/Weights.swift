/// The parameters of a graph's nodes as fp32. Tensors stored as fp32 are used where they lie in the mapped file; those
/// stored as fp16 are widened once into one block.
final class Weights {
    struct Parameters {
        var weight: UnsafePointer<Float>
        var bias: UnsafePointer<Float>?
    }

    private let file: ModelFile
    private let widened: Arena
    /// One entry per node; nil for operations without weights.
    private(set) var parameters: [Parameters?] = []
    /// Whether any weight is stored as fp16.
    let hasHalfPrecision: Bool

    init(graph: Graph, file: ModelFile) throws(EngineError) {
        self.file = file
        var halfCount = 0
        for node in graph.nodes where node.operation.weights != .none {
            for tensor in try Self.tensors(of: node, in: graph, file) {
                if tensor.storageType == .float16 { halfCount += Self.rounded(tensor.shape.count) }
            }
        }
        try graph.rejectUnusedTensors(of: file)
        hasHalfPrecision = halfCount > 0
        let byteCount = halfCount * MemoryLayout<Float>.size
        guard let arena = Arena(byteCount: byteCount) else { throw .outOfMemory(byteCount: byteCount) }
        widened = arena

        var next = widened.base.assumingMemoryBound(to: Float.self)
        parameters.reserveCapacity(graph.nodes.count)
        for node in graph.nodes {
            guard node.operation.weights != .none else {
                parameters.append(nil)
                continue
            }
            let tensors = try Self.tensors(of: node, in: graph, file)
            let weight = place(tensors[0], &next)
            parameters.append(Parameters(weight: weight, bias: tensors.count > 1 ? place(tensors[1], &next) : nil))
        }
    }

    private func place(_ tensor: ModelTensor, _ next: inout UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        let data = file.data(of: tensor).baseAddress!
        guard tensor.storageType == .float16 else { return data.assumingMemoryBound(to: Float.self) }
        let start = next
        f16_to_f32__scalar(tensor.shape.count, data.assumingMemoryBound(to: UInt16.self), start)
        next += Self.rounded(tensor.shape.count)
        return UnsafePointer(start)
    }

    private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// The node's weight and, where it has one, bias; their shapes and types checked.
    private static func tensors(
        of node: Node, in graph: Graph, _ file: ModelFile
    ) throws(EngineError) -> [ModelTensor] {
        guard let shape = graph.weightShape(node) else { return [] }
        var found = [try tensor(node.name.appending(".weight"), shape, in: file)]
        if node.hasBias {
            found.append(
                try tensor(node.name.appending(".bias"), TensorShape(graph.shape(node.output).channels), in: file))
        }
        return found
    }

    private static func tensor(
        _ name: Name, _ shape: TensorShape, in file: ModelFile
    ) throws(EngineError) -> ModelTensor {
        guard let tensor = file.tensor(name) else { throw .model(.tensor(name, .missing)) }
        guard tensor.shape == shape else {
            throw .model(.tensor(name, .shape(expected: shape, found: tensor.shape)))
        }
        switch tensor.storageType {
        case .float32, .float16: return tensor
        case .int8: throw .model(.tensor(name, .unsupportedType(tensor.storageType.rawValue)))
        }
    }
}

extension Graph {
    /// Throws where an fp32 or fp16 file has a tensor that no node uses.
    func rejectUnusedTensors(of file: ModelFile) throws(EngineError) {
        var isUsed = [Bool](repeating: false, count: file.tensors.count)
        for node in nodes where node.operation.weights != .none {
            if let weight = file.index(of: node.name.appending(".weight")) { isUsed[weight] = true }
            if node.hasBias, let bias = file.index(of: node.name.appending(".bias")) { isUsed[bias] = true }
        }
        if let unused = isUsed.firstIndex(of: false) { throw .model(.tensor(file.tensors[unused].name, .unexpected)) }
    }
}
