import Foundation

/// A model file with weights in fp32 or fp16, as quantisation starts from it.
public struct FloatModel {
    /// What the file says beside its weights; goes into the quantised file unchanged.
    public let description: ModelDescription
    /// At the file's own input size.
    public let graph: Graph
    private let file: ModelFile
    /// The same with all its operations, as files hold it.
    private let whole: Graph
    /// Whether its graph is that of the file: what is made of it must run.
    let isModel: Bool

    /// Throws `notFloat` where the file is quantised already; that all tensors are there is for the engine to check.
    public init(_ file: ModelFile) throws(QuantizerError) {
        for tensor in file.tensors where tensor.storageType == .int8 { throw .notFloat }
        let stored: GraphFile
        do throws(ModelFileError) {
            description = try ModelDescription(file)
            stored = try GraphFile(file)
        } catch {
            throw .model(.model(error))
        }
        self.file = file
        isModel = true
        let size = description.input.size, input = MapShape(height: size.height, width: size.width, channels: 3)
        do {
            graph = try stored.graph(input: input)
            whole = try stored.graph(input: input, keepsAll: true)
        } catch {
            throw .model(.graph(error))
        }
    }

    /// Of a graph that no description makes.
    init(_ file: ModelFile, _ description: ModelDescription, _ graph: Graph) {
        self.file = file
        self.description = description
        self.graph = graph
        whole = graph
        isModel = false
    }

    /// What the file says, and the whole graph.
    func metadata() throws(QuantizerError) -> [(key: Name, value: MetadataValue)] {
        try description.metadata() + whole.metadata
    }

    /// A node's tensor, widened to fp32; `suffix` is ".weight" or ".bias". All values are finite.
    func floats(_ node: Node, _ suffix: StaticString) throws(QuantizerError) -> [Float] {
        let name = node.name.appending(suffix)
        guard let tensor = file.tensor(name) else { throw .model(.model(.tensor(name, .missing))) }
        let data = file.data(of: tensor)
        let values: [Float] =
            switch tensor.storageType {
            case .float32: Array(data.bindMemory(to: Float.self))
            case .float16: data.bindMemory(to: UInt16.self).map { Float(Float16(bitPattern: $0)) }
            case .int8: preconditionFailure("rejected before")
            }
        guard values.allSatisfy(\.isFinite) else { throw .tensor(.notFinite(name.text)) }
        return values
    }

    /// Writes the same network with its weights in fp16 to a file that replaces none of `inputs`; biases and normalisation
    /// stay fp32. `progress` is told how many of how many tensors are written. Throws `model` where that cannot be run.
    public func writeHalf(
        to path: String, inputs: InputFiles = InputFiles(), progress: (_ done: Int, _ total: Int) -> Void
    ) throws(QuantizerError) {
        let sources = graph.floatTensors(weights: .float16)
        let layouts = sources.map(\.layout)
        let fileType = (key: Name("general.file_type"), value: MetadataValue.integer(1))
        try GGUFWriter.write(
            to: path, inputs: inputs, metadata: [fileType] + metadata(), layouts: layouts, mustRun: isModel
        ) { (index) throws(QuantizerError) in
            let values = try floats(sources[index].node, sources[index].isBias ? ".bias" : ".weight")
            guard values.count == layouts[index].shape.count else {
                let found = file.tensor(layouts[index].name)!.shape
                throw .model(.model(.tensor(layouts[index].name, .shape(expected: layouts[index].shape, found: found))))
            }
            progress(index + 1, layouts.count)
            guard layouts[index].storageType == .float16 else { return Data(of: values) }
            let halves = values.map { Float16($0) }
            if let place = halves.firstIndex(where: { !$0.isFinite }) {
                throw .tensor(.tooLargeForHalf(layouts[index].name.text, value: values[place]))
            }
            return Data(of: halves.map(\.bitPattern))
        }
    }
}

extension Graph {
    /// The tensors of a file with weights in fp32 or fp16, in its order; biases and normalisation are fp32.
    func floatTensors(weights: StorageType) -> [(layout: GGUFWriter.Layout, node: Node, isBias: Bool)] {
        var tensors: [(layout: GGUFWriter.Layout, node: Node, isBias: Bool)] = []
        for node in nodes {
            guard let shape = weightShape(node) else { continue }
            let type = node.operation.weights == .gain ? .float32 : weights
            tensors.append((.init(name: node.name.appending(".weight"), shape: shape, storageType: type), node, false))
            guard node.hasBias else { continue }
            let bias = TensorShape(self.shape(node.output).channels)
            tensors.append((.init(name: node.name.appending(".bias"), shape: bias, storageType: .float32), node, true))
        }
        return tensors
    }
}
