import Foundation
import ModelFile
import TestSupport

@testable import Engine
@testable import Quantizer

/// Random weights of a graph, as fp32 and fp16 files have them.
struct RandomWeights {
    /// By the tensor's name.
    var values: [String: [Float]] = [:]

    /// None.
    init() {}

    /// Matrices and filters lie within `spread` over the root of their inputs, so that maps keep their scale.
    init(_ graph: Graph, spread: Double, _ random: inout SeededGenerator) {
        for node in graph.nodes {
            guard let shape = graph.weightShape(node) else { continue }
            let fanIn = Double(shape.count) / Double(graph.shape(node.output).channels)
            let isNorm = node.operation.weights == .gain
            values[node.name.text + ".weight"] = (0..<shape.count).map { _ in
                isNorm
                    ? Float.random(in: 0.5...1.5, using: &random)
                    : Float.random(in: -1...1, using: &random) * Float(spread / fanIn.squareRoot())
            }
            values[node.name.text + ".bias"] = (0..<graph.shape(node.output).channels).map { _ in
                Float.random(in: -0.5...0.5, using: &random)
            }
        }
    }

    /// `graph` may have more than was known when they were made, if its weights were added.
    func write(_ graph: Graph, to path: String, half: Bool) throws {
        var layouts: [GGUFWriter.Layout] = []
        for node in graph.nodes {
            guard let shape = graph.weightShape(node) else { continue }
            let type: StorageType = half && node.operation.weights != .gain ? .float16 : .float32
            layouts.append(.init(name: node.name.appending(".weight"), shape: shape, storageType: type))
            let channels = TensorShape(graph.shape(node.output).channels)
            layouts.append(.init(name: node.name.appending(".bias"), shape: channels, storageType: .float32))
        }
        try GGUFWriter.write(to: path, metadata: [], layouts: layouts) { index in
            let values = values[layouts[index].name.text]!
            return layouts[index].storageType == .float16
                ? Data(of: values.map { Float16($0).bitPattern }) : Data(of: values)
        }
    }
}

extension QuantisationScheme {
    /// What an observing engine's tensors contain after one run.
    func statistics(of engine: Engine) -> [TensorStatistics] {
        tensors.map { tensor in
            var statistics = TensorStatistics(tensor)
            statistics.observeExtremes(engine.view(tensor.tensor)!)
            if case .minimumError = tensor.rule {
                statistics.prepareHistograms()
                statistics.observeHistogram(engine.view(tensor.tensor)!)
            }
            return statistics
        }
    }
}
