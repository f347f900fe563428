/// Real value = scale * (stored value - zero point), by group of channels.
public struct TensorQuantisation: Equatable, Sendable {
    /// One for all channels, or one for each.
    public private(set) var scales: [Double]
    /// As many as scales, -128...127.
    public private(set) var zeroPoints: [Int]

    /// Of one channel, whether it has its own or not.
    public func scale(_ channel: Int) -> Double { scales[scales.count == 1 ? 0 : channel] }
    /// Of one channel, whether it has its own or not.
    public func zeroPoint(_ channel: Int) -> Int { zeroPoints[zeroPoints.count == 1 ? 0 : channel] }

    init(scales: [Double], zeroPoints: [Int]) {
        self.scales = scales
        self.zeroPoints = zeroPoints
    }

    /// The quantisation that an int8 model file contains for `tensor`; nil where it contains none of the tensor's size.
    init?(_ tensor: StoredTensor, in file: ModelFile) {
        guard let scales = file.tensor(tensor.name.appending(".scale")), scales.storageType == .float32,
            let zeroPoints = file.tensor(tensor.name.appending(".zero")), zeroPoints.storageType == .int8
        else { return nil }
        self.scales = file.data(of: scales).bindMemory(to: Float.self).map { Double($0) }
        self.zeroPoints = file.data(of: zeroPoints).bindMemory(to: Int8.self).map { Int($0) }
        guard self.scales.count == self.zeroPoints.count, [1, tensor.channels].contains(self.scales.count) else {
            return nil
        }
    }

    /// The quantisation of `tensor` by its rule.
    init(_ tensor: StoredTensor, _ statistics: TensorStatistics) {
        let ranges = (0..<tensor.groupCount).map { Self.range(tensor, statistics, group: $0) }
        // A channel that hardly moved in calibration may move later.
        let widest = ranges.map { $0.high - $0.low }.max()!
        let floor = max(widest / Self.maximumRatio, Self.minimumWidth)
        var scales: [Double] = [], zeroPoints: [Int] = []
        for (group, range) in ranges.enumerated() {
            var (low, high) = range
            switch tensor.codes {
            case .symmetric(let limits):
                scales.append(max(max(-low, high), floor / 2) / Double(limits[group]))
                zeroPoints.append(0)
            case .all:
                if high - low < floor {
                    if tensor.lowest == nil { low -= (floor - (high - low)) / 2 }
                    high = low + floor
                }
                let scale = (high - low) / 255
                scales.append(scale)
                zeroPoints.append(Int(min(max((-128 - low / scale).rounded(.toNearestOrEven), -128), 127)))
            }
        }
        self.scales = tensor.groupCount == 1 ? scales : tensor.groups.map { scales[$0] }
        self.zeroPoints = tensor.groupCount == 1 ? zeroPoints : tensor.groups.map { zeroPoints[$0] }
        for index in self.scales.indices { self.scales[index] = Double(Float(self.scales[index])) }
    }

    /// No group's range is narrower than this share of the widest.
    private static let maximumRatio = 64.0
    /// No range is narrower: SiLU's part below zero in steps of the output is a 16-bit factor.
    private static let minimumWidth = 0.0006 * 255

    private static func range(
        _ tensor: StoredTensor, _ statistics: TensorStatistics, group: Int
    ) -> (low: Double, high: Double) {
        var low: Double, high: Double
        switch tensor.rule {
        case .minimumError:
            let isSymmetric: Bool, steps: Int
            switch tensor.codes {
            case .symmetric(let limits): (isSymmetric, steps) = (true, 2 * limits[group])
            case .all: (isSymmetric, steps) = (false, 255)
            }
            (low, high) = statistics.minimumErrorRange(
                group, steps: steps, isSymmetric: isSymmetric, keepsLow: tensor.lowest != nil)
        case .extremes(let margin):
            (low, high) = statistics.extremes(group)
            low *= margin
            high *= margin
        }
        if let lowest = tensor.lowest { low = max(low, lowest) }
        return (low, high)
    }

    /// Widens the ranges until each step is at least `least` of its channel.
    mutating func widen(toScales minimum: (_ channel: Int) -> Double, channels: Int) {
        for channel in 0..<channels {
            let index = scales.count == 1 ? 0 : channel
            let wanted = minimum(channel)
            if scales[index] < wanted { scales[index] = Double(Float(wanted)) }
        }
    }

    /// Multiplies the scales of `channels`, where there is one for each.
    mutating func multiply(_ channels: Range<Int>, by factor: Double) {
        for channel in channels { scales[channel] = Double(Float(scales[channel] * factor)) }
    }
}
