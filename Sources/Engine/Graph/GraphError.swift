/// An operation that a graph cannot have.
public struct GraphError: Error, Equatable, Sendable {
    /// What is wrong with it.
    public enum Problem: Error, Equatable, Sendable {
        /// An unsupported number of inputs.
        case inputCount(found: Int)
        /// Its inputs do not have the same number of rows, or of channels.
        case differentInputs(MapShape, MapShape)
        /// The channels of its input must be a multiple, plus `remainder`.
        case channels(found: Int, multipleOf: Int, remainder: Int)
        /// Height and width of its map must be multiples of those of its patches.
        case patches(MapShape, PatchGrid)
        /// Its input has other rows than the map that it makes.
        case rows(found: Int, expected: Int)
        /// A size, stride or number of channels below 1, or a kernel that is larger than its padded input.
        case attribute
        /// Its output has more than 2^20 channels or 2^28 values, or a patch of its input more than 2^24.
        case tooLarge
        /// It is none of those that this version knows.
        case unknown
        /// It reads what a later operation makes.
        case notYetMade
        /// It has no name, that of the input, or another operation's.
        case name
        /// With it, a run is more work than `GraphFile.maximumWork`.
        case tooMuchWork
        /// Nothing reads what it makes.
        case unused
        /// It reads the network's output, which must be the end.
        case readsOutput
    }

    /// The operation's place in the graph, from 0.
    public let index: Int
    /// The operation's name.
    public let name: Name
    /// What it computes, such as "pointwise".
    public let operation: Name
    /// Why it is rejected.
    public let problem: Problem

    public static func == (left: GraphError, right: GraphError) -> Bool {
        left.index == right.index && left.name == right.name && left.problem == right.problem
    }
}
