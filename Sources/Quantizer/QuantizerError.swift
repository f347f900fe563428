import Foundation

/// Why a checkpoint or a model file did not become a model file.
public enum QuantizerError: Error, Equatable, Sendable {
    case checkpoint(CheckpointError)
    /// No known network fits; the best candidate and how many of its tensors were found.
    case unknownArchitecture(best: String, found: Int, expected: Int)
    case noSuchArchitecture(String)
    /// What was asked for, which the network does not have.
    case notOfTheNetwork(String, String)
    /// Everything that keeps the checkpoint from being the network that it was taken for.
    case mismatch(architecture: String, [TensorProblem])
    case cannotWrite(path: String, OutputError)
    /// Weights at several places fit, and nothing says which are meant.
    case ambiguousWeights(places: [String])
    /// Nothing fits at the named place; those where something does.
    case noSuchWeights(String, places: [String])
    /// A tensor that cannot be used or stored.
    case tensor(TensorProblem)
    /// The model file cannot be run, or the one that was to be made of it.
    case model(ModelError)
    /// The model file has no need of an upgrade.
    case notFirstFormat
    /// The model file has int8 weights: what it lost does not come back.
    case notFloat
    case noReadableImages
    /// A layer reads what int8 does not store, the image, where it is no convolution, or a part of the output; makes a part of
    /// the output and is no linear layer or convolution; or needs one scale for a concatenation.
    case notStored(layer: String)

    /// What is wrong with one tensor, by its name in the checkpoint.
    public enum TensorProblem: Equatable, Sendable {
        case missing(String, expected: [Int])
        case unexpected(String, found: [Int])
        case shape(String, expected: [Int], found: [Int])
        /// Whole numbers, or another type that contains no weights.
        case elementType(String, found: String)
        case notFinite(String)
        /// A value that half precision cannot hold.
        case tooLargeForHalf(String, value: Float)
    }
}

extension QuantizerError.TensorProblem {
    /// One line, without a full stop.
    public var message: String { masked(words) }

    private var words: String {
        switch self {
        case .missing(let name, let expected): "missing \(name), expected \(expected)"
        case .unexpected(let name, let found): "unexpected \(name) \(found)"
        case .shape(let name, let expected, let found): "\(name) is \(found), expected \(expected)"
        case .elementType(let name, let found):
            "\(name) contains elements of the type \(found), but weights are floating-point numbers of 16 bits or more: "
                + "save the weights before they are quantised"
        case .notFinite(let name): "\(name) contains values that are not finite"
        case .tooLargeForHalf(let name, let value):
            "\(name) contains \(value), which fp16 cannot store: use --precision fp32"
        }
    }
}

extension QuantizerError {
    /// What is wrong and what to do, in one line or with a line for each problem; the caller puts the checkpoint's name
    /// in front.
    public var message: String {
        switch self {
        case .checkpoint(let error): return error.message
        case .unknownArchitecture(_, found: 0, _): return "contains no known network: --list names those that are known"
        case .unknownArchitecture(let best, let found, let expected):
            return "contains no known network; the closest is \(best), which has \(expected) tensors, of which "
                + "\(found) are present. --architecture NAME lists the differences"
        case .noSuchArchitecture(let name): return "unknown network '\(name)': --list names those that are known"
        case .notOfTheNetwork(let option, let title): return "\(option) means nothing to \(title)"
        case .mismatch(let architecture, let problems):
            let lines = listed(problems.map(\.message)).map { "\n" + $0 }.joined()
            return "does not fit \(architecture), \(problems.count) problem\(problems.count == 1 ? "" : "s"):\(lines)"
        case .cannotWrite(let path, let error): return "\(path): \(error.message)"
        case .ambiguousWeights(let places):
            return "contains several matching networks, at \(quoted(places)): choose one with --weights NAME"
        case .noSuchWeights(let name, let places):
            let known = places.isEmpty ? "no known network at all" : "one at \(quoted(places))"
            return "contains no network at '\(name)': it has \(known)"
        case .tensor(let problem): return problem.message
        case .model(let error): return "\(error)"
        case .notFirstFormat: return "is already in the current format"
        case .notFloat: return "is quantised already: start from the model file with fp32 weights"
        case .notStored(let layer):
            return "layer '\(layer)' reads the image, reads or makes the network's output, or needs one scale for a "
                + "concatenation, which int8 cannot where it stands: use --precision fp16"
        case .noReadableImages: return "none of the images could be read: calibration needs JPEGs"
        }
    }
}
