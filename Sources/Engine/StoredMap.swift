import CKernels

/// A tensor as an int8 network stores it.
public struct StoredMap {
    /// Of the engine's graph.
    public let tensor: TensorID
    /// As in the graph: tokens are ordered by patch position.
    public let shape: MapShape
    let map: Int8Map
    let holdsTokens: Bool
    /// nil for predictions.
    let quantisation: Quantisation?

    /// The value that is stored for a row and a channel of the graph's tensor.
    public func value(row: Int, channel: Int) -> Float {
        let pixel = pixel(row)
        guard let quantisation else {
            var value: Float = 0
            f16_to_f32__scalar(1, map.row(pixel).assumingMemoryBound(to: UInt16.self) + channel, &value)
            return value
        }
        let stored = Double(map.byteRow(pixel)[channel])
        return Float((stored - quantisation.zero(channel)) * quantisation.scale(channel))
    }

    /// Where a row of the graph's tensor lies in the map.
    private func pixel(_ row: Int) -> Int {
        guard holdsTokens else { return row }
        let position = row / shape.width, token = row % shape.width, columns = map.shape.width / 2
        let y = 2 * (token / columns) + position / 2, x = 2 * (token % columns) + position % 2
        return y * map.shape.width + x
    }
}
