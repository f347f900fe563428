/// A tensor as an int8 network stores it.
public struct StoredMap {
    /// Of the engine's graph.
    public let tensor: TensorID
    /// As in the graph: tokens are ordered by patch position.
    public let shape: MapShape
    let map: Map
    /// nil where rows are pixels.
    let grid: PatchGrid?
    /// nil for predictions.
    let quantisation: Quantisation?

    /// The value that is stored for a row and a channel of the graph's tensor.
    public func value(row: Int, channel: Int) -> Float {
        let pixel = pixel(row)
        guard let quantisation else {
            var value: Float = 0
            f16_to_f32__scalar(1, map.halves(pixel) + channel, &value)
            return value
        }
        let stored = Double(map.bytes(pixel)[channel])
        return Float((stored - quantisation.zero(channel)) * quantisation.scale(channel))
    }

    /// Where a row of the graph's tensor lies in the map.
    private func pixel(_ row: Int) -> Int {
        guard let grid else { return row }
        return grid.pixel(position: row / shape.width, token: row % shape.width, mapWidth: map.shape.width)
    }
}
