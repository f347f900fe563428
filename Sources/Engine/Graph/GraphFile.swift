/// A graph as a model file has it. No operation stores the size of a map, so that a network runs at any.
///
/// | key | type | what |
/// |---|---|---|
/// | `graph.kinds` | texts, at most 64 | the operations that occur, by `GraphOperation.kind` |
/// | `graph.kind` | u8 | for each operation its place in `graph.kinds` |
/// | `graph.names` | texts | for each operation the layer's name, with which those of its tensors begin |
/// | `graph.has_bias` | u8 | for each operation, whether a bias belongs to its weight |
/// | `graph.input_counts` | u8 | for each operation, how many of `graph.inputs` are its own |
/// | `graph.inputs` | u16 | the numbers of operations, counted from 1; 0 is the network's input |
/// | `graph.attribute_counts` | u8 | for each operation, how many of `graph.attributes` are its own |
/// | `graph.attributes` | u16 | in the order of the operation's initialiser |
/// | `graph.outputs` | u16 | the number of the operation that makes the network's output |
public struct GraphFile: Equatable {
    /// Operations of the largest graph: the time that planning its memory takes grows by the square of their number.
    public static let maximumOperations = 2048
    /// Work of the largest graph in multiply-accumulates, which would take minutes for an image: a value counts as at least
    /// 16, and a group of a convolution as 2^22.
    public static let maximumWork: Int64 = 1 << 38
    /// Bytes of a layer's name: tensors add up to 7.
    static let maximumNameCount = Name.capacity - 7
    /// Attributes of one operation.
    static let maximumAttributes = 16

    private let kinds: [Name]
    private let kind: [Int]
    private let names: [Name]
    private let hasBias: [Int]
    private let inputCounts: [Int]
    private let inputs: [Int]
    private let attributeCounts: [Int]
    private let attributes: [Int]
    private let output: Int

    /// Reads the lists and checks that they fit together. What they make is checked by `graph(input:)`.
    public init(_ file: ModelFile) throws(ModelFileError) {
        func names(_ key: Name, count: ClosedRange<Int>) throws(ModelFileError) -> [Name] {
            var names: [Name] = []
            names.reserveCapacity(count.upperBound)
            for text in try file.texts(key, count: count) {
                guard text.count <= Self.maximumNameCount else { throw .outOfRange(key: key) }
                names.append(Name(truncating: text))
            }
            return names
        }
        kinds = try names(Name("graph.kinds"), count: 1...64)
        kind = try file.integers(Name("graph.kind"), count: 1...Self.maximumOperations, in: 0...kinds.count - 1)
        let count = kind.count...kind.count
        self.names = try names(Name("graph.names"), count: count)
        hasBias = try file.integers(Name("graph.has_bias"), count: count, in: 0...1)
        inputCounts = try file.integers(Name("graph.input_counts"), count: count, in: 1...Graph.maximumInputs)
        let inputCount = inputCounts.reduce(0, +)
        inputs = try file.integers(Name("graph.inputs"), count: inputCount...inputCount, in: 0...kind.count)
        attributeCounts = try file.integers(
            Name("graph.attribute_counts"), count: count, in: 0...Self.maximumAttributes)
        let attributeCount = attributeCounts.reduce(0, +)
        attributes = try file.integers(
            Name("graph.attributes"), count: attributeCount...attributeCount, in: AttributeReader.range)
        output = try file.integers(Name("graph.outputs"), count: 1...1, in: 1...kind.count)[0]
    }

    /// The graph for an input of that shape. Throws what is wrong with an operation.
    ///
    /// - Parameter keepsAll: keeps resizes to the size that a map has already.
    public func graph(input: MapShape, keepsAll: Bool = false) throws(GraphError) -> Graph {
        var graph = Graph(input: input, keepsAll: keepsAll)
        graph.reserveCapacity(kind.count)
        // By number.
        var tensors = [graph.input]
        tensors.reserveCapacity(kind.count + 1)
        var isUsed = [Bool](repeating: false, count: kind.count + 1)
        // By index; those that are alike are one object.
        var operations: [GraphOperation] = [], attributeStarts: [Int] = []
        operations.reserveCapacity(kind.count)
        attributeStarts.reserveCapacity(kind.count)
        var nextInput = 0, nextAttribute = 0
        var work: Int64 = 0
        for index in kind.indices {
            let kind = kinds[self.kind[index]]
            do throws(GraphError.Problem) {
                let numbers = inputs[nextInput..<nextInput + inputCounts[index]]
                nextInput += inputCounts[index]
                for number in numbers {
                    guard number <= index else { throw .notYetMade }
                    guard number != output else { throw .readsOutput }
                    isUsed[number] = true
                }
                var operands = UpToSix(tensors[numbers[numbers.startIndex]])
                for number in numbers.dropFirst() { operands.append(tensors[number]) }
                let own = attributes[nextAttribute..<nextAttribute + attributeCounts[index]]
                let alike = operations.indices.first {
                    self.kind[$0] == self.kind[index] && attributes[attributeStarts[$0]...].prefix(attributeCounts[$0]) == own
                }
                let operation: GraphOperation
                if let alike {
                    operation = operations[alike]
                } else {
                    operation = try AttributeReader.operation(kind, own, tensors, graph)
                }
                operations.append(operation)
                attributeStarts.append(nextAttribute)
                nextAttribute = own.endIndex
                let name = names[index], before = graph.nodes.count
                guard name.count > 0, !name.matches("input"), !names[..<index].contains(name) else { throw .name }
                tensors.append(try graph.append(operation, operands, names[index], hasBias: hasBias[index] == 1))
                guard graph.nodes.count > before else { continue }
                let added = Self.work(graph.nodes[before], in: graph)
                guard added <= Self.maximumWork - work else { throw .tooMuchWork }
                work += added
            } catch {
                throw GraphError(index: index, name: names[index], operation: kind, problem: error)
            }
        }
        for index in kind.indices where !isUsed[index + 1] && index + 1 != output {
            throw GraphError(index: index, name: names[index], operation: kinds[kind[index]], problem: .unused)
        }
        graph.output = tensors[output]
        return graph
    }

    private static func work(_ node: Node, in graph: Graph) -> Int64 {
        var groups = 0
        if case .matrix(_, _, let found) = node.operation.weights { groups = found }
        let work = max(graph.multiplyAccumulates(node), 16 * Int64(graph.shape(node.output).count))
        let (sum, overflows) = work.addingReportingOverflow(Int64(groups) << 22)
        return overflows ? .max : sum
    }
}

/// Reads the attributes of one operation in their order.
public struct AttributeReader {
    /// What a file can hold.
    static let range = 0...65_535
    /// Sides of kernels and patches, strides, channels.
    static let sizes = 1...65_535

    private var values: ArraySlice<Int>
    private let tensors: [TensorID]
    private let graph: Graph

    /// The operation of that kind. Apart from what continues building the graph, which would copy it if this still held it.
    @inline(never)
    static func operation(
        _ kind: Name, _ values: ArraySlice<Int>, _ tensors: [TensorID], _ graph: Graph
    ) throws(GraphError.Problem) -> GraphOperation {
        var reader = AttributeReader(values: values, tensors: tensors, graph: graph)
        let operation = try GraphOperation.named(kind, &reader)
        guard reader.values.isEmpty else { throw .attribute }
        return operation
    }

    /// The next one; `absent` stands for one that the file, which was written before there was such an attribute, lacks.
    mutating func integer(in range: ClosedRange<Int> = sizes, absent: Int? = nil) throws(GraphError.Problem) -> Int {
        guard let value = values.popFirst() ?? absent, range.contains(value) else { throw .attribute }
        return value
    }

    mutating func activation() throws(GraphError.Problem) -> Activation {
        guard let activation = Activation(number: try integer(in: 0...255)) else { throw .attribute }
        return activation
    }

    mutating func grid() throws(GraphError.Problem) -> PatchGrid {
        PatchGrid(height: try integer(), width: try integer())
    }

    /// The height and width that a map gets.
    mutating func extent() throws(GraphError.Problem) -> Extent {
        switch try integer(in: 0...1) {
        case 0: return .multiple(of: try grid())
        default:
            let tensor = tensors[try integer(in: 0...tensors.count - 1)]
            return .like(tensor, graph.shape(tensor))
        }
    }
}
