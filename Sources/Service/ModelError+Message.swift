extension EngineError {
    /// What is wrong and what to do; the caller puts the model's name in front.
    public var message: String {
        switch self {
        case .model(let error): error.message
        case .outOfMemory(let count):
            "out of memory allocating \(byteCount(count)): use a smaller input size"
        case .cannotStartThreads(let count, let errno):
            "cannot start \(count) threads (\(errorText(errno))): use a smaller --threads"
        case .kernelPath(let available): "the kernel path in SWIFTLET_PATH is not one of \(text(available))"
        case .channels(let layer):
            "layer '\(layer.text)': unsupported number of channels in this precision: use multiples of 8, or an fp32 file"
        case .activation(let layer, let activation):
            "layer '\(layer.text)': activation \(activation.name.text) is not supported: use identity, relu or silu"
        case .operation(let layer, let operation, let precision):
            "layer '\(layer.text)' (\(operation)): not supported in \(precision.name) here"
                + (precision == .fp32 ? "" : ": use an fp32 file")
        }
    }
}

/// For example "scalar, neon".
public func text(_ paths: [KernelPath]) -> String {
    var text = ""
    for path in paths { text += text.isEmpty ? "\(path.name)" : ", \(path.name)" }
    return text
}

extension GraphError {
    /// Which operation it is, and what is wrong with it; the caller puts the model's name in front.
    public var message: String {
        "operation \(index + 1) '\(name.text)' (\(operation.text)) \(problem.text): the file is damaged, or needs a newer version"
    }
}

extension GraphError.Problem {
    fileprivate var text: String {
        switch self {
        case .inputCount(let count): "does not accept \(count) input\(count == 1 ? "" : "s")"
        case .differentInputs(let a, let b): "has inputs of different shapes, \(a.text) and \(b.text)"
        case .channels(let found, let multiple, let remainder):
            "has \(found) input channels; expected a multiple of \(multiple)\(remainder == 0 ? "" : ", plus \(remainder)")"
        case .patches(let map, let grid):
            "has patches of \(grid.height) x \(grid.width), which do not divide its input of \(map.text)"
        case .rows(let found, let expected): "has \(found) input rows; expected \(expected)"
        case .attribute: "has an attribute out of range"
        case .tooLarge: "has an output that is too large"
        case .unknown: "is unknown"
        case .notYetMade: "reads the output of a later operation"
        case .name: "does not have a name of its own"
        case .tooMuchWork: "exceeds the maximum work per run"
        case .unused: "has an output that nothing reads"
        case .readsOutput: "reads the network's output"
        }
    }
}

extension MapShape {
    fileprivate var text: String { "\(height) x \(width) x \(channels)" }
}

extension ModelError {
    /// What is wrong and what to do; `model` and `labels` are the names to put into it.
    public func message(model: String, classThresholds: [ModelSettings.ClassThreshold] = []) -> String {
        switch self {
        case .model(let error): return "\(model): \(error.message)"
        case .graph(let error): return "\(model): \(error.message)"
        case .engine(let error): return "\(model): \(error.message)"
        case .noMemoryForImages(let count):
            return
                "out of address space: computing and decoding images need up to \(byteCount(count)): "
                + "raise the limit (ulimit -v)"
        case .inputSize(let size):
            let sides = ModelDescription.inputSides
            return "unsupported input size \(size.width)x\(size.height): "
                + "width and height must be \(sides.lowerBound) to \(sides.upperBound)"
        case .unknownLabel(let position, let labels):
            let label = classThresholds[position].label
            let near = nearest(to: label, in: labels.map { Array($0) })
            return "\(model): unknown class '\(text(label))': "
                + (near.map { "did you mean '\(text($0))'?" } ?? "the first line of swiftletd's stream lists the classes")
        }
    }
}
