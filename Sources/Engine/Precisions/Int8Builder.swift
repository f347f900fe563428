/// int8: beside weights it needs parameters, which it computes from the file's scales.
final class Int8Builder: Builder {
    let kernels: UnsafePointer<ck_qs8_kernels>
    var weights: Int8Weights
    /// Free memory for parameters, zeroed.
    private var parameters: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer
    /// By tensor, once known.
    private var quantisations: [Quantisation?]
    /// By step: what it makes.
    private(set) var stored: [StoredMap] = []

    /// `parameters` are `parameterByteCount` zeroed bytes.
    init(
        _ storage: Storage, buffers: [UnsafeMutableRawPointer], weights: Int8Weights,
        kernels: UnsafePointer<ck_qs8_kernels>, parameters: UnsafeMutableRawPointer
    ) {
        self.weights = weights
        self.kernels = kernels
        self.parameters = parameters
        end = parameters + Self.parameterByteCount(storage.lowering)
        quantisations = Array(repeating: nil, count: storage.lowering.graph.shapes.count)
        super.init(storage, .int8, buffers: buffers)
        stored.reserveCapacity(lowering.calls.count)
    }

    override var activations: ck_activation_set { kernels.pointee.activations }

    override func step(_ call: Lowering.Call) throws(EngineError) -> Step {
        stored.append(
            StoredMap(
                tensor: call.output, shape: graph.shape(call.output), map: map(call.output),
                grid: lowering.grids[call.output.index],
                quantisation: lowering.isPrediction(call.output) ? nil : try quantisation(call.output)))
        return try call.operation.step(call, self)
    }

    override func finish() throws(EngineError) { try weights.rejectUnusedTensors() }

    // MARK: Layers

    override func layer(
        _ index: Int, _ part: LayerPart, output: TensorID, residual: TensorID?
    ) throws(EngineError) -> Layer {
        let node = graph.nodes[index], activation = node.operation.activation
        let all = graph.shape(node.output).channels, channels = part.channels
        // Beyond it a sum of products of bytes would leave 32 bits.
        guard part.rows <= 1 << 16 else { throw .operation(node.name, node.operation.name, .int8) }
        let data: UnsafePointer<Int8>, rows: Int, inputChannels: Int
        if case .matrix(_, _, let groups) = node.operation.weights {
            // Zeros fill rows up to groups of 4.
            rows = (part.rows + 3) / 4 * 4
            inputChannels = rows
            data = try weights.packedMatrix(node, rows: rows, columns: channels, group: part.group, of: groups)
        } else {
            rows = part.rows
            inputChannels = channels
            data = try weights.depthwise(node, channels: channels)
        }
        let sums = Requantization(
            scales: try weights.scales(node.name.appending(".unit"), TensorShape(all), part.channelRange),
            bias: try weights.floats(node, ".bias", channels: all, part.channelRange), largest: rows * 128 * 127,
            activation: activation, firstChannel: part.firstChannel)
        let form: Layer.Form
        if lowering.isPrediction(output) {
            // These sums become values as they are.
            let blocks = allocate((channels + 7) / 8, of: ck_qs8_values.self)
            sums.fill(blocks, channels: channels)
            form = .int8Values(kernels, data, blocks)
        } else {
            let added: Quantisation? = if let residual { try quantisation(residual) } else { nil }
            let blocks = allocate((channels + 7) / 8, of: ck_qs8_channels.self)
            try sums.fill(blocks, channels: channels, output: try quantisation(output), residual: added)
            form = .int8(kernels, data, blocks)
        }
        return Layer(form, inputChannels: inputChannels, outputChannels: channels, activation: activation)
    }

    override func padding(_ tensor: TensorID) throws(EngineError) -> UnsafeRawPointer? {
        let from = try quantisation(tensor), channels = graph.shape(tensor).channels
        let padding = allocate(channels, of: Int8.self)
        for channel in 0..<channels { padding[channel] = from.zeroPoint(channel) }
        return UnsafeRawPointer(padding)
    }

    /// Throws where a sum over the rows of a call's input would leave 32 bits.
    func requireRows(_ call: Lowering.Call, atMost maximum: Int) throws(EngineError) {
        guard lowering.maps[call.input.index].rows <= maximum else {
            throw .operation(name(call), call.operation.name, .int8)
        }
    }

    // MARK: Normalisation

    /// What makes stored bytes of the normalised values of a call.
    func gain(_ call: Lowering.Call) throws(EngineError) -> GainAndShift {
        let node = graph.nodes[call.node], channels = graph.shape(call.output).channels
        let weight = try weights.floats(node, ".weight", channels: channels)
        let bias = try weights.floats(node, ".bias", channels: channels)
        let to = try quantisation(call.output)
        let gain = allocate(channels, of: Float.self), shift = allocate(channels, of: Float.self)
        for channel in 0..<channels {
            gain[channel] = Float(Double(weight[channel]) / to.scale(channel))
            shift[channel] = Float(Double(bias[channel]) / to.scale(channel) + to.zero(channel))
        }
        return (UnsafePointer(gain), UnsafePointer(shift))
    }

    /// Of a tensor, by channel.
    func scalesAndZeros(
        _ tensor: TensorID
    ) throws(EngineError) -> (scale: UnsafePointer<Float>, zero: UnsafePointer<Float>) {
        let from = try quantisation(tensor), channels = graph.shape(tensor).channels
        let scale = allocate(channels, of: Float.self), zero = allocate(channels, of: Float.self)
        for channel in 0..<channels {
            scale[channel] = Float(from.scale(channel))
            zero[channel] = Float(from.zero(channel))
        }
        return (UnsafePointer(scale), UnsafePointer(zero))
    }

    /// The scale of a tensor that has one for all channels.
    func onlyScale(_ tensor: TensorID) throws(EngineError) -> Double {
        let from = try quantisation(tensor)
        guard from.scaleCount == 1, from.zeroPointCount == 1 else {
            throw .model(
                .tensor(
                    from.name.appending(".scale"),
                    .shape(expected: TensorShape(1), found: TensorShape(from.scaleCount))))
        }
        return from.scale(0)
    }

    /// How a stored tensor is quantised; views are as their sources, and so is what only moves values.
    func quantisation(_ tensor: TensorID) throws(EngineError) -> Quantisation {
        let root = lowering.roots[tensor.index]
        if let known = quantisations[root.index] { return known }
        let result: Quantisation
        if let maker = lowering.producer(of: root), case let call = lowering.calls[maker], call.output == root,
            call.operation.int8Output == .asInput
        {
            result = try quantisation(call.input)
        } else if let whole = graph.nodes.first(where: { $0.output == root }), case .channelConcatenation = whole.operation.form {
            result = try concatenated(whole)
        } else {
            result = try weights.quantisation(lowering.names[root.index], channels: graph.shape(root).channels)
        }
        quantisations[root.index] = result
        return result
    }

    /// Of a concatenation: its parts', one after the other.
    private func concatenated(_ node: Node) throws(EngineError) -> Quantisation {
        let channels = graph.shape(node.output).channels
        let scales = allocate(channels, of: Float.self), zeroPoints = allocate(channels, of: Int8.self)
        var next = 0
        for position in 0..<node.inputCount {
            let part = try quantisation(node.input(position))
            for channel in 0..<graph.shape(node.input(position)).channels {
                scales[next] = Float(part.scale(channel))
                zeroPoints[next] = part.zeroPoint(channel)
                next += 1
            }
        }
        return Quantisation(
            name: node.name, scales: scales, zeroPoints: zeroPoints, scaleCount: channels, zeroPointCount: channels)
    }

    /// The stored byte of `function` of each stored byte: 256 for each channel of a call's input (stride 256), or for all
    /// of them where they have the same scale (stride 0).
    func tables(
        _ call: Lowering.Call, _ function: (Double) -> Double
    ) throws(EngineError) -> (tables: UnsafePointer<Int8>, stride: Int) {
        let from = try quantisation(call.input), to = try quantisation(call.output)
        let isShared = from.isUniform && to.isUniform
        let channels = isShared ? 1 : graph.shape(call.input).channels
        let tables = allocate(256 * channels, of: Int8.self)
        for channel in 0..<channels {
            for stored in -128...127 {
                let value = function((Double(stored) - from.zero(channel)) * from.scale(channel))
                let result = (value / to.scale(channel) + to.zero(channel)).rounded(.toNearestOrEven)
                tables[channel * 256 + stored + 128] = Int8(min(max(result, -128), 127))
            }
        }
        return (UnsafePointer(tables), isShared ? 0 : 256)
    }

    // MARK: Parameter memory

    /// Of the memory that `parameterByteCount` bounds.
    func allocate<Element>(_ count: Int, of type: Element.Type) -> UnsafeMutablePointer<Element> {
        let start = parameters.bindMemory(to: type, capacity: count)
        parameters += LifetimePlanner.aligned(count * MemoryLayout<Element>.stride)
        precondition(parameters <= end)
        return start
    }

    /// At least what a program's parameters take: for each group of a node 20 bytes for each channel of whole blocks, for
    /// each channel a byte of padding and its tables, and a line for each of at most five arrays; for a concatenation
    /// its scales and zero points.
    static func parameterByteCount(_ lowering: Lowering) -> Int {
        var count = 0
        for node in lowering.graph.nodes {
            guard case .channelConcatenation = node.operation.form else { continue }
            count += 5 * lowering.graph.shape(node.output).channels + 2 * LifetimePlanner.alignment
        }
        for call in lowering.calls {
            for position in 0..<call.nodes.count {
                let node = lowering.graph.nodes[call.nodes[position]]
                let outputs = lowering.graph.shape(node.output).channels
                var groups = 1
                if case .matrix(_, _, let found) = node.operation.weights { groups = found }
                let blocks = (outputs / groups + 7) / 8
                count += groups * LifetimePlanner.aligned(blocks * MemoryLayout<ck_qs8_channels>.stride)
                count += max(outputs, lowering.graph.inputShape(node).channels) * (1 + node.operation.int8TableByteCount)
                count += 5 * LifetimePlanner.alignment
            }
        }
        return count
    }
}
