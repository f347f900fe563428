/// Weights of a layer as tensors of a checkpoint make them, in double precision: from the tensors' values, in the order of
/// `sources`, to a kernel [out, in / groups, height, width] and a bias.
struct Fold {
    /// A kernel, row by row of one output's values, and a bias for each output.
    struct Affine {
        var weight: [Double]
        var bias: [Double]

        var perOutput: Int { weight.count / bias.count }
    }

    var sources: [SourceTensor]
    var outputCount: Int
    var make: (ArraySlice<[Float]>) -> Affine

    /// As an importer takes it.
    var recipe: ParameterRecipe {
        ParameterRecipe(sources: sources) { values in
            let folded = make(values[...])
            return (folded.weight.map { Float($0) }, folded.bias.map { Float($0) })
        }
    }

    /// NAME.weight and NAME.bias.
    static func layer(_ name: String, _ shape: [Int], hasBias: Bool = true) -> Fold {
        var sources = [SourceTensor(name: name + ".weight", shape: shape)]
        if hasBias { sources.append(SourceTensor(name: name + ".bias", shape: [shape[0]])) }
        return Fold(sources: sources, outputCount: shape[0]) { values in
            let values = Array(values)
            return Affine(
                weight: values[0].map { Double($0) },
                bias: hasBias ? values[1].map { Double($0) } : Array(repeating: 0, count: shape[0]))
        }
    }

    /// The identity: 1 at the middle tap of an output's own channel.
    static func identity(_ shape: [Int]) -> Fold {
        let (outputs, inputs, taps) = (shape[0], shape[1], shape[2] * shape[3])
        return Fold(sources: [], outputCount: outputs) { _ in
            var weight = [Double](repeating: 0, count: outputs * inputs * taps)
            for output in 0..<outputs { weight[(output * inputs + output % inputs) * taps + taps / 2] = 1 }
            return Affine(weight: weight, bias: Array(repeating: 0, count: outputs))
        }
    }

    /// The batch norm NAME after it.
    func norm(_ name: String) -> Fold {
        let count = outputCount
        return with(Self.statistics(name, count)) { folded, values in
            let (gain, shift) = Self.gainAndShift(values)
            for output in 0..<count { folded.scale(output, by: gain[output], shift: shift[output]) }
        }
    }

    /// The batch norm NAME, of `channels`, before it: of a matrix.
    func afterNorm(_ name: String, channels: Int) -> Fold {
        with(Self.statistics(name, channels)) { folded, values in
            let (gain, shift) = Self.gainAndShift(values)
            for output in folded.bias.indices {
                for channel in 0..<channels {
                    let place = output * channels + channel
                    folded.bias[output] += folded.weight[place] * shift[channel]
                    folded.weight[place] *= gain[channel]
                }
            }
        }
    }

    /// Each output times a value of the tensor NAME, [out, 1, 1].
    func scaled(by name: String) -> Fold {
        with([SourceTensor(name: name, shape: [outputCount, 1, 1])]) { folded, values in
            for output in folded.bias.indices { folded.scale(output, by: Double(values[0][output]), shift: 0) }
        }
    }

    /// A square kernel in the middle of a larger one of zeros.
    func widened(from kernel: Int, to size: Int) -> Fold {
        let margin = (size - kernel) / 2
        return with([]) { folded, _ in
            var weight = [Double](repeating: 0, count: folded.weight.count / (kernel * kernel) * size * size)
            for index in folded.weight.indices {
                let (plane, row, column) = (index / (kernel * kernel), index / kernel % kernel, index % kernel)
                weight[(plane * size + row + margin) * size + column + margin] = folded.weight[index]
            }
            folded.weight = weight
        }
    }

    /// The outputs `order`; nil: zeros.
    func outputs(_ order: [Int?]) -> Fold {
        with([], outputCount: order.count) { folded, _ in
            let all = folded, zeros = [Double](repeating: 0, count: all.perOutput)
            folded.weight = order.flatMap { output in
                output.map { Array(all.weight[$0 * all.perOutput..<($0 + 1) * all.perOutput]) } ?? zeros
            }
            folded.bias = order.map { $0.map { all.bias[$0] } ?? 0 }
        }
    }

    /// The inputs `order` of a matrix; nil: zeros.
    func inputs(_ order: [Int?]) -> Fold {
        with([]) { folded, _ in
            let all = folded
            folded.weight = all.bias.indices.flatMap { output in
                order.map { $0.map { all.weight[output * all.perOutput + $0] } ?? 0 }
            }
        }
    }

    static func + (a: Fold, b: Fold) -> Fold { combined(a, b) { $0 + $1 } }
    static func - (a: Fold, b: Fold) -> Fold { combined(a, b) { $0 - $1 } }

    // MARK: What these are made of

    private static func combined(_ a: Fold, _ b: Fold, _ operation: @escaping (Double, Double) -> Double) -> Fold {
        Fold(sources: a.sources + b.sources, outputCount: a.outputCount) { values in
            let one = a.make(values.prefix(a.sources.count)), other = b.make(values.dropFirst(a.sources.count))
            return Affine(
                weight: zip(one.weight, other.weight).map(operation), bias: zip(one.bias, other.bias).map(operation))
        }
    }

    /// The same with more sources, and a change that their values make.
    private func with(
        _ more: [SourceTensor], outputCount: Int? = nil, _ change: @escaping (inout Affine, [[Float]]) -> Void
    ) -> Fold {
        Fold(sources: sources + more, outputCount: outputCount ?? self.outputCount) { values in
            var folded = make(values.prefix(sources.count))
            change(&folded, Array(values.dropFirst(sources.count)))
            return folded
        }
    }

    private static func statistics(_ name: String, _ channels: Int) -> [SourceTensor] {
        ["weight", "bias", "running_mean", "running_var"].map { SourceTensor(name: name + "." + $0, shape: [channels]) }
    }

    private static func gainAndShift(_ values: [[Float]]) -> (gain: [Double], shift: [Double]) {
        let gain = values[0].indices.map {
            Double(values[0][$0]) / (Double(values[3][$0]) + BatchNormFolding.epsilon).squareRoot()
        }
        return (gain, gain.indices.map { Double(values[1][$0]) - Double(values[2][$0]) * gain[$0] })
    }
}

extension Fold.Affine {
    fileprivate mutating func scale(_ output: Int, by factor: Double, shift: Double) {
        let range = output * perOutput..<(output + 1) * perOutput
        for index in range { weight[index] *= factor }
        bias[output] = bias[output] * factor + shift
    }
}
