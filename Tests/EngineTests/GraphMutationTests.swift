import Foundation
import Model
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

@testable import Engine

/// Model files whose graphs have changed in a few numbers: each is rejected with a typed error, or runs.
@Suite struct GraphMutationTests {
    static let size = ImageSize(width: 64, height: 64)

    @Test(arguments: [(GoldenModel.xxs, "fp32"), (.v05, "fp16"), (.xxs, "int8"), (.v05, "int8")])
    func changedGraphsAreHarmless(model: GoldenModel, precision: String) throws {
        let path = precision == "int8" ? try model.int8Path() : try model.path(StoragePrecision(rawValue: precision)!)
        let file = try ModelFile(path: path)
        let description = try ModelDescription(file).metadata()
        let graph = try GraphFile(file).graph(
            input: MapShape(height: Self.size.height, width: Self.size.width, channels: 3), keepsAll: true
        ).metadata
        var generator = SeededGenerator(seed: 24)
        var ran = 0, rejected = 0
        for _ in 0..<120 {
            var changed = graph
            for _ in 0..<generator.integer(1...3) { Self.change(&changed, &generator) }
            if try Self.runs(file, description + changed) { ran += 1 } else { rejected += 1 }
        }
        #expect(ran > 0 && rejected > 60, "\(ran) ran, \(rejected) were rejected")
    }

    /// Without changes it runs.
    @Test func theGraphItselfRuns() throws {
        let file = try ModelFile(path: GoldenModel.xxs.path(.fp16))
        let graph = try GraphFile(file).graph(
            input: MapShape(height: Self.size.height, width: Self.size.width, channels: 3), keepsAll: true)
        #expect(try Self.runs(file, ModelDescription(file).metadata() + graph.metadata))
    }

    private static func runs(_ file: ModelFile, _ metadata: [(key: Name, value: MetadataValue)]) throws -> Bool {
        let path = NSTemporaryDirectory() + "swiftlet-mutation-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        let layouts = file.tensors.map {
            GGUFWriter.Layout(name: $0.name, shape: $0.shape, storageType: $0.storageType)
        }
        try GGUFWriter.write(to: path, metadata: metadata, layouts: layouts) { Data(file.data(of: file.tensors[$0])) }
        let changed = try ModelFile(path: path)
        do throws(ModelError) {
            let model = try Model(file: changed, size: size, settings: ModelSettings(threshold: 0.01, threads: 2))
            let image = Image(size: size)
            image.pixels.update(repeating: 90)
            model.load(image)
            model.run()
            _ = model.result()
            return true
        } catch {
            return false
        }
    }

    /// Replaces one number of one list by another that the list could have.
    private static func change(
        _ metadata: inout [(key: Name, value: MetadataValue)], _ generator: inout SeededGenerator
    ) {
        let index = generator.integer(0...metadata.count - 1)
        func other(_ value: Int, _ generator: inout SeededGenerator) -> Int {
            [value + 1, max(value - 1, 0), 0, 1, 2, 3, 4, generator.integer(0...255)][generator.integer(0...7)]
        }
        switch metadata[index].value {
        case .bytes(var values):
            let place = generator.integer(0...values.count - 1)
            values[place] = UInt8(truncatingIfNeeded: other(Int(values[place]), &generator))
            metadata[index].value = .bytes(values)
        case .shorts(var values):
            let place = generator.integer(0...values.count - 1)
            values[place] = UInt16(truncatingIfNeeded: other(Int(values[place]), &generator))
            metadata[index].value = .shorts(values)
        case .texts(var values):
            values.swapAt(generator.integer(0...values.count - 1), generator.integer(0...values.count - 1))
            metadata[index].value = .texts(values)
        default: break
        }
    }
}
