import ModelFile

/// The shape of one activation: a map of height x width pixels, or patch-position x token rows, of channels (NHWC,
/// batch 1).
public struct MapShape: Equatable, Sendable {
    /// Pixels, or patch positions.
    public var height: Int
    /// Pixels, or tokens of a patch position.
    public var width: Int
    /// Values of a row.
    public var channels: Int

    /// Sizes are not checked here: a graph checks them when an operation is appended.
    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// Pixels, or tokens, of the whole map.
    public var rows: Int { height * width }
    /// Values of the whole map.
    public var count: Int { height * width * channels }
}

/// A tensor of a graph; valid in that graph only.
public struct TensorID: Equatable, Sendable {
    /// Its place in the graph's `shapes`.
    public let index: Int
}

/// What a layer applies to each of its values: x, max(x, 0), or x * sigmoid(x).
public enum Activation: Sendable {
    case identity, relu, silu
}

/// The op set. Every operation has one output.
public enum GraphOperation: Sendable {
    /// Dense 3x3 convolution, stride 2, padding 1.
    case convolution3x3(Activation)
    /// Depthwise 3x3 convolution, padding 1.
    case depthwise3x3(stride: Int, Activation)
    /// 1x1 convolution or linear layer: one GEMM over the rows.
    case pointwise(Activation)
    case add
    /// Side by side along the channels.
    case concatenateChannels
    /// One after the other in memory: the output is one long list of rows.
    case concatenateRows
    /// Bilinear resize by PyTorch's rule for `alignCorners`.
    case resize(alignCorners: Bool)
    /// [2h, 2w, c] -> [4, h*w, c]: token n of patch position p = 2 * (y % 2) + x % 2 is pixel (y, x).
    case unfold
    /// The inverse of `unfold`.
    case fold
    case layerNorm
    /// Group normalisation with one group over the whole map.
    case groupNorm
    /// Multi-head self-attention over the tokens of each patch position; input [4, n, 3c], output [4, n, c].
    case attention(heads: Int)
    /// Separable self-attention over the tokens of each patch position; input [4, n, 1 + 2c], output [4, n, c].
    case separableAttention
    /// Mean over all rows: [h, w, c] -> [1, 1, c].
    case mean
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
}

/// One operation with its place in the network.
public struct Node: Sendable {
    /// The path of the module in the upstream networks; also the prefix of its tensors in the model file.
    public let name: Name
    /// What is computed, with its parameters other than weights.
    public let operation: GraphOperation
    /// In order; only the first `inputCount` mean anything.
    public let inputs: InlineArray<6, TensorID>
    /// 1...6.
    public let inputCount: Int
    /// Written by this node alone.
    public let output: TensorID
    /// How its weights are found, or nil for an operation without weights.
    public let origin: ParameterOrigin?

    /// The input at `position`, 0..<`inputCount`.
    public func input(_ position: Int) -> TensorID { inputs[position] }

    /// Whether the model file holds `NAME.bias` beside `NAME.weight`.
    public var hasBias: Bool {
        switch origin {
        case .convolutionWithBatchNorm, .convolutionWithBias, .linear, .normalisation: true
        case .convolution, nil: false
        }
    }
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

    /// No map has more pixels, so that height times width cannot overflow: who builds a graph bounds its input.
    static let mostRows = 1 << 28

    /// A graph without operations, whose output is its input until that is set.
    public init(input shape: MapShape) {
        input = TensorID(index: 0)
        output = input
        shapes.append(shape)
    }

    /// `tensor` is one of this graph's.
    public func shape(_ tensor: TensorID) -> MapShape { shapes[tensor.index] }

    /// Appends an operation; shapes must fit (they come from trusted network code, sizes were checked before).
    mutating func append(
        _ operation: GraphOperation, _ inputs: [TensorID], _ shape: MapShape, _ name: Name,
        origin: ParameterOrigin? = nil
    ) -> TensorID {
        precondition(shape.height > 0 && shape.width > 0 && shape.channels > 0)
        precondition(inputs.count <= 6 && shape.rows <= Self.mostRows)
        let output = TensorID(index: shapes.count)
        shapes.append(shape)
        var slots = InlineArray<6, TensorID>(repeating: output)
        for position in 0..<inputs.count { slots[position] = inputs[position] }
        nodes.append(
            Node(
                name: name, operation: operation, inputs: slots, inputCount: inputs.count, output: output,
                origin: origin))
        return output
    }

    /// The number of multiply-accumulates of a node: convolutions, linear layers and the two products of attention.
    public func multiplyAccumulates(_ node: Node) -> Int64 {
        let input = shape(node.input(0)), output = shape(node.output)
        let count = Int64(output.rows) * Int64(output.channels)
        switch node.operation {
        case .convolution3x3: return count * Int64(input.channels) * 9
        case .depthwise3x3: return count * 9
        case .pointwise: return count * Int64(input.channels)
        case .attention: return 2 * count * Int64(output.width)
        case .separableAttention: return 2 * count
        default: return 0
        }
    }

    /// The stored shape of a node's weight: convolution [3, 3, in, out], depthwise [3, 3, c], pointwise [in, out] and
    /// normalisation [c]. Inputs come before outputs so that a GEMM reads the file's bytes as they are.
    public func weightShape(_ node: Node) -> TensorShape? {
        let input = shape(node.input(0)).channels, output = shape(node.output).channels
        switch node.operation {
        case .convolution3x3: return TensorShape(3, 3, input, output)
        case .depthwise3x3: return TensorShape(1, 3, 3, output)
        case .pointwise: return TensorShape(input, output)
        case .layerNorm, .groupNorm: return TensorShape(output)
        default: return nil
        }
    }
}
