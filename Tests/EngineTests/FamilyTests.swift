import Checkpoint
import DeviceChecks
import Engine
import Foundation
import ModelFile
import Pixels
import TestSupport
import Testing
import Vision

@testable import Model
@testable import Quantizer

/// Networks of every kind against upstream's own outputs, or those of an implementation without our code: the narrow ones
/// of Tests/Fixtures/golden, and those in the directory that SWIFTLET_GOLDENS names.
@Suite struct FamilyTests {
    /// A checkpoint, and what comes of it.
    struct Golden: CustomTestStringConvertible, Sendable {
        let directory: String
        var name: String { (directory as NSString).lastPathComponent }
        var testDescription: String { name }

        var checkpoint: String {
            let safetensors = directory + "/model.safetensors"
            return FileManager.default.fileExists(atPath: safetensors) ? safetensors : directory + "/model.pt"
        }

        func runs() throws -> [(name: String, tensors: Checkpoint)] {
            try files(directory).filter { $0.hasPrefix("run_") }.map { ($0, try Checkpoint(path: directory + "/" + $0)) }
        }

        /// Of an output whose largest value is `largest`; of upstream's own goldens as their README says.
        func tolerance(largest: Float) -> Float {
            FamilyChecks.published.first { "\($0.network)" == name }?.tolerance ?? 1e-5 * largest
        }

        /// What is not to be seen in a checkpoint.
        func unseen(_ run: String) -> UnseenSizes {
            var unseen = UnseenSizes()
            if name.hasSuffix("stride8") { (unseen.outputStride, unseen.rates) = (8, [2, 3, 4]) }
            if let match = run.firstMatch(of: /patch(\d)/) { unseen.patchSizes = .init(repeating: Int(match.1)!, count: 3) }
            return unseen
        }
    }

    static let narrow = files(fixture("golden")).filter { $0.hasPrefix("narrow-") }.map {
        Golden(directory: fixture("golden/" + $0))
    }
    static let goldens: [Golden] = {
        let more = ProcessInfo.processInfo.environment["SWIFTLET_GOLDENS"].map { parent in
            files(parent).map { parent + "/" + $0 }.filter { !files($0).isEmpty }
        }
        return narrow + (more ?? []).map(Golden.init)
    }()

    private static func files(_ directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    /// A model file of a golden's network, in a directory that goes away with it.
    private final class ModelOnDisk {
        let directory = NSTemporaryDirectory() + "swiftlet-family-\(UUID().uuidString)"
        let importer: Importer
        let size: ImageSize
        private let image: Image

        init(_ golden: Golden, _ run: String, _ tensors: Checkpoint, _ precision: StoragePrecision) throws {
            let pixels = try #require(tensors["image_u8_rgb_hwc"])
            size = ImageSize(width: pixels.shape[1], height: pixels.shape[0])
            image = Image(size: size)
            _ = image.pixels.update(from: try pixels.bytes())
            importer = try Importer(
                CheckpointFile(path: golden.checkpoint), architecture: nil, unseen: golden.unseen(run), precision: precision)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let labels = (0..<importer.classCount).map { "class \($0)" }
            try importer.write(to: path(), description: importer.description(labels: labels, size: size)) { _, _ in }
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        func path(_ name: String = "float") -> String { directory + "/\(name).gguf" }

        /// After a run on the image.
        func engine(
            _ name: String = "float", path kernels: KernelPath? = nil, threads: Int = 1, observing: Bool = false
        ) throws -> Engine {
            let file = try ModelFile(path: path(name))
            let (description, format, graph) = try Model.read(file)
            let engine = try Engine(
                graph: graph, file: file, threads: threads, path: kernels, observing: observing, pixels: PixelScaling(format))
            let input = ImageInput(format: format, settings: ModelSettings(), upstream: description.resize)
            input.load(image, into: engine.input.isEmpty ? .bytes(engine.inputBytes) : .values(engine.input))
            engine.run()
            return engine
        }

        /// Writes the network in int8, with the ranges of the image.
        func quantise() throws {
            let file = try ModelFile(path: path()), (description, _, graph) = try Model.read(file)
            let scheme = try QuantisationScheme(graph), statistics = scheme.statistics(of: try engine(observing: true))
            try Int8Model(FloatModel(file, description, graph), scheme, statistics).write(to: path("int8")) { _, _ in }
        }
    }

    @Test(arguments: goldens) func outputsEqualTheReferences(golden: Golden) throws {
        let runs = try golden.runs()
        #expect(!runs.isEmpty)
        for (run, tensors) in runs {
            for precision in StoragePrecision.allCases {
                let model = try ModelOnDisk(golden, run, tensors, precision)
                let expected = try #require(FamilyChecks.outputs(path: golden.directory + "/" + run))
                let found = Self.values(of: try model.engine())
                let largest = expected.map(abs).max()!
                let tolerance = precision == .fp32 ? golden.tolerance(largest: largest) : 0.03 * largest
                let worst = try Self.worst(found, expected)
                #expect(worst <= tolerance, "\(run), \(precision): \(worst) of \(largest)")
                if precision == .fp32, let mask = tensors["mask_argmax_u8"] {
                    try Self.expect(mask, found, try #require(tensors["logits_lowres"]).shape, model.importer)
                }
            }
        }
    }

    /// The same bits on every path, and as near to the references as weights allow that were never trained.
    @Test(arguments: narrow) func int8IsNearTheReferences(golden: Golden) throws {
        for (run, tensors) in try golden.runs() {
            let model = try ModelOnDisk(golden, run, tensors, .fp32)
            try model.quantise()
            let expected = try #require(FamilyChecks.outputs(path: golden.directory + "/" + run))
            let found = Self.values(of: try model.engine("int8", path: .scalar))
            let noise = zip(found, expected).map { ($0 - $1) * ($0 - $1) }.reduce(0, +)
            let share = (noise / expected.map { $0 * $0 }.reduce(0, +)).squareRoot()
            #expect(share <= 0.35, "\(run): \(share)")
            for path in KernelPath.available(for: .int8) {
                for threads in [1, 3] {
                    let other = Self.values(of: try model.engine("int8", path: path, threads: threads))
                    #expect(other == found, "\(run), \(path), \(threads) threads")
                }
            }
        }
    }

    private static func worst(_ found: [Float], _ expected: [Float]) throws -> Float {
        try #require(found.count == expected.count)
        return zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    }

    /// At most a thousandth of a mask's pixels may be of another class.
    private static func expect(
        _ mask: CheckpointTensor, _ logits: [Float], _ shape: [Int], _ importer: Importer
    ) throws {
        let expected = [UInt8](try mask.bytes()), classCount = shape[1]
        let size = ImageSize(width: mask.shape[2], height: mask.shape[1])
        let labels = [String](repeating: "", count: classCount)
        guard case .segmentation(let task) = importer.description(labels: labels, size: size).task else {
            Issue.record("is no segmenter")
            return
        }
        let decoder = SegmentationDecoder(
            mapSize: ImageSize(width: shape[3], height: shape[2]), classCount: classCount, size: size,
            upsampling: task.upsampling)
        let thresholds = [Float](repeating: 0, count: classCount), area = ImageFit.stretch.area(of: size, in: size)
        let found = logits.withUnsafeBufferPointer {
            Array(decoder.decode(.fp32($0), area: area, thresholds: thresholds).mask.classes)
        }
        let others = zip(found, expected).count { $0 != $1 }
        #expect(others * 1000 <= expected.count, "\(others) of \(expected.count) pixels")
        #expect(Set(expected).count > 1)
    }

    private static func values(of engine: Engine) -> [Float] {
        switch engine.predictions {
        case .fp32(let values): Array(values)
        case .fp16(let values): values.map { Float(Float16(bitPattern: $0)) }
        }
    }
}
