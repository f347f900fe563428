import Arena
import CKernels
import ModelFile

/// Makes the steps of an int8 program: binds weights, computes parameters, finds tensors in the arena.
struct Int8Builder {
    private let graph: Graph
    private let storage: PackedStorage
    private let kernels: UnsafePointer<ck_qs8_kernels>
    private(set) var weights: Int8Weights
    private let buffers: [UnsafeMutableRawPointer]
    /// Free memory for parameters, zeroed.
    private var parameters: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer
    /// By tensor, once known.
    private var quantisations: [Quantisation?]
    /// By step: what it makes.
    private(set) var stored: [StoredMap] = []
    private var lowering: Lowering { storage.lowering }

    init(
        graph: Graph, storage: PackedStorage, kernels: UnsafePointer<ck_qs8_kernels>, weights: Int8Weights,
        buffers: [UnsafeMutableRawPointer], parameters: UnsafeMutableRawPointer, end: UnsafeMutableRawPointer
    ) {
        self.graph = graph
        self.storage = storage
        self.kernels = kernels
        self.weights = weights
        self.buffers = buffers
        self.parameters = parameters
        self.end = end
        quantisations = Array(repeating: nil, count: graph.shapes.count)
    }

    mutating func schedule() throws(EngineError) -> Schedule {
        var schedule = Schedule()
        for index in lowering.operations.indices {
            let operation = lowering.operations[index]
            var step = Int8Step(
                kernels: kernels, operation: try prepare(operation, predicts: storage.isPrediction(operation.output)),
                input: map(operation.input), output: map(operation.output))
            if let scratch = storage.scratch[index] {
                step.scratch = buffers[scratch.buffer]
                step.scratchByteCount = scratch.byteCount
            }
            schedule.append(.int8(step), meetsAfter: storage.meets(after: index))
            stored.append(
                StoredMap(
                    tensor: operation.output, shape: graph.shape(operation.output), map: step.output,
                    holdsTokens: lowering.holdsTokens[operation.output.index],
                    quantisation: step.output.elementByteCount == 1 ? try quantisation(operation.output) : nil))
        }
        try weights.refuseUnusedTensors()
        return schedule
    }

    /// Where a tensor lies.
    func map(_ tensor: TensorID) -> Int8Map {
        let place = storage.places[tensor.index]!
        let element = storage.isPrediction(tensor) ? MemoryLayout<UInt16>.size : 1
        return Int8Map(
            pointer: buffers[place.buffer] + place.offset * element, shape: lowering.maps[tensor.index],
            stride: place.stride, elementByteCount: element)
    }

    private mutating func prepare(
        _ operation: Lowering.Operation, predicts: Bool
    ) throws(EngineError) -> Int8Step.Operation {
        let node = graph.nodes[operation.node]
        switch operation.kind {
        case .stem:
            let layer = try layer(node, operation, inputChannels: PackedStorage.stemRowCount, predicts: false)
            return .stem(layer, padding: try weights.inputZeroPoints())
        case .pointwise:
            let layer = try layer(
                node, operation, inputChannels: graph.shape(operation.input).channels, predicts: predicts)
            return .pointwise(layer, residual: operation.residual.map { map($0) })
        case .band: return .band(try band(operation, predicts: predicts))
        case .layerNorm:
            let (gain, shift) = try normalisation(node, operation)
            let scale = try onlyScale(try quantisation(operation.input))
            return .layerNorm(gain: gain, shift: shift, epsilon: Float(Self.epsilon / (scale * scale)))
        case .groupNorm:
            let (gain, shift) = try normalisation(node, operation)
            let from = try quantisation(operation.input), channels = graph.shape(operation.input).channels
            let scale = take(channels, of: Float.self), zero = take(channels, of: Float.self)
            for channel in 0..<channels {
                scale[channel] = Float(from.scale(channel))
                zero[channel] = Float(from.zero(channel))
            }
            return .groupNorm(gain: gain, shift: shift, scale: scale, zero: zero, epsilon: Float(Self.epsilon))
        case .attention(let heads): return try attention(operation, heads: heads)
        case .separableAttention: return try separableAttention(operation)
        case .resize(let alignCorners): return .resize(alignCorners: alignCorners)
        case .mean:
            let from = try quantisation(operation.input), to = try quantisation(operation.output)
            let channels = graph.shape(operation.output).channels
            let rows = Double(lowering.maps[operation.input.index].rows)
            let gain = take(channels, of: Float.self), shift = take(channels, of: Float.self)
            for channel in 0..<channels {
                let ratio = from.scale(channel) / to.scale(channel)
                gain[channel] = Float(ratio / rows)
                shift[channel] = Float(to.zero(channel) - from.zero(channel) * ratio)
            }
            return .mean(gain: gain, shift: shift)
        }
    }

    // MARK: Layers

    /// A pointwise layer or the stem, with what its operation adds.
    private mutating func layer(
        _ node: Node, _ operation: Lowering.Operation, inputChannels: Int, predicts: Bool
    ) throws(EngineError) -> Int8Layer {
        let residual: Quantisation? = if let tensor = operation.residual { try quantisation(tensor) } else { nil }
        return try layer(
            node, inputChannels: inputChannels, output: predicts ? nil : operation.output, residual: residual)
    }

    /// `output` is what is stored; nil where the sums become values.
    private mutating func layer(
        _ node: Node, inputChannels: Int, output: TensorID?, residual: Quantisation? = nil
    ) throws(EngineError) -> Int8Layer {
        let channels = graph.shape(node.output).channels
        let blocks = (channels + 7) / 8
        var layer = Int8Layer(
            inputChannels: inputChannels, outputChannels: channels, activation: Self.activation(node).kernelValue,
            weights: try weights.packedMatrix(node, rows: inputChannels, columns: channels))
        let sums = try sums(node, products: inputChannels)
        if let output {
            let block = take(blocks, of: ck_qs8_channels.self)
            try sums.fill(block, channels: channels, output: try quantisation(output), residual: residual)
            layer.channels = UnsafePointer(block)
        } else {
            let block = take(blocks, of: ck_qs8_values.self)
            sums.fill(block, channels: channels)
            layer.values = UnsafePointer(block)
        }
        return layer
    }

    private mutating func band(_ operation: Lowering.Operation, predicts: Bool) throws(EngineError) -> Int8Band {
        let shape = BandShape(graph, lowering, operation)
        let channels = shape.middleChannels
        let node = graph.nodes[operation.depthwise!]
        // The file's order: expansion, depthwise, projection.
        var expansion: Int8Layer?
        if let index = operation.expansion {
            let node = graph.nodes[index]
            expansion = try layer(node, inputChannels: shape.input.channels, output: node.output)
        }
        let filtered = try quantisation(node.input(0))
        let padding = take(channels, of: Int8.self)
        for channel in 0..<channels { padding[channel] = filtered.zeroPoint(channel) }

        var depthwise = Int8Layer(
            inputChannels: channels, outputChannels: channels, activation: Self.activation(node).kernelValue,
            weights: try weights.depthwise(node, channels: channels))
        let block = take(channels / 8, of: ck_qs8_channels.self)
        try sums(node, products: 9).fill(
            block, channels: channels, output: try quantisation(node.output), residual: nil)
        depthwise.channels = UnsafePointer(block)

        let projection = try layer(
            graph.nodes[operation.node], operation, inputChannels: channels, predicts: predicts)
        return Int8Band(
            shape: shape, expansion: expansion, depthwise: depthwise, projection: projection, padding: padding,
            input: map(operation.input), residual: operation.residual.map { map($0) }, output: map(operation.output))
    }

    private mutating func sums(_ node: Node, products: Int) throws(EngineError) -> Int8Sums {
        let channels = graph.shape(node.output).channels
        return Int8Sums(
            scales: try weights.weightScales(node, channels: channels),
            bias: try weights.floats(node, ".bias", channels: channels), largest: products * 128 * 127,
            activation: Self.activation(node))
    }

    private static func activation(_ node: Node) -> Activation {
        switch node.operation {
        case .convolution3x3(let activation), .depthwise3x3(_, let activation), .pointwise(let activation): activation
        default: .identity
        }
    }

    // MARK: Normalisation and attention

    /// Of both normalisations (network specification, section 1).
    private static var epsilon: Double { 1e-5 }

    private mutating func normalisation(
        _ node: Node, _ operation: Lowering.Operation
    ) throws(EngineError) -> (gain: UnsafePointer<Float>, shift: UnsafePointer<Float>) {
        let channels = graph.shape(operation.output).channels
        let weight = try weights.floats(node, ".weight", channels: channels)
        let bias = try weights.floats(node, ".bias", channels: channels)
        let to = try quantisation(operation.output)
        let gain = take(channels, of: Float.self), shift = take(channels, of: Float.self)
        for channel in 0..<channels {
            gain[channel] = Float(Double(weight[channel]) / to.scale(channel))
            shift[channel] = Float(Double(bias[channel]) / to.scale(channel) + to.zero(channel))
        }
        return (UnsafePointer(gain), UnsafePointer(shift))
    }

    private static var log2OfE: Double { 1.4426950408889634 }
    /// Scores count 16ths of a power of two.
    private static var scoresPerPower: Double { 16 }

    private mutating func attention(
        _ operation: Lowering.Operation, heads: Int
    ) throws(EngineError) -> Int8Step.Operation {
        let from = try quantisation(operation.input), to = try quantisation(operation.output)
        let channels = graph.shape(operation.output).channels, size = channels / heads
        try requireZeroPointsOfZero(from, channels: 3 * channels)
        let multipliers = take(heads, of: Int32.self)
        for head in 0..<heads {
            let q = try commonScale(from, head * size..<(head + 1) * size)
            let k = try commonScale(from, channels + head * size..<channels + (head + 1) * size)
            let factor = q * k * Self.log2OfE / Double(size).squareRoot() * Self.scoresPerPower
            let multiplier = try Self.multiplier(factor, atMost: ck_qs8_most_multiplier(size), of: from)
            multipliers[head] = ck_qs8_round_multiplier(multiplier)
        }
        let gain = take(channels, of: Float.self), zero = take(channels, of: Float.self)
        for channel in 0..<channels {
            gain[channel] = Float(from.scale(2 * channels + channel) / to.scale(channel))
            zero[channel] = Float(to.zero(channel))
        }
        return .attention(heads: heads, multipliers: multipliers, gain: gain, zero: zero)
    }

    private mutating func separableAttention(
        _ operation: Lowering.Operation
    ) throws(EngineError) -> Int8Step.Operation {
        let from = try quantisation(operation.input), to = try quantisation(operation.output)
        let channels = graph.shape(operation.output).channels
        try requireZeroPointsOfZero(from, channels: 1 + 2 * channels)
        let gain = take(channels, of: Float.self), zero = take(channels, of: Float.self)
        for channel in 0..<channels {
            gain[channel] = Float(from.scale(1 + channel) * from.scale(1 + channels + channel) / to.scale(channel))
            zero[channel] = Float(to.zero(channel))
        }
        let factor = from.scale(0) * Self.log2OfE * Self.scoresPerPower / 256
        return .separableAttention(
            multiplier: try Self.multiplier(factor, atMost: Int32.max, of: from), gain: gain, zero: zero)
    }

    /// The factor from products to scores in 31-bit fixed point, for which scores must not become too large.
    private static func multiplier(
        _ factor: Double, atMost most: Int32, of tensor: Quantisation
    ) throws(EngineError) -> Int32 {
        let multiplier = (factor * 0x1p31).rounded(.toNearestOrEven)
        guard multiplier <= Double(most) else { throw .model(.tensor(tensor.name.appending(".scale"), .badValues)) }
        return Int32(multiplier)
    }

    private func requireZeroPointsOfZero(_ tensor: Quantisation, channels: Int) throws(EngineError) {
        for channel in 0..<channels where tensor.zeroPoint(channel) != 0 {
            throw .model(.tensor(tensor.name.appending(".zero"), .badValues))
        }
    }

    private func commonScale(_ tensor: Quantisation, _ channels: Range<Int>) throws(EngineError) -> Double {
        let scale = tensor.scale(channels.lowerBound)
        for channel in channels where tensor.scale(channel) != scale {
            throw .model(.tensor(tensor.name.appending(".scale"), .badValues))
        }
        return scale
    }

    /// The scale of a tensor that has one for all channels.
    private func onlyScale(_ tensor: Quantisation) throws(EngineError) -> Double {
        guard tensor.scaleCount == 1, tensor.zeroPointCount == 1 else {
            throw .model(
                .tensor(
                    tensor.name.appending(".scale"),
                    .shape(expected: TensorShape(1), found: TensorShape(tensor.scaleCount))))
        }
        return tensor.scale(0)
    }

    /// How a stored tensor is quantised; views and resized maps are as their sources.
    private mutating func quantisation(_ tensor: TensorID) throws(EngineError) -> Quantisation {
        let root = lowering.roots[tensor.index]
        if let known = quantisations[root.index] { return known }
        var found: Quantisation?
        for operation in lowering.operations where operation.output == root {
            if case .resize = operation.kind { found = try quantisation(operation.input) }
        }
        let result =
            if let found { found } else {
                try weights.quantisation(lowering.names[root.index], channels: graph.shape(root).channels)
            }
        quantisations[root.index] = result
        return result
    }

    // MARK: Parameter memory

    private mutating func take<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        let start = parameters.bindMemory(to: type, capacity: count)
        parameters += LifetimePlanner.aligned(count * MemoryLayout<Element>.stride)
        precondition(parameters <= end)
        return start
    }

    /// At least what a program's parameters take.
    static func parameterByteCount(_ graph: Graph, _ lowering: Lowering) -> Int {
        // Per layer with weights 20 bytes for each channel of whole blocks, and a line for each array that a layer has;
        // a normalisation, attention or mean has two to four numbers for each channel.
        var count = 0
        func add(_ channels: Int) {
            count += (channels + 7) / 8 * MemoryLayout<ck_qs8_channels>.stride + 4 * LifetimePlanner.alignment
        }
        for operation in lowering.operations {
            add(graph.shape(graph.nodes[operation.node].output).channels)
            if let depthwise = operation.depthwise {
                let channels = graph.shape(graph.nodes[depthwise].output).channels
                // With the padding, and the expansion.
                add(channels)
                add(channels)
                count += channels
            }
            if case .attention(let heads) = operation.kind { count += heads * MemoryLayout<Int32>.stride }
        }
        return count
    }
}
