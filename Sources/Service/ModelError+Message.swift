extension EngineError {
    /// What is wrong and what to do; the caller puts the model's name in front.
    public var message: String {
        switch self {
        case .model(let error): error.message
        case .outOfMemory(let count):
            "needs \(byteCount(count)) of memory, which the system does not have: use a smaller input size"
        case .cannotStartThreads(let errno): "cannot start threads (\(errorText(errno))): use fewer"
        case .kernelPath(let available): "the kernel path in SWIFTLET_PATH is not one of \(text(available))"
        case .channels(let layer): "layer '\(layer.text)' has a number of channels that has no kernels in its precision"
        case .activation(let layer, let activation):
            "layer '\(layer.text)': activation \(activation.name.text) is not supported: use identity, relu or silu"
        case .operation(let layer, let operation, let arithmetic):
            "layer '\(layer.text)' (\(operation)): not supported in \(arithmetic.name) at this place: use an fp32 file"
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
        case .inputCount(let count): "does not take \(count) input\(count == 1 ? "" : "s")"
        case .differentInputs(let a, let b): "has inputs that do not fit, \(a.text) and \(b.text)"
        case .channels(let found, let multiple, let remainder):
            "has \(found) input channels; expected a multiple of \(multiple)\(remainder == 0 ? "" : ", plus \(remainder)")"
        case .patches(let map, let grid):
            "divides a map of \(map.text) into patches of \(grid.height) x \(grid.width)"
        case .rows(let found, let expected): "has \(found) input rows; expected \(expected)"
        case .attribute: "has an attribute out of range"
        case .tooLarge: "makes a map that is too large"
        case .unknown: "is unknown"
        case .notYetMade: "reads what a later operation makes"
        case .tooMuchWork: "exceeds the work of a run"
        case .unused: "makes what nothing reads"
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
                "computing and decoding images need up to \(byteCount(count)) of address space, which the system does not have: "
                + "raise the limit (ulimit -v)"
        case .inputSize(let size):
            let sides = ModelDescription.inputSides
            return "an input of \(size.width)x\(size.height) is not possible: "
                + "width and height must be \(sides.lowerBound) to \(sides.upperBound)"
        case .unknownLabel(let position, let labels):
            let label = classThresholds[position].label
            let near = nearest(to: label, in: labels.dropFirst())
            return "\(model): no class is called '\(text(label))': "
                + (near.map { "did you mean '\(text($0))'?" } ?? "the first line of swiftletd's stream lists what it has")
        }
    }
}
