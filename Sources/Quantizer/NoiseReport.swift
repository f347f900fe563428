import Foundation

/// How much of each stored tensor is noise, measured with the int8 engine itself against the fp32 engine.
public struct NoiseReport: Sendable {
    /// One stored tensor; ratios are in dB.
    public struct Line: Sendable {
        /// The layer that makes it.
        public let name: String
        /// Signal to noise of what the int8 engine stores, all noise from earlier layers in it; nil for a tensor inside
        /// an inverted residual, which never exists whole.
        public let total: Double?
        /// Of rounding the fp32 network's values alone.
        public let own: Double
        /// The root mean square of the tensor's values.
        public let level: Double
    }

    private let scheme: QuantisationScheme
    /// nil for a tensor that the model file says nothing about.
    private let quantisations: [TensorQuantisation?]
    private var totals: [Comparison.Powers]
    private var owns: [Comparison.Powers]

    /// Of a network that was quantised just now.
    public init(_ model: Int8Model) {
        self.init(model.scheme, model.quantisations)
    }

    /// Of an int8 model file, which the engine has checked and which holds the network of `source`.
    public init(_ source: FloatModel, int8 file: ModelFile) throws(QuantizerError) {
        let scheme = try QuantisationScheme(source.graph)
        self.init(scheme, scheme.tensors.map { TensorQuantisation($0, in: file) })
    }

    private init(_ scheme: QuantisationScheme, _ quantisations: [TensorQuantisation?]) {
        self.scheme = scheme
        self.quantisations = quantisations
        totals = Array(repeating: .init(), count: quantisations.count)
        owns = totals
    }

    /// Runs `candidate` and adds what it stores. `reference`, which observes, has run on the same image.
    public mutating func add(reference: Engine, running candidate: Engine) {
        for (index, tensor) in scheme.tensors.enumerated() {
            guard let quantisation = quantisations[index] else { continue }
            let steps = (0..<tensor.channels).map {
                (scale: Float(quantisation.scale($0)), zero: Float(quantisation.zeroPoint($0)))
            }
            var own = Comparison.Powers()
            Self.visit(reference.view(tensor.tensor)!) { _, channel, value in
                let (scale, zero) = steps[channel]
                let code = min(max((value / scale).rounded(.toNearestOrEven) + zero, -128), 127)
                own.add(value, (code - zero) * scale)
            }
            owns[index].add(own)
        }
        candidate.run(showing: { stored in
            guard let index = scheme.tensors.firstIndex(where: { $0.tensor == stored.tensor }) else { return }
            var total = Comparison.Powers()
            Self.visit(reference.view(stored.tensor)!) { row, channel, value in
                total.add(value, stored.value(row: row, channel: channel))
            }
            totals[index].add(total)
        })
    }

    private static func visit(_ view: MapView, _ body: (_ row: Int, _ channel: Int, _ value: Float) -> Void) {
        for row in 0..<view.shape.rows {
            let values = view.pointer + row * view.stride
            for channel in 0..<view.shape.channels { body(row, channel, values[channel]) }
        }
    }

    /// Adds the images of a report about the same network.
    public mutating func merge(_ other: NoiseReport) {
        for index in totals.indices {
            totals[index].add(other.totals[index])
            owns[index].add(other.owns[index])
        }
    }

    /// In the order in which the layers run. A tensor that is 0 throughout has no line.
    public var lines: [Line] {
        scheme.tensors.indices.compactMap { index in
            guard let own = owns[index].decibels else { return nil }
            let level = (owns[index].signal / Double(owns[index].count)).squareRoot()
            return Line(
                name: scheme.tensors[index].name.text, total: totals[index].decibels, own: own, level: level)
        }
    }
}
