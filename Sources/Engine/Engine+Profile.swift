import ModelFile

/// One step at a time, to tell where a run's time goes.
extension Engine {
    /// Kernel calls of one run: fewer than the graph has operations, because of fusion.
    public var stepCount: Int { schedule.steps.count }

    /// The layer that step `index` completes.
    public func stepName(_ index: Int) -> Name {
        let output: TensorID
        switch program {
        case .float(let float): output = float.outputs[index]
        case .half(let half): output = half.outputs[index]
        case .int8(let int8): output = int8.stored[index].tensor
        }
        for node in graph.nodes where node.output == output { return node.name }
        return Name("input")
    }

    /// What step `index` does: the name of an operation, or of what several were fused into.
    public func stepOperation(_ index: Int) -> StaticString { schedule.steps[index].operationName }

    /// Runs step `index` on the calling thread alone. A run is steps 0..<stepCount in order.
    public func runStep(_ index: Int) { schedule.steps[index].run(part: 0, of: 1) }
}

extension Step {
    fileprivate var operationName: StaticString {
        switch self {
        case .float(let step): step.operation.name
        case .half(let step): step.operation.name
        case .int8(let step): step.operation.name
        }
    }
}

extension GraphOperation {
    fileprivate var name: StaticString {
        switch self {
        case .convolution3x3: "convolution"
        case .depthwise3x3: "depthwise"
        case .pointwise: "pointwise"
        case .add: "add"
        case .concatenateChannels, .concatenateRows: "concatenate"
        case .resize: "resize"
        case .unfold: "unfold"
        case .fold: "fold"
        case .layerNorm: "layer norm"
        case .groupNorm: "group norm"
        case .attention: "attention"
        case .separableAttention: "separable attention"
        case .mean: "mean"
        }
    }
}

extension HalfStep.Operation {
    fileprivate var name: StaticString {
        switch self {
        case .stem: "convolution"
        case .pointwise: "pointwise"
        case .band: "band"
        case .layerNorm: "layer norm"
        case .groupNorm: "group norm"
        case .attention: "attention"
        case .separableAttention: "separable attention"
        case .resize: "resize"
        case .mean: "mean"
        }
    }
}

extension Int8Step.Operation {
    fileprivate var name: StaticString {
        switch self {
        case .stem: "convolution"
        case .pointwise: "pointwise"
        case .band: "band"
        case .layerNorm: "layer norm"
        case .groupNorm: "group norm"
        case .attention: "attention"
        case .separableAttention: "separable attention"
        case .resize: "resize"
        case .mean: "mean"
        }
    }
}
