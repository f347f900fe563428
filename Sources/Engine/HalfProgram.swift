import Arena
import CKernels
import ModelFile

/// A graph in fp16, prepared: a step per operation of its lowered form.
final class HalfProgram {
    let schedule: Schedule
    /// By step: what it makes.
    let outputs: [TensorID]
    /// [height, width, 3] channel values.
    let input: UnsafeMutableBufferPointer<UInt8>
    /// Predictions in half precision.
    let output: UnsafeBufferPointer<UInt16>
    let arenaByteCount: Int
    let arenaLowerBound: Int
    /// Holds the weights, which are used where they lie.
    private let file: ModelFile
    private let arena: Arena

    init(
        _ graph: Graph, file: ModelFile, kernels: UnsafePointer<ck_f16_kernels>, pixels: PixelScaling, threads: Int
    ) throws(EngineError) {
        let storage = PackedStorage(graph, arithmetic: .half, threads: threads)
        let plan = try LifetimePlanner.arenaPlan(storage.requests)
        guard let arena = Arena(byteCount: plan.byteCount) else { throw .outOfMemory(byteCount: plan.byteCount) }
        self.file = file
        self.arena = arena
        arenaByteCount = plan.byteCount
        arenaLowerBound = plan.lowerBound

        let base = self.arena.base
        let builder = HalfBuilder(
            graph: graph, storage: storage, kernels: kernels, weights: try HalfWeights(graph, file),
            buffers: plan.offsets.map { base + $0 }, pixels: pixels)
        schedule = try builder.schedule()
        outputs = storage.lowering.operations.map { $0.output }
        input = UnsafeMutableBufferPointer(start: builder.image, count: graph.shape(graph.input).count)
        output = UnsafeBufferPointer(
            start: builder.map(graph.output).pointer, count: graph.shape(graph.output).count)
    }
}

/// Makes the steps of an fp16 program: binds weights, finds tensors in the arena.
struct HalfBuilder {
    let graph: Graph
    let storage: PackedStorage
    let kernels: UnsafePointer<ck_f16_kernels>
    let weights: HalfWeights
    let buffers: [UnsafeMutableRawPointer]
    let pixels: PixelScaling
    private var lowering: Lowering { storage.lowering }

    func schedule() throws(EngineError) -> Schedule {
        var schedule = Schedule()
        for index in lowering.operations.indices {
            let operation = lowering.operations[index]
            var step = HalfStep(
                kernels: kernels, operation: try prepare(operation), input: map(operation.input),
                output: map(operation.output))
            if let scratch = storage.scratch[index] {
                step.scratch = buffers[scratch.buffer]
                step.scratchByteCount = scratch.byteCount
            }
            schedule.append(.half(step), meetsAfter: storage.meets(after: index))
        }
        return schedule
    }

    /// The network's input, bytes.
    var image: UnsafeMutablePointer<UInt8> {
        buffers[storage.places[graph.input.index]!.buffer].assumingMemoryBound(to: UInt8.self)
    }

    /// Where a tensor lies.
    func map(_ tensor: TensorID) -> HalfMap {
        let place = storage.places[tensor.index]!
        return HalfMap(
            pointer: buffers[place.buffer].assumingMemoryBound(to: UInt16.self) + place.offset,
            shape: lowering.maps[tensor.index], stride: place.stride)
    }

    private func prepare(_ operation: Lowering.Operation) throws(EngineError) -> HalfStep.Operation {
        let node = graph.nodes[operation.node]
        switch operation.kind {
        case .stem: return .stem(try layer(node), pixels, image: image)
        case .pointwise: return .pointwise(try layer(node), residual: operation.residual.map { map($0) })
        case .band:
            var expansion: HalfLayer?
            if let index = operation.expansion { expansion = try layer(graph.nodes[index]) }
            return .band(
                HalfBand(
                    shape: BandShape(graph, lowering, operation), expansion: expansion,
                    depthwise: try layer(graph.nodes[operation.depthwise!]), projection: try layer(node),
                    input: map(operation.input), residual: operation.residual.map { map($0) },
                    output: map(operation.output)))
        case .layerNorm:
            let (gain, shift) = try weights.normalisation(node)
            return .layerNorm(gain: gain, shift: shift)
        case .groupNorm:
            let (gain, shift) = try weights.normalisation(node)
            return .groupNorm(gain: gain, shift: shift)
        case .attention(let heads):
            guard graph.shape(operation.output).channels / heads % 4 == 0 else { throw .channels(node.name) }
            return .attention(heads: heads)
        case .separableAttention: return .separableAttention
        case .resize(let alignCorners): return .resize(alignCorners: alignCorners)
        case .mean: return .mean
        }
    }

    private func layer(_ node: Node) throws(EngineError) -> HalfLayer {
        let activation: Activation
        var inputs = graph.shape(node.input(0)).channels
        switch node.operation {
        case .convolution3x3(let value):
            activation = value
            inputs *= 9
        case .depthwise3x3(_, let value), .pointwise(let value): activation = value
        default: preconditionFailure("not a layer")
        }
        return HalfLayer(
            inputChannels: inputs, outputChannels: graph.shape(node.output).channels,
            activation: activation.kernelValue, weights: try weights.matrix(node), bias: try weights.bias(node))
    }
}
