import CKernels
import Model
import Engine
import Foundation
import ModelFile
import Quantizer

/// Makes an int8 model file from an fp32 one with the plainest rules that the format allows: ranges from the smallest
/// to the largest value of one image, weights rounded to nearest. Written from the format alone, to test the engine.
public struct PlainQuantizer {
    public struct Tensor {
        public var name: Name
        public var shape: TensorShape
        public var type: StorageType
        /// Not Data: the leak checker does not find what its packed pointers hold.
        public var data: [UInt8]

        public init(name: Name, shape: TensorShape, type: StorageType, data: [UInt8]) {
            self.name = name
            self.shape = shape
            self.type = type
            self.data = data
        }
    }

    public private(set) var tensors: [Tensor] = []
    private let engine: Engine
    private let file: ModelFile
    private let description: ModelDescription
    /// Scale and zero point by channel.
    private var steps: [Int: [(scale: Double, zero: Double)]] = [:]

    /// `detector` observes, and has run the image that gives the ranges.
    public init(_ detector: Model, file: ModelFile) {
        engine = detector.engine
        self.file = file
        description = detector.description
        let graph = engine.graph
        var predictions: Set<Int> = []
        for node in graph.nodes where node.output == graph.output {
            for position in 0..<node.inputCount { predictions.insert(node.input(position).index) }
        }
        steps[graph.input.index] = (0..<3).map { channel in
            let format = description.input
            let scale = Double(format.scale / format.standardDeviation[channel])
            return (scale, Double(format.mean[channel] / format.scale) - 128)
        }
        addBytes(Name("input.zero"), TensorShape(3), steps[graph.input.index]!.map { $0.zero })
        // Normalisations take their input in steps of one size, through any views of it.
        var even: Set<Int> = []
        for node in graph.nodes.reversed() {
            switch node.operation {
            case is LayerNorm, is GroupNorm: even.insert(node.input(0).index)
            case is Unfold, is Fold, is Resize: if even.contains(node.output.index) { even.insert(node.input(0).index) }
            default: break
            }
        }
        for (index, node) in graph.nodes.enumerated() {
            let inputs = (0..<node.inputCount).compactMap { steps[node.input($0).index] }
            switch node.operation {
            case is Unfold, is Fold, is Resize: steps[node.output.index] = inputs[0]
            case is ChannelConcatenation: steps[node.output.index] = inputs.flatMap { $0 }
            case is RowConcatenation: break
            default:
                if !predictions.contains(node.output.index), !isAddedOnly(node, graph) {
                    let isEven = even.contains(node.output.index) || isGroupNorm(node)
                    quantise(node, next: graph.nodes[index + 1], isEven: isEven)
                }
            }
            switch node.operation.weights {
            case .matrix, .depthwise: addLayer(node, graph)
            case .gain:
                for suffix in [".weight", ".bias"] as [StaticString] {
                    addFloats(node.name.appending(suffix), floats(node.name.appending(suffix))!)
                }
            case .none: break
            }
        }
    }

    private func graph() throws -> [(key: Name, value: MetadataValue)] {
        try GraphFile(file).graph(input: engine.graph.shape(engine.graph.input), keepsAll: true).metadata
    }

    public func write(to path: String) throws {
        try GGUFWriter.write(
            to: path, metadata: [(Name("general.file_type"), .integer(7))] + description.metadata() + graph(),
            layouts: tensors.map { .init(name: $0.name, shape: $0.shape, storageType: $0.type) }
        ) { Data(tensors[$0].data) }
    }

    /// Changes what `write` writes.
    public mutating func edit(_ name: String, _ change: (inout Tensor) -> Void) {
        let index = tensors.firstIndex { $0.name.text == name }!
        change(&tensors[index])
    }

    public mutating func remove(_ name: String) { tensors.removeAll { $0.name.text == name } }

    public mutating func append(_ tensor: Tensor) { tensors.append(tensor) }

    /// Whether the node is a layer whose output is only there to have something added.
    private func isAddedOnly(_ node: Node, _ graph: Graph) -> Bool {
        guard node.operation is Pointwise else { return false }
        let users = graph.nodes.filter { user in
            (0..<user.inputCount).contains { user.input($0) == node.output }
        }
        return users.count == 1 && users[0].operation is Addition
    }

    /// Its output in steps of one size too: the kernel's factor from input to output steps is bounded.
    private func isGroupNorm(_ node: Node) -> Bool { node.operation is GroupNorm }

    private mutating func quantise(_ node: Node, next: Node, isEven: Bool) {
        let view = engine.view(node.output)!
        let channels = view.shape.channels
        var low = [Double](repeating: 0, count: channels), high = low
        for row in 0..<view.shape.rows {
            for channel in 0..<channels {
                let value = Double(view.pointer[row * view.stride + channel])
                low[channel] = min(low[channel], value)
                high[channel] = max(high[channel], value)
            }
        }
        // Ranges of few pixels of one image do not hold for the slightly different values of int8.
        let slack = view.shape.rows < 400 ? 1.3 : 1.0
        func symmetric(_ group: Range<Int>, _ most: Double) -> (Double, Double) {
            (slack * max(group.map { max(high[$0], -low[$0]) }.max()!, 1e-6) / most, 0)
        }
        func asymmetric(_ low: Double, _ high: Double) -> (Double, Double) {
            let scale = slack * max(high - low, 1e-6) / 255
            return (scale, (-128 - slack * low / scale).rounded())
        }
        var found: [(scale: Double, zero: Double)] = []
        switch next.operation {
        case let attention as Attention:
            let d = channels / 3, size = d / attention.heads
            found = (0..<channels).map { channel in
                if channel >= 2 * d { return symmetric(channel..<channel + 1, 63) }
                let first = channel / size * size
                return symmetric(first..<first + size, channel < d ? 127 : 63)
            }
        case is SeparableAttention: found = (0..<channels).map { symmetric($0..<$0 + 1, 127) }
        default:
            found =
                isEven || view.shape.rows < 400
                ? [asymmetric(low.min()!, high.max()!)] : (0..<channels).map { asymmetric(low[$0], high[$0]) }
        }
        if node.operation is Addition {
            // What is added must not be much coarser than the sum.
            for position in 0..<2 {
                guard let source = steps[node.input(position).index] else { continue }
                for channel in 0..<channels {
                    let index = found.count == 1 ? 0 : channel
                    found[index].scale = max(found[index].scale, source[channel].scale / 1.9)
                }
            }
        }
        addFloats(node.name.appending(".scale"), found.map { Float($0.scale) })
        addBytes(node.name.appending(".zero"), TensorShape(found.count), found.map { $0.zero })
        let rounded = found.map { (scale: Double(Float($0.scale)), zero: $0.zero) }
        steps[node.output.index] = rounded.count == 1 ? Array(repeating: rounded[0], count: channels) : rounded
    }

    /// Folds the input's scales and zero points into the layer, and rounds its weights.
    private mutating func addLayer(_ node: Node, _ graph: Graph) {
        let weight = floats(node.name.appending(".weight"))!
        let columns = graph.shape(node.output).channels, rows = weight.count / columns
        let bias = floats(node.name.appending(".bias")) ?? Array(repeating: 0, count: columns)
        let input = steps[node.input(0).index]!
        let isDepthwise = node.operation is DepthwiseConvolution
        func step(_ row: Int, _ column: Int) -> (scale: Double, zero: Double) {
            isDepthwise ? input[column] : input[row % input.count]
        }
        var bytes = [Int8](repeating: 0, count: rows * columns)
        var sigmas: [Float] = [], biases: [Float] = []
        for column in 0..<columns {
            let scaled = (0..<rows).map { Double(weight[$0 * columns + column]) * step($0, column).scale }
            // Of every 16 rows, those 4 apart share 8 bits (ckernels_qs8.h); rounding adds up to 2.
            func shared(_ first: Int) -> Double {
                [first, first + 4, first + 8, first + 12].reduce(0) { $0 + ($1 < rows ? abs(scaled[$1]) : 0) }
            }
            var most = scaled.map(abs).max()! / 127
            if !isDepthwise { for row in 0..<rows where row % 16 < 4 { most = max(most, shared(row) / 251) } }
            let sigma = Float(max(most, 1e-12))
            let values = scaled.map { ($0 / Double(sigma)).rounded(.toNearestOrEven) }
            var zeros = 0.0
            for row in 0..<rows {
                bytes[row * columns + column] = Int8(values[row])
                zeros += step(row, column).zero * values[row]
            }
            sigmas.append(sigma)
            biases.append(Float(Double(bias[column]) - Double(sigma) * zeros))
        }
        let name = node.name.appending(".weight")
        if isDepthwise {
            add(name, TensorShape(1, 3, 3, columns), .int8, bytes)
        } else {
            var packed = [Int8](repeating: 0, count: ck_qs8_packed_size(rows, columns))
            qs8_pack__scalar(rows, columns, bytes, columns, &packed)
            add(name, TensorShape((columns + 7) / 8, (rows + 3) / 4, 8, 4), .int8, packed)
        }
        addFloats(node.name.appending(".unit"), sigmas)
        addFloats(node.name.appending(".bias"), biases)
    }

    private func floats(_ name: Name) -> [Float]? {
        file.tensor(name).map { Array(file.data(of: $0).assumingMemoryBound(to: Float.self)) }
    }

    private mutating func addFloats(_ name: Name, _ values: [Float]) {
        add(name, TensorShape(values.count), .float32, values)
    }

    private mutating func addBytes(_ name: Name, _ shape: TensorShape, _ values: [Double]) {
        add(name, shape, .int8, values.map { Int8(max(-128, min(127, $0.rounded()))) })
    }

    private mutating func add<Value>(_ name: Name, _ shape: TensorShape, _ type: StorageType, _ values: [Value]) {
        tensors.append(Tensor(name: name, shape: shape, type: type, data: values.withUnsafeBytes { Array($0) }))
    }
}
