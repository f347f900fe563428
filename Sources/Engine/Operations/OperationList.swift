extension GraphOperation {
    /// The operation that model files call `name`, with its attributes: the only list of all.
    static func named(_ name: Name, _ attributes: inout AttributeReader) throws(GraphError.Problem) -> GraphOperation {
        if name.matches(Addition.kind) { return Addition() }
        if name.matches(Attention.kind) { return try Attention(&attributes) }
        if name.matches(ChannelConcatenation.kind) { return ChannelConcatenation() }
        if name.matches(Convolution.kind) { return try Convolution(&attributes) }
        if name.matches(DepthwiseConvolution.kind) { return try DepthwiseConvolution(&attributes) }
        if name.matches(Fold.kind) { return try Fold(&attributes) }
        if name.matches(GroupNorm.kind) { return GroupNorm() }
        if name.matches(ElementwiseActivation.kind) { return try ElementwiseActivation(&attributes) }
        if name.matches("hard-swish") { return ElementwiseActivation(.hardSwish) }
        if name.matches(LayerNorm.kind) { return LayerNorm() }
        if name.matches(Mean.kind) { return Mean() }
        if name.matches(Multiplication.kind) { return Multiplication() }
        if name.matches(Pointwise.kind) { return try Pointwise(&attributes) }
        if name.matches(Resize.kind) { return try Resize(&attributes) }
        if name.matches(RowConcatenation.kind) { return try RowConcatenation(&attributes) }
        if name.matches(SeparableAttention.kind) { return SeparableAttention() }
        if name.matches(Unfold.kind) { return try Unfold(&attributes) }
        throw .unknown
    }
}
