/// Reads an fp16 model file's tensors, which stay where they lie in the mapped file: layers' weights are fp16, biases
/// and normalisations fp32.
struct HalfWeights {
    private let graph: Graph
    private let file: ModelFile

    /// Throws if the file contains tensors that no node uses.
    init(_ graph: Graph, _ file: ModelFile) throws(EngineError) {
        self.graph = graph
        self.file = file
        try graph.rejectUnusedTensors(of: file)
    }

    func matrix(_ node: Node) throws(EngineError) -> UnsafePointer<UInt16> {
        let data = try data(node.name.appending(".weight"), graph.weightShape(node)!, .float16)
        return data.assumingMemoryBound(to: UInt16.self)
    }

    func bias(_ node: Node) throws(EngineError) -> UnsafePointer<Float>? {
        node.hasBias ? try floats(node, ".bias") : nil
    }

    func normalisation(_ node: Node) throws(EngineError) -> (gain: UnsafePointer<Float>, shift: UnsafePointer<Float>) {
        (try floats(node, ".weight"), try floats(node, ".bias"))
    }

    private func floats(_ node: Node, _ suffix: StaticString) throws(EngineError) -> UnsafePointer<Float> {
        let shape = TensorShape(graph.shape(node.output).channels)
        return try data(node.name.appending(suffix), shape, .float32).assumingMemoryBound(to: Float.self)
    }

    private func data(
        _ name: Name, _ shape: TensorShape, _ type: StorageType
    ) throws(EngineError) -> UnsafeRawPointer {
        guard let tensor = file.tensor(name) else { throw .model(.tensor(name, .missing)) }
        return try file.elements(of: tensor, type, shape)
    }
}

extension ModelFile {
    /// The stored elements of a tensor that must be of this type and shape.
    func elements(
        of tensor: ModelTensor, _ type: StorageType, _ shape: TensorShape
    ) throws(EngineError) -> UnsafeRawPointer {
        guard tensor.storageType == type else {
            throw .model(.tensor(tensor.name, .type(expected: type, found: tensor.storageType)))
        }
        guard tensor.shape == shape else {
            throw .model(.tensor(tensor.name, .shape(expected: shape, found: tensor.shape)))
        }
        return data(of: tensor).baseAddress!
    }
}
