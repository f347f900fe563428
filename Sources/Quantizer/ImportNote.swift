/// What an import did with a checkpoint that its user should know.
public enum ImportNote: Equatable, Sendable {
    /// Averaged weights were taken from this place, though others were at those.
    case averaged(String, others: [String])
    /// The averaged weights at the first place lack tensors, so those at the other were taken.
    case incompleteAverage(String, missing: Int, chosen: String)
    /// What looks like averaged weights at the first place cannot be told by names, so those at the other were taken.
    case unclearAverage(String, chosen: String)
    /// The averaged weights lack the statistics of batch norm, which were taken from this place.
    case statistics(String)
    /// Taken off every name.
    case prefix(String)
    /// Tensors that the network does not have.
    case leftOver([String])
    /// Types of objects that were not looked at.
    case skipped([String])
}

extension ImportNote {
    /// Lines for people; only the first is whole in itself.
    public var lines: [String] {
        switch self {
        case .averaged(let place, let others):
            let rest = others.isEmpty ? "" : "; the others are at \(quoted(others)): --weights NAME takes those"
            return ["took the averaged weights at \(quoted([place]))\(rest)"]
        case .incompleteAverage(let place, let missing, let chosen):
            return [
                "took the weights at \(quoted([chosen])): the averaged ones at \(quoted([place])) lack \(missing) tensors"
            ]
        case .unclearAverage(let place, let chosen):
            return [
                "took the weights at \(quoted([chosen])): which tensors those at \(quoted([place])), averaged by their name, "
                    + "are cannot be told"
            ]
        case .statistics(let place):
            return ["took the statistics of batch norm at \(quoted([place])): those that were averaged have none"]
        case .prefix(let prefix): return ["took '\(masked(prefix))' off every name"]
        case .leftOver(let names):
            let count = names.count == 1 ? "1 tensor" : "\(names.count) tensors"
            return ["warning: skipped \(count) that the network does not have:"] + listed(names.map(masked))
        case .skipped(let types):
            let more = types.count > 5 ? " and \(types.count - 5) more" : ""
            return ["skipped objects, unread: \(types.prefix(5).map(masked).joined(separator: ", "))\(more)"]
        }
    }
}

/// A line each, indented, and how many follow after the first 20.
func listed(_ items: [String]) -> [String] {
    items.prefix(20).map { "  " + $0 } + (items.count > 20 ? ["  and \(items.count - 20) more"] : [])
}

/// Places as people write them; the top has no name.
func quoted(_ places: [String]) -> String {
    places.map { $0.isEmpty ? "the top" : "'\(masked($0))'" }.joined(separator: ", ")
}
