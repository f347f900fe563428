/// The network's input as the engine stores it: channel values 0...255 less 128.
struct InputQuantisation {
    private let format: InputFormat

    init(_ format: InputFormat) { self.format = format }

    /// (value * scale - mean) / deviation = step * (stored - zero), stored being value - 128.
    private func step(_ channel: Int) -> Double {
        Double(format.scale) / Double(format.standardDeviation[channel])
    }

    private func zero(_ channel: Int) -> Double { Double(format.mean[channel]) / Double(format.scale) - 128 }

    /// By channel.
    var scales: [Double] { (0..<3).map { step($0) } }
    var zeros: [Double] { (0..<3).map { zero($0) } }

    /// What is stored where the image ends: as near to 0 as there is.
    var paddingBytes: [Int8] {
        (0..<3).map { Int8(min(max(zero($0).rounded(.toNearestOrEven), -128), 127)) }
    }
}
