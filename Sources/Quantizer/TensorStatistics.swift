/// What calibration saw of one stored tensor's values, in two passes over the same images: first the extremes of
/// every channel, then, where the range depends on it, a histogram for each group of channels between its extremes.
/// The memory does not depend on the number of images, nor the result on their order.
public struct TensorStatistics: Sendable {
    static let binCount = 2048

    /// By channel.
    private(set) var channelLows: [Float]
    private(set) var channelHighs: [Float]
    /// [groups, binCount]; empty where no histogram is taken.
    private(set) var counts: [UInt32] = []
    /// By channel: value = low + (bin + 0.5) * width of its group.
    private var binLows: [Float] = []
    private var binsPerUnit: [Float] = []
    private let groups: [Int]
    private let groupCount: Int
    /// NaN once a value was not finite.
    private var poison: Float = 0

    init(_ tensor: StoredTensor) {
        groups = tensor.groups
        groupCount = tensor.groupCount
        channelLows = Array(repeating: .infinity, count: groups.count)
        channelHighs = Array(repeating: -.infinity, count: groups.count)
    }

    /// The extremes of a group; 0 lies between them.
    func extremes(_ group: Int) -> (low: Double, high: Double) {
        var low: Float = 0, high: Float = 0
        for channel in groups.indices where groups[channel] == group {
            low = min(low, channelLows[channel])
            high = max(high, channelHighs[channel])
        }
        return (Double(low), Double(high))
    }

    /// Whether all values were finite.
    var isFinite: Bool { poison == 0 }

    /// First pass.
    mutating func observeExtremes(_ view: MapView) {
        let channels = groups.count
        var poison: Float = 0
        channelLows.withUnsafeMutableBufferPointer { lows in
            channelHighs.withUnsafeMutableBufferPointer { highs in
                for row in 0..<view.shape.rows {
                    let values = view.pointer + row * view.stride
                    for channel in 0..<channels {
                        let value = values[channel]
                        lows[channel] = value < lows[channel] ? value : lows[channel]
                        highs[channel] = value > highs[channel] ? value : highs[channel]
                        poison += value * 0
                    }
                }
            }
        }
        self.poison += poison
    }

    /// Between the passes.
    mutating func prepareHistograms() {
        counts = Array(repeating: 0, count: groupCount * Self.binCount)
        let ranges = (0..<groupCount).map { extremes($0) }
        binLows = groups.map { Float(ranges[$0].low) }
        binsPerUnit = groups.map {
            let width = ranges[$0].high - ranges[$0].low
            return width > 0 ? Float(Double(Self.binCount) / width) : 0
        }
    }

    /// Second pass.
    mutating func observeHistogram(_ view: MapView) {
        let last = Float(Self.binCount - 1)
        for channel in groups.indices {
            let low = binLows[channel], factor = binsPerUnit[channel]
            counts.withUnsafeMutableBufferPointer { counts in
                let bins = counts.baseAddress! + groups[channel] * Self.binCount
                for row in 0..<view.shape.rows {
                    let position = (view.pointer[row * view.stride + channel] - low) * factor
                    bins[Int(min(max(position, 0), last))] &+= 1
                }
            }
        }
    }

    mutating func merge(_ other: TensorStatistics) {
        for channel in groups.indices {
            channelLows[channel] = min(channelLows[channel], other.channelLows[channel])
            channelHighs[channel] = max(channelHighs[channel], other.channelHighs[channel])
        }
        poison += other.poison
        if counts.isEmpty {
            counts = other.counts
        } else {
            for index in other.counts.indices { counts[index] &+= other.counts[index] }
        }
    }

    /// The range for `steps` equal steps with the smallest expected squared error: s^2 / 12 for each value inside, the
    /// squared distance for those outside. 0 is in the range; with `isSymmetric` it is in the middle, and where
    /// `keepsLow` the lower end stays at the smallest value.
    func minimumErrorRange(
        _ group: Int, steps: Int, isSymmetric: Bool, keepsLow: Bool
    ) -> (low: Double, high: Double) {
        let (low, high) = extremes(group)
        let bound = max(-low, high)
        guard high > low else { return (low, high) }
        let sums = ClippedSums(
            counts[group * Self.binCount..<(group + 1) * Self.binCount], low: low,
            width: (high - low) / Double(Self.binCount))
        // Each candidate is 2 % narrower than the one before it.
        let shrinks = (0..<120).map { Self.power(0.98, $0) }
        var best = (low: low, high: high), minimum = Double.infinity
        func consider(_ range: (low: Double, high: Double)) {
            let step = (range.high - range.low) / Double(steps)
            let error = sums.error(below: range.low) + sums.error(above: range.high) + sums.count * step * step / 12
            if error < minimum {
                minimum = error
                best = range
            }
        }
        for shrink in shrinks {
            if isSymmetric {
                consider((-bound * shrink, bound * shrink))
            } else if keepsLow || low == 0 {
                consider((low, high * shrink))
            } else if high == 0 {
                consider((low * shrink, high))
            } else {
                for other in shrinks { consider((low * other, high * shrink)) }
            }
        }
        return best
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { value, _ in value * base }
    }
}

/// Sums over a histogram's bins from its lower end, for errors of clipping in constant time.
private struct ClippedSums {
    let low: Double
    let width: Double
    /// By number of bins: how many values lie in the first bins, their sum and that of their squares.
    var counts = [0.0], sums = [0.0], squares = [0.0]

    init(_ bins: ArraySlice<UInt32>, low: Double, width: Double) {
        self.low = low
        self.width = width
        for (position, bin) in bins.enumerated() {
            let value = low + (Double(position) + 0.5) * width, count = Double(bin)
            counts.append(counts.last! + count)
            sums.append(sums.last! + count * value)
            squares.append(squares.last! + count * value * value)
        }
    }

    var count: Double { counts.last! }

    private func bin(_ bound: Double) -> Int { min(max(Int((bound - low) / width), 0), counts.count - 1) }

    private func error(_ bound: Double, _ from: Int, _ to: Int) -> Double {
        let n = counts[to] - counts[from], sum = sums[to] - sums[from], square = squares[to] - squares[from]
        return max(square - 2 * bound * sum + bound * bound * n, 0)
    }

    func error(below bound: Double) -> Double { error(bound, 0, bin(bound)) }
    func error(above bound: Double) -> Double { error(bound, bin(bound), counts.count - 1) }
}
