import Foundation

/// Weights as signed bytes, symmetric by output channel: the sum of their products with stored inputs, times the output
/// channel's scale, plus the bias, is the layer's value before its activation.
struct Int8LayerWeights {
    /// [inputs, outputs]; depthwise [taps, channels].
    private(set) var values: [Int8]
    let outputs: Int
    /// By output channel: the value of one unit of the sum.
    private(set) var scales: [Float]
    /// By output channel, what the inputs' zero points contribute taken off.
    private(set) var bias: [Float]

    /// A matrix [inputs, outputs] whose input k contains inputScales[k] * (stored - inputZeros[k]).
    init(matrix: [Float], outputs: Int, bias: [Float], inputScales: [Double], inputZeros: [Double]) {
        let inputs = inputScales.count
        precondition(matrix.count == inputs * outputs && inputZeros.count == inputs)
        self.outputs = outputs
        values = Array(repeating: 0, count: matrix.count)
        scales = []
        self.bias = []
        for output in 0..<outputs {
            let column = (0..<inputs).map { Double(matrix[$0 * outputs + output]) * inputScales[$0] }
            let value = bias.isEmpty ? 0 : Double(bias[output])
            let scale = Self.scale(
                max(Self.largest(column) / 127, Self.largestSum(column) / Double(Self.maximumInSum)), bias: value)
            let stored = Self.bounded(column.map { $0 / Double(scale) })
            for input in 0..<inputs { values[input * outputs + output] = Int8(stored[input]) }
            let offset = zip(stored, inputZeros).reduce(0) { $0 + Double($1.0) * $1.1 }
            scales.append(scale)
            self.bias.append(Float(value - Double(scale) * offset))
        }
    }

    /// Depthwise weights [taps, channels].
    init(depthwise: [Float], bias: [Float], inputScales: [Double], inputZeros: [Double]) {
        let channels = inputScales.count, count = depthwise.count / channels
        outputs = channels
        values = Array(repeating: 0, count: depthwise.count)
        scales = []
        self.bias = []
        for channel in 0..<channels {
            let taps = (0..<count).map { Double(depthwise[$0 * channels + channel]) * inputScales[channel] }
            let value = bias.isEmpty ? 0 : Double(bias[channel])
            let scale = Self.scale(Self.largest(taps) / 127, bias: value)
            var sum = 0.0
            for tap in 0..<count {
                let stored = Self.rounded(taps[tap] / Double(scale))
                values[tap * channels + channel] = Int8(stored)
                sum += Double(stored)
            }
            scales.append(scale)
            self.bias.append(Float(value - Double(scale) * sum * inputZeros[channel]))
        }
    }

    /// The matrix in the GEMM kernels' layout.
    var packed: Data {
        let inputs = values.count / outputs
        var data = Data(count: ck_qs8_packed_size(inputs, outputs))
        data.withUnsafeMutableBytes {
            qs8_pack__scalar(inputs, outputs, values, outputs, $0.baseAddress!.assumingMemoryBound(to: Int8.self))
        }
        return data
    }

    var bytes: Data { values.withUnsafeBytes { Data($0) } }

    /// What the magnitudes of the weights k, k + 4, k + 8 and k + 12 (k % 16 < 4) add up to at most.
    private static let maximumInSum = 254
    /// Where a channel's weights are so small that its bias decides, the bias must still fit the sum's 32 bits.
    private static let maximumBias = 0x1p26
    private static let minimumScale = 1e-12

    private static func scale(_ wanted: Double, bias: Double) -> Float {
        Float(max(wanted, abs(bias) / maximumBias, minimumScale))
    }

    private static func largest(_ values: [Double]) -> Double { values.reduce(0) { max($0, abs($1)) } }

    /// The rows whose magnitudes are bounded together.
    private static func boundedRows(_ inputs: Int) -> [[Int]] {
        stride(from: 0, to: inputs, by: 16).flatMap { base in
            (0..<4).map { first in stride(from: base + first, to: min(base + 16, inputs), by: 4).map { $0 } }
        }
    }

    private static func largestSum(_ column: [Double]) -> Double {
        boundedRows(column.count).map { $0.reduce(0) { $0 + abs(column[$1]) } }.max() ?? 0
    }

    private static func rounded(_ value: Double) -> Int {
        Int(min(max(value.rounded(.toNearestOrEven), -127), 127))
    }

    /// Rounds to integers that keep to the bound. Rounding can take a sum beyond it by at most 2: the values that were
    /// rounded up most give way.
    private static func bounded(_ column: [Double]) -> [Int] {
        var stored = column.map { rounded($0) }
        for rows in boundedRows(column.count) {
            while rows.reduce(0, { $0 + abs(stored[$1]) }) > maximumInSum {
                let row = rows.max {
                    abs(Double(stored[$0])) - abs(column[$0]) < abs(Double(stored[$1])) - abs(column[$1])
                }!
                stored[row] -= stored[row].signum()
            }
        }
        return stored
    }
}
