/// What a node computes: one output from one or more inputs. A subclass per operation, each in a file of its own, answers
/// all questions about it; what it does not override is the usual case.
///
/// Immutable.
public class GraphOperation: @unchecked Sendable {
    /// How an operation's weight lies in a model file; see `Graph.weightShape`.
    public enum Weights: Equatable, Sendable {
        case none
        /// Of a convolution, or of a linear layer (1x1).
        case matrix(height: Int, width: Int, groups: Int)
        case depthwise(height: Int, width: Int)
        /// One factor for each channel.
        case gain
    }

    /// What becomes of it when a graph is lowered.
    enum Form {
        /// A step, unless it joins an earlier one.
        case step
        /// Another name for its input's memory: pixels as tokens of the grid, or such tokens as pixels.
        case view(PatchGrid, toTokens: Bool)
        /// Its inputs are written where its output lies: side by side, or one after the other.
        case channelConcatenation, rowConcatenation
    }

    /// How the rows of its output follow from those of its first input, which says where threads must wait for each
    /// other.
    enum RowUse {
        /// Not row by row.
        case rearranged
        /// Row i belongs to row i, but a part writes rows in any order.
        case kept
        /// A part writes an equal share of the rows, and may read all.
        case written
        /// A part reads only the rows that it writes.
        case independent
    }

    /// What int8 asks of its input.
    public var int8Input: Int8Input { .any }
    /// How int8 stores its output.
    public var int8Output: Int8Output { .byRecipe }
    /// As model files, reports and messages call it.
    public var name: StaticString { preconditionFailure() }
    /// As a model file has them, in the order in which its initialiser reads them.
    public var attributes: [Int] { [] }
    /// The numbers of inputs that it takes.
    var inputCounts: ClosedRange<Int> { 1...1 }
    /// The shape of its weight.
    public var weights: Weights { .none }
    /// What is applied to each value of its output.
    public var activation: Activation { .identity }

    /// The shape of its output, not yet checked for size.
    func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape { inputs[0] }

    /// Of the products that count as work; 0 where there are none.
    func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 { 0 }

    /// Whether its int8 and fp16 forms can read the image's bytes.
    public var readsImage: Bool { false }

    // MARK: Lowering

    var form: Form { .step }
    var rowUse: RowUse { .rearranged }
    /// Whether rows that lie as pixels, but are tokens of a grid, give what they should.
    var takesTokens: Bool { if case .rearranged = rowUse { false } else { true } }

    /// Whether its inputs are the same place of the image row by row.
    var inputsHaveSameRows: Bool { true }

    /// Whether a graph leaves it out where its output has the shape of its input.
    var isNothingIfShapeStays: Bool { false }

    /// Whether an addition after it can become its epilogue.
    var takesResidual: Bool { false }

    /// What a band needs of a depthwise convolution; nil for all others.
    var bandStride: Int? { nil }

    /// Makes node `index`, which has this operation, part of an earlier call, and tells whether it did.
    func join(_ lowering: inout Lowering, _ index: Int) -> Bool { false }

    /// The working memory of one part of `call`, in bytes.
    func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int { 0 }

    /// The bytes of tables that its int8 form needs for each channel.
    var int8TableByteCount: Int { 0 }

    /// Whether int8 kernels, which work on blocks of 8 channels, can run it.
    func fitsInt8(input: MapShape, output: MapShape) -> Bool { input.channels % 8 == 0 }

    // MARK: Steps

    /// The step of `call`, which has this operation, in any precision; those that differ by precision have one form for
    /// each.
    func step(_ call: Lowering.Call, _ builder: Builder) throws(EngineError) -> Step {
        throw .operation(builder.name(call), name, builder.precision)
    }

    func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        try step(call, builder as Builder)
    }

    func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        try step(call, builder as Builder)
    }

    func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        try step(call, builder as Builder)
    }
}

/// What an operation asks of the int8 tensor that it reads.
public enum Int8Input: Equatable, Sendable {
    case any
    /// One scale for all channels.
    case oneScale
    /// A scale for each channel.
    case scalePerChannel
    /// Query, key and value of several heads side by side, all with zero point 0: a scale for each head of queries and of
    /// keys, one for each channel of values.
    case heads(Int)
    /// Zero point 0 and a scale for each channel.
    case symmetric
}

/// How int8 stores what an operation makes.
public enum Int8Output: Equatable, Sendable {
    /// As the quantiser's recipe says for the layer.
    case byRecipe
    case scalePerChannel
    /// As its input is.
    case asInput
}
