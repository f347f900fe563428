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

    /// A segmenter's file with other words, numbers or labels in it: rejected with a typed error, or its mask has the size of
    /// the input.
    @Test func changedSegmentersAreHarmless() throws {
        let path = scratch(), changed = scratch()
        defer { for each in [path, changed] { unlink(each) } }
        let told = SmallClassifier.segmenter()
        try told.write(to: path)
        let file = try ModelFile(path: path), described = try told.description.metadata()
        let metadata = described + told.graph.metadata
        let layouts = file.tensors.map {
            GGUFWriter.Layout(name: $0.name, shape: $0.shape, storageType: $0.storageType)
        }
        let words = ["detection", "classification", "segmentation", "aligned-edges", "aligned-corners", "letterbox", "", "x"]
        var random = SeededGenerator(seed: 8), ran = 0, rejected = 0
        for _ in 0..<300 {
            var changes = metadata
            for _ in 0..<random.integer(1...2) {
                let index = random.integer(0...described.count - 1)
                switch changes[index].value {
                case .integer: changes[index].value = .integer([0, 1, 31, 33, 200, 2048, 2049, .max][random.integer(0...7)])
                case .text: changes[index].value = .text(words[random.integer(0...7)])
                case .texts(let labels):
                    changes[index].value = .texts([labels.dropLast(), labels + ["more"], [], labels][random.integer(0...3)])
                case .float: changes[index].value = .float([0, .nan, .infinity, 2][random.integer(0...3)])
                default: changes.remove(at: index)
                }
            }
            try GGUFWriter.write(to: changed, metadata: [(Name("general.file_type"), .integer(0))] + changes, layouts: layouts) {
                Data(file.data(of: file.tensors[$0]))
            }
            do throws(ModelError) {
                let read: ModelFile
                do throws(ModelFileError) { read = try ModelFile(path: changed) } catch { throw .model(error) }
                let model = try Model(file: read, settings: ModelSettings(threshold: 0))
                model.load(SmallClassifier.image(seed: 1))
                model.run()
                ran += 1
                guard let mask = model.result().mask else { continue }
                let isWhole = model.format.fit == .stretch
                #expect(mask.size == model.format.size || !isWhole)
                #expect(mask.classes.allSatisfy { Int($0) < model.description.labels.count })
                #expect(abs(model.result().segments.reduce(0) { $0 + $1.share } - 1) < 1e-4)
            } catch {
                rejected += 1
            }
        }
        #expect(ran > 30 && rejected > 100, "\(ran) ran, \(rejected) were rejected")
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
