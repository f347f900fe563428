/// The weights of Pillow's bicubic resampling along one side, for bytes (Pillow, src/libImaging/Resample.c,
/// precompute_coeffs and normalize_coeffs_8bpc). All arithmetic is that of the original, in double precision.
struct PillowWeights {
    /// For each output position, the first source pixel and how many.
    let firsts: [UInt32]
    let counts: [UInt32]
    /// `stride` weights per output position, with 22 fractional bits.
    let weights: [Int32]
    let stride: Int

    init(from source: Int, to target: Int) {
        let scale = Double(source) / Double(target)
        // Shrinking widens the filter, so that every source pixel counts.
        let filterScale = max(scale, 1)
        let support = 2 * filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        var firsts: [UInt32] = []
        var counts: [UInt32] = []
        var weights = [Int32](repeating: 0, count: target * stride)
        var row = [Double](repeating: 0, count: stride)
        for index in 0..<target {
            let centre = (Double(index) + 0.5) * scale
            let first = max(Int(centre - support + 0.5), 0)
            let count = min(Int(centre + support + 0.5), source) - first
            var sum = 0.0
            for offset in 0..<count {
                row[offset] = Self.bicubic((Double(offset + first) - centre + 0.5) * (1 / filterScale))
                sum += row[offset]
            }
            for offset in 0..<count {
                let weight = (sum != 0 ? row[offset] / sum : row[offset]) * Double(1 << 22)
                weights[index * stride + offset] = Int32(weight < 0 ? weight - 0.5 : weight + 0.5)
            }
            firsts.append(UInt32(first))
            counts.append(UInt32(count))
        }
        self.firsts = firsts
        self.counts = counts
        self.weights = weights
    }

    /// The cubic convolution kernel with a = -0.5 (Keys, 1981).
    private static func bicubic(_ distance: Double) -> Double {
        let a = -0.5
        let x = abs(distance)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }
}
