/// The layers before and after an attention whose heads have more channels in the graph than in the checkpoint. Of a query, a
/// key and a value the channels beyond are 0, and queries are larger by the root of the ratio, since the attention divides
/// scores by that of the channels that it sees; the layer after it ignores them.
struct HeadPadding {
    /// Of the layer in the checkpoint.
    let inputs: Int
    let outputs: Int

    private let heads: Int
    /// Channels of a head in the checkpoint, and in the graph.
    private let size: Int
    private let padded: Int
    private let isBefore: Bool

    /// nil for any other layer.
    init?(_ node: Node, in graph: Graph) {
        let input = graph.shape(node.input(0)).channels, output = graph.shape(node.output).channels
        if let attention = graph.nodes.first(where: { $0.input(0) == node.output })?.operation as? Attention {
            (heads, isBefore) = (attention.heads, true)
            (size, padded) = (input / heads, output / 3 / heads)
            (inputs, outputs) = (input, 3 * input)
        } else if let attention = graph.nodes.first(where: { $0.output == node.input(0) })?.operation as? Attention {
            (heads, isBefore) = (attention.heads, false)
            (size, padded) = (output / heads, input / heads)
            (inputs, outputs) = (output, output)
        } else {
            return nil
        }
        guard size != padded else { return nil }
    }

    /// Weight [out, in] and bias [out] of the graph's layer from those of the checkpoint's.
    func pad(_ parameters: (weight: [Float], bias: [Float])) -> (weight: [Float], bias: [Float]) {
        let (weight, bias) = parameters
        if isBefore {
            let scale = (Double(padded) / Double(size)).squareRoot()
            func rows(_ values: [Float], _ count: Int) -> [Float] {
                (0..<3 * heads).flatMap { head in
                    let own = values[head * size * count..<(head + 1) * size * count]
                    let scaled = head < heads ? own.map { Float(Double($0) * scale) } : Array(own)
                    return scaled + [Float](repeating: 0, count: (padded - size) * count)
                }
            }
            return (rows(weight, inputs), rows(bias, 1))
        }
        let columns = (0..<outputs * heads).flatMap { head in
            weight[head * size..<(head + 1) * size] + [Float](repeating: 0, count: padded - size)
        }
        return (columns, bias)
    }
}
