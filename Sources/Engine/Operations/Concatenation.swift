/// Two maps of as many rows, side by side along the channels; written in place.
public final class ChannelConcatenation: GraphOperation, @unchecked Sendable {
    static var kind: StaticString { "concatenate channels" }
    public override var name: StaticString { Self.kind }
    override var inputCounts: ClosedRange<Int> { 2...6 }
    override var form: Form { .channelConcatenation }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        var shape = inputs[0]
        for position in 1..<inputs.count {
            guard inputs[position].rows == shape.rows else { throw .differentInputs(inputs[0], inputs[position]) }
            shape.channels += inputs[position].channels
        }
        return shape
    }
}

/// Maps whose pixels each hold a whole number of records, one after the other in memory as one list of records.
public final class RowConcatenation: GraphOperation, @unchecked Sendable {
    private let channels: Int

    init(channels: Int) { self.channels = channels }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) { channels = try attributes.integer() }

    static var kind: StaticString { "concatenate rows" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [channels] }
    override var inputCounts: ClosedRange<Int> { 1...6 }
    override var form: Form { .rowConcatenation }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        guard channels > 0 else { throw .attribute }
        var rows = 0
        for position in 0..<inputs.count {
            let map = inputs[position]
            guard map.channels % channels == 0 else {
                throw .channels(found: map.channels, multipleOf: channels, remainder: 0)
            }
            rows += map.count / channels
        }
        return MapShape(height: 1, width: rows, channels: channels)
    }
}

extension Graph {
    /// [h, w, c] and [h, w, d] -> [h, w, c + d]; both have as many rows (precondition).
    public mutating func concatenateChannels(_ a: TensorID, _ b: TensorID, _ name: Name) -> TensorID {
        concatenateChannels(UpToSix(a, b), name)
    }

    /// Two to six maps of as many rows (precondition), side by side.
    public mutating func concatenateChannels(_ maps: UpToSix<TensorID>, _ name: Name) -> TensorID {
        add(ChannelConcatenation(), maps, name)
    }

    /// Up to six maps whose pixels each hold a whole number of records of `channels` values, as one list of records.
    public mutating func concatenateRows(_ maps: [TensorID], channels: Int, _ name: Name) -> TensorID {
        var inputs = UpToSix(maps[0])
        for map in maps.dropFirst() { inputs.append(map) }
        return add(RowConcatenation(channels: channels), inputs, name)
    }
}
