import CKernels
import Detector
import Engine
import Foundation
import ModelFile
import Quantizer

/// Makes an int8 model file from an fp32 one with the plainest rules that the format allows: ranges from the smallest to
/// the largest value of one picture, weights rounded to nearest. Written from the format alone, to test the engine with.
public struct PlainQuantizer {
    public struct Tensor {
        public var name: Name
        public var shape: TensorShape
        public var type: StorageType
        public var data: Data
    }

    public private(set) var tensors: [Tensor] = []
    private let engine: Engine
    private let file: ModelFile
    private let description: ModelDescription
    /// Scale and zero point by channel.
    private var steps: [Int: [(scale: Double, zero: Double)]] = [:]

    /// `detector` observes, and has run the picture that gives the ranges.
    public init(_ detector: Detector, file: ModelFile) {
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
        addBytes(Name("input.zero_point"), TensorShape(3), steps[graph.input.index]!.map { $0.zero })
        for (index, node) in graph.nodes.enumerated() {
            let inputs = (0..<node.inputCount).compactMap { steps[node.input($0).index] }
            switch node.operation {
            case .unfold, .fold, .resize: steps[node.output.index] = inputs[0]
            case .concatenateChannels: steps[node.output.index] = inputs.flatMap { $0 }
            case .concatenateRows: break
            default:
                if !predictions.contains(node.output.index), !isAddedOnly(node, graph) {
                    quantise(node, next: graph.nodes[index + 1], graph)
                }
            }
            switch node.operation {
            case .convolution3x3, .depthwise3x3, .pointwise: addLayer(node, graph)
            case .layerNorm, .groupNorm:
                for suffix in [".weight", ".bias"] as [StaticString] {
                    addFloats(node.name.appending(suffix), floats(node.name.appending(suffix))!)
                }
            default: break
            }
        }
    }

    public func write(to path: String) throws {
        try GGUFWriter.write(
            to: path, metadata: [(Name("general.file_type"), .integer(7))] + description.metadata,
            layouts: tensors.map { .init(name: $0.name, shape: $0.shape, storageType: $0.type) }
        ) { tensors[$0].data }
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
        guard case .pointwise = node.operation else { return false }
        let users = graph.nodes.filter { user in
            (0..<user.inputCount).contains { user.input($0) == node.output }
        }
        if users.count == 1, case .add = users[0].operation { return true }
        return false
    }

    private mutating func quantise(_ node: Node, next: Node, _ graph: Graph) {
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
        func symmetric(_ group: Range<Int>, _ most: Double) -> (Double, Double) {
            (max(group.map { max(high[$0], -low[$0]) }.max()!, 1e-6) / most, 0)
        }
        func asymmetric(_ low: Double, _ high: Double) -> (Double, Double) {
            let scale = max(high - low, 1e-6) / 255
            return (scale, (-128 - low / scale).rounded())
        }
        var found: [(scale: Double, zero: Double)]
        switch next.operation {
        case .attention(let heads):
            let d = channels / 3, size = d / heads
            found = (0..<channels).map { channel in
                if channel >= 2 * d { return symmetric(channel..<channel + 1, 63) }
                let first = channel / size * size
                return symmetric(first..<first + size, channel < d ? 127 : 63)
            }
        case .separableAttention: found = (0..<channels).map { symmetric($0..<$0 + 1, 127) }
        case .depthwise3x3: found = (0..<channels).map { asymmetric(low[$0], high[$0]) }
        default:
            if case .depthwise3x3 = node.operation {
                found = (0..<channels).map { asymmetric(low[$0], high[$0]) }
            } else {
                found = [asymmetric(low.min()!, high.max()!)]
            }
        }
        if case .add = node.operation {
            // What is added must not be much coarser than the sum.
            for position in 0..<2 {
                if let source = steps[node.input(position).index], source[0].scale > 1.9 * found[0].scale {
                    found[0].scale = source[0].scale / 1.9
                }
            }
        }
        addFloats(node.name.appending(".scale"), found.map { Float($0.scale) })
        addBytes(node.name.appending(".zero_point"), TensorShape(found.count), found.map { $0.zero })
        let rounded = found.map { (scale: Double(Float($0.scale)), zero: $0.zero) }
        steps[node.output.index] = rounded.count == 1 ? Array(repeating: rounded[0], count: channels) : rounded
    }

    /// Folds the input's scales and zero points into the layer, and rounds its weights.
    private mutating func addLayer(_ node: Node, _ graph: Graph) {
        let weight = floats(node.name.appending(".weight"))!
        let columns = graph.shape(node.output).channels, rows = weight.count / columns
        let bias = floats(node.name.appending(".bias")) ?? Array(repeating: 0, count: columns)
        let input = steps[node.input(0).index]!
        var isDepthwise = false
        if case .depthwise3x3 = node.operation { isDepthwise = true }
        func step(_ row: Int, _ column: Int) -> (scale: Double, zero: Double) {
            isDepthwise ? input[column] : input[row % input.count]
        }
        var bytes = [Int8](repeating: 0, count: rows * columns)
        var sigmas: [Float] = [], biases: [Float] = []
        for column in 0..<columns {
            let scaled = (0..<rows).map { Double(weight[$0 * columns + column]) * step($0, column).scale }
            let sigma = Float(max(scaled.map(abs).max()! / 127, 1e-12))
            var values = scaled.map { ($0 / Double(sigma)).rounded(.toNearestOrEven) }
            if !isDepthwise {
                for first in 0..<rows where first % 16 < 4 {
                    let group = [first, first + 4, first + 8, first + 12].filter { $0 < rows }
                    while group.reduce(0, { $0 + abs(values[$1]) }) > 255 {
                        let largest = group.max { abs(values[$0]) < abs(values[$1]) }!
                        values[largest] -= values[largest] > 0 ? 1 : -1
                    }
                }
            }
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
        addFloats(node.name.appending(".weight_scale"), sigmas)
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
        tensors.append(Tensor(name: name, shape: shape, type: type, data: values.withUnsafeBytes { Data($0) }))
    }
}
