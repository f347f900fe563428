import Engine
import Foundation
import Model
import ModelFile
import Quantizer
import Service
import TestSupport
import Testing
import Vision

/// What model files say of their tasks, and what becomes of it.
@Suite struct ModelTaskTests {
    private func scratch() -> String { NSTemporaryDirectory() + "swiftlet-task-\(UUID().uuidString).gguf" }

    /// A file that is read and written again keeps every byte: the order of its keys, too.
    @Test(arguments: ["xxs-fp16", "xxs-int8", "0.5-int8"]) func detectorsKeepTheirBytes(name: String) throws {
        let original = fixture("../../models/cards/\(name).gguf"), path = scratch()
        defer { unlink(path) }
        let file = try ModelFile(path: original), description = try ModelDescription(file)
        let graph = try GraphFile(file).graph(
            input: MapShape(height: description.input.size.height, width: description.input.size.width, channels: 3),
            keepsAll: true)
        let type = UInt32(try file.integer(Name("general.file_type"), in: 0...100))
        let metadata = try [(Name("general.file_type"), .integer(type))] + description.metadata() + graph.metadata
        let layouts = file.tensors.map {
            GGUFWriter.Layout(name: $0.name, shape: $0.shape, storageType: $0.storageType)
        }
        try GGUFWriter.write(to: path, metadata: metadata, layouts: layouts) { Data(file.data(of: file.tensors[$0])) }
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contentsOf: URL(fileURLWithPath: original)))
    }

    /// The classes are those of a softmax in double precision over the engine's logits, which differ between images.
    @Test(arguments: [false, true]) func classesAreTheSoftmaxOfTheLogits(half: Bool) throws {
        let path = scratch()
        defer { unlink(path) }
        try SmallClassifier(classes: 24).write(to: path, half: half)
        var settings = ModelSettings(limit: 5)
        let model = try Model(file: try ModelFile(path: path), settings: settings)
        settings = ModelSettings(
            threshold: 0.05, classThresholds: [.init(label: Array("class 0".utf8), threshold: 0.9)])
        let strict = try Model(file: try ModelFile(path: path), settings: settings)
        var best: Set<Float> = []
        for seed in 0..<8 {
            let image = SmallClassifier.image(seed: UInt64(seed))
            image.pixels.prefix(image.pixels.count * seed / 8).update(repeating: 255)
            var logits = [Float](repeating: 0, count: 24)
            for each in [model, strict] {
                each.load(image)
                each.run()
            }
            logits.withUnsafeMutableBufferPointer { model.engine.copyPredictions(to: $0) }
            let exponentials = logits.map { exp(Double($0) - Double(logits.max()!)) }
            let expected = exponentials.map { $0 / exponentials.reduce(0, +) }
            let order = expected.indices.sorted { expected[$0] > expected[$1] }
            let found = Array(model.result().classes)
            #expect(found.map { Int($0.classIndex) } == Array(order.prefix(5)))
            for entry in found { #expect(abs(Double(entry.score) - expected[Int(entry.classIndex)]) < 1e-6) }
            #expect(model.result().detections.isEmpty)
            best.insert(found[0].score)
            let above = order.filter { expected[$0] > ($0 == 0 ? 0.9 : 0.05) }
            #expect(strict.result().classes.map { Int($0.classIndex) } == above)
        }
        #expect(best.count > 1)
    }

    /// The file says again what it was told.
    @Test func descriptionsSurviveTheFile() throws {
        let path = scratch()
        defer { unlink(path) }
        for upsampling in [Upsampling.alignedEdges, .alignedCorners] {
            var told = SmallClassifier()
            told.description.task = .segmentation(SegmentationDescription(upsampling: upsampling))
            try told.write(to: path)
            let read = try ModelDescription(try ModelFile(path: path))
            guard case .segmentation(let task) = read.task else {
                Issue.record("the task is \(read.task)")
                return
            }
            #expect(task.upsampling == upsampling && read.labels == told.description.labels && read.classes == 0..<16)
        }
        try SmallClassifier(classes: 1).write(to: path)
        let read = try ModelDescription(try ModelFile(path: path))
        #expect(read.task.kind == .classification && read.labels.count == 1)
    }

    /// An output that the task cannot have, labels that are not as many as logits, thresholds for other classes.
    @Test func whatDoesNotFitIsRejected() throws {
        func problem(_ classifier: SmallClassifier, _ settings: ModelSettings = ModelSettings()) throws -> String? {
            let path = scratch()
            defer { unlink(path) }
            try classifier.write(to: path)
            let file = try ModelFile(path: path)
            do throws(ModelError) {
                _ = try Model(file: file, settings: settings)
                return nil
            } catch {
                return error.message(model: "m.gguf", classThresholds: settings.classThresholds)
            }
        }
        #expect(try problem(SmallClassifier()) == nil)
        #expect(
            try problem(SmallClassifier(isPooled: false))
                == "m.gguf: a classifier's output must be 1 x 1, not 12 x 16: end its graph with a mean over all pixels")
        var odd = SmallClassifier()
        odd.description.labels.removeLast()
        #expect(try problem(odd) == "m.gguf: key 'labels' is out of range")
        #expect(try problem(.segmenter()) == nil && problem(.segmenter(classes: 255)) == nil)
        #expect(try problem(.segmenter(classes: 256)) == "m.gguf: key 'labels' is out of range")
        odd = .segmenter()
        odd.description.labels.removeLast()
        #expect(try problem(odd) == "m.gguf: key 'labels' is out of range")
        let settings = ModelSettings(classThresholds: [.init(label: Array("class 00".utf8), threshold: 0.9)])
        #expect(
            try problem(SmallClassifier(), settings) == "m.gguf: unknown class 'class 00': did you mean 'class 0'?")
    }
}
