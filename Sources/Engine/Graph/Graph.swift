/// A tensor of a graph; valid in that graph only.
public struct TensorID: BitwiseCopyable, Equatable, Sendable {
    /// Its place in the graph's `shapes`.
    public let index: Int
}

/// One to six elements, stored inline: what an operation has for each of its inputs.
public struct UpToSix<Element: BitwiseCopyable & Sendable>: Sendable {
    private var slots: InlineArray<6, Element>
    /// How many there are, 1...6.
    public private(set) var count = 1

    /// One element.
    public init(_ first: Element) { slots = InlineArray(repeating: first) }

    /// Two elements.
    public init(_ first: Element, _ second: Element) {
        self.init(first)
        append(second)
    }

    /// There are fewer than six (precondition).
    public mutating func append(_ element: Element) {
        slots[count] = element
        count += 1
    }

    /// The one at `position`, 0..<`count`.
    public subscript(position: Int) -> Element { slots[position] }
}

/// Where a parameter stands in a checkpoint, which is how the importer finds it and how its bias comes about.
public enum ParameterOrigin: Sendable {
    /// `NAME.block.conv.weight` [out, in, k, k] with batch norm `NAME.block.norm.*`, folded into weight and bias.
    case convolutionWithBatchNorm
    /// `NAME.block.conv.weight` and `NAME.block.conv.bias`.
    case convolutionWithBias
    /// `NAME.block.conv.weight` alone.
    case convolution
    /// `NAME.weight` [out, in] and `NAME.bias`.
    case linear
    /// `NAME.weight` [c] and `NAME.bias`.
    case normalisation

    var hasBias: Bool {
        switch self {
        case .convolutionWithBatchNorm, .convolutionWithBias, .linear, .normalisation: true
        case .convolution: false
        }
    }
}

/// One operation with its place in the network.
public struct Node: Sendable {
    /// The path of the module in the upstream networks; also the prefix of its tensors in the model file.
    public let name: Name
    /// What is computed, with its attributes.
    public let operation: GraphOperation
    /// In order.
    public let inputs: UpToSix<TensorID>
    /// Written by this node alone.
    public let output: TensorID
    /// Whether the model file contains `NAME.bias` beside `NAME.weight`.
    public let hasBias: Bool
    /// Where a checkpoint has its weights, for graphs that import them.
    public let origin: ParameterOrigin?

    /// 1...6.
    public var inputCount: Int { inputs.count }

    /// The input at `position`, 0..<`inputCount`.
    public func input(_ position: Int) -> TensorID { inputs[position] }
}

/// A network as a list of operations in the order in which they run. Independent of precision and kernels.
public struct Graph: Sendable {
    /// In the order in which they run: each reads the input or what an earlier one writes.
    public private(set) var nodes: [Node] = []
    /// By `TensorID.index`.
    public private(set) var shapes: [MapShape] = []
    /// What is filled before a run.
    public let input: TensorID
    /// What stays readable after a run.
    public var output: TensorID
    /// The first operation that did not fit what was laid out before it: such a graph is of no use.
    public private(set) var problem: GraphError?
    /// Whether resizes to the size that a map has already are kept, as a graph that is written to a file needs them.
    let keepsAll: Bool

    /// Inputs of one operation.
    static let maximumInputs = 6

    /// A graph without operations, whose output is its input until that is set.
    public init(input shape: MapShape, keepsAll: Bool = false) {
        self.keepsAll = keepsAll
        input = TensorID(index: 0)
        output = input
        shapes.append(shape)
    }

    mutating func reserveCapacity(_ operations: Int) {
        nodes.reserveCapacity(operations)
        shapes.reserveCapacity(operations + 1)
    }

    /// `tensor` is one of this graph's.
    public func shape(_ tensor: TensorID) -> MapShape { shapes[tensor.index] }

    /// The maps that make up the output: those that are concatenated, or the only one.
    public var outputParts: [MapShape] {
        for node in nodes where node.output == output {
            guard case .rowConcatenation = node.operation.form else { break }
            return (0..<node.inputCount).map { shape(node.input($0)) }
        }
        return [shape(output)]
    }

    /// Appends an operation and returns its output; `inputs` are of this graph. Throws where the operation does not take
    /// them.
    @inline(never)
    mutating func append(
        _ operation: GraphOperation, _ inputs: UpToSix<TensorID>, _ name: Name, hasBias: Bool,
        origin: ParameterOrigin? = nil
    ) throws(GraphError.Problem) -> TensorID {
        guard operation.inputCounts.contains(inputs.count) else { throw .inputCount(found: inputs.count) }
        guard hasBias || operation.weights != .gain else { throw .attribute }
        var shapes = UpToSix(self.shapes[inputs[0].index])
        for position in 1..<inputs.count { shapes.append(self.shapes[inputs[position].index]) }
        let shape = try operation.shape(of: shapes)
        if operation.isNothingIfShapeStays, !keepsAll, shape == shapes[0] { return inputs[0] }
        guard shape.height > 0, shape.width > 0, shape.channels > 0 else { throw .attribute }
        guard shape.isSmallEnough else { throw .tooLarge }
        let output = TensorID(index: self.shapes.count)
        self.shapes.append(shape)
        nodes.append(
            Node(
                name: name, operation: operation, inputs: inputs, output: output, hasBias: hasBias, origin: origin))
        return output
    }

    /// Appends what a network's own code lays out, which fits unless its sizes come from outside: then `problem` tells.
    @inline(never)
    mutating func add(
        _ operation: GraphOperation, _ inputs: UpToSix<TensorID>, _ name: Name, origin: ParameterOrigin? = nil
    ) -> TensorID {
        do {
            return try append(operation, inputs, name, hasBias: origin?.hasBias ?? false, origin: origin)
        } catch {
            if problem == nil {
                problem = GraphError(index: nodes.count, name: name, operation: Name(operation.name), problem: error)
            }
            return inputs[0]
        }
    }

    /// The shape of a node's first input.
    func inputShape(_ node: Node) -> MapShape { shapes[node.input(0).index] }

    /// The number of multiply-accumulates of a node: convolutions, linear layers and the two products of attention.
    public func multiplyAccumulates(_ node: Node) -> Int64 {
        node.operation.multiplyAccumulates(inputShape(node), shape(node.output))
    }

    /// The stored shape of a node's weight, nil for an operation without: a matrix [groups * height, width, in / groups,
    /// out / groups] (1x1: [in, out]), depthwise [height, width, c], gain [c]. Inputs come before outputs so that a GEMM
    /// reads the file's bytes as they are.
    public func weightShape(_ node: Node) -> TensorShape? {
        let input = inputShape(node).channels, output = shape(node.output).channels
        switch node.operation.weights {
        case .none: return nil
        case .matrix(let height, let width, let groups):
            return TensorShape(groups * height, width, input / groups, output / groups)
        case .depthwise(let height, let width): return TensorShape(1, height, width, output)
        case .gain: return TensorShape(output)
        }
    }
}
