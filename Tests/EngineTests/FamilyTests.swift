import Checkpoint
import Engine
import Foundation
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

@testable import Model

/// Networks of every kind against upstream's own outputs, or those of an implementation without our code: the narrow ones
/// of Tests/Fixtures/golden, and those in the directories that SWIFTLET_GOLDENS names, separated by colons.
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
            let published: [String: Float] = [
                "v1-xxs-cls": 5e-5, "v2-0.5-cls": 2e-4, "v3-xs-ssd": 4e-4, "v3-0.75-ssd": 2e-3, "fastvit-t8": 5e-5,
                "deeplabv3-v3xxs": 1e-3, "deeplabv3-v3-0.5-aspp64": 1e-3,
            ]
            return published[name] ?? 1e-5 * largest
        }

        /// What is not to be seen in a checkpoint.
        func unseen(_ run: String) -> UnseenSizes {
            var unseen = UnseenSizes()
            if name.hasSuffix("stride8") { (unseen.outputStride, unseen.rates) = (8, [2, 3, 4]) }
            if let match = run.firstMatch(of: /patch(\d)/) { unseen.patchSizes = .init(repeating: Int(match.1)!, count: 3) }
            return unseen
        }
    }

    static let goldens: [Golden] = {
        let narrow = files(fixture("golden")).filter { $0.hasPrefix("narrow-") }.map { fixture("golden/" + $0) }
        let more = ProcessInfo.processInfo.environment["SWIFTLET_GOLDENS"]?.split(separator: ":").map(String.init) ?? []
        return (narrow + more).map(Golden.init)
    }()

    private static func files(_ directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    /// The engine, and what puts an image into its input.
    private static func engine(
        _ golden: Golden, _ run: String, _ precision: StoragePrecision, size: ImageSize
    ) throws -> (engine: Engine, input: ImageInput, importer: Importer) {
        let importer = try Importer(
            CheckpointFile(path: golden.checkpoint), architecture: nil, unseen: golden.unseen(run), precision: precision)
        let path = NSTemporaryDirectory() + "swiftlet-family-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        let labels = (0..<importer.classCount).map { "class \($0)" }
        try importer.write(to: path, description: importer.description(labels: labels, size: size)) { _, _ in }
        let file = try ModelFile(path: path)
        let (description, format, graph) = try Model.read(file)
        let engine = try Engine(graph: graph, file: file, threads: 1, pixels: PixelScaling(format))
        return (engine, ImageInput(format: format, settings: ModelSettings(), upstream: description.resize), importer)
    }

    @Test(arguments: goldens) func outputsEqualTheReferences(golden: Golden) throws {
        let runs = try golden.runs()
        #expect(!runs.isEmpty)
        for (run, tensors) in runs {
            let image = try #require(tensors["image_u8_rgb_hwc"])
            let size = ImageSize(width: image.shape[1], height: image.shape[0])
            for precision in StoragePrecision.allCases {
                let (engine, input, importer) = try Self.engine(golden, run, precision, size: size)
                let pixels = Image(size: size)
                _ = pixels.pixels.update(from: try image.bytes())
                input.load(pixels, into: engine.input.isEmpty ? .bytes(engine.inputBytes) : .values(engine.input))
                engine.run()
                let expected = try Self.expected(tensors, importer.architecture)
                let found = Self.values(of: engine)
                try #require(found.count == expected.count)
                let largest = expected.map(abs).max()!
                let worst = zip(found, expected).map { abs($0 - $1) }.max()!
                let tolerance = precision == .fp32 ? golden.tolerance(largest: largest) : 0.03 * largest
                #expect(worst <= tolerance, "\(run), \(precision): \(worst) of \(largest)")
            }
        }
    }

    private static func values(of engine: Engine) -> [Float] {
        switch engine.predictions {
        case .fp32(let values): Array(values)
        case .fp16(let values): values.map { Float(Float16(bitPattern: $0)) }
        }
    }

    /// In the order of the network's output.
    private static func expected(_ tensors: Checkpoint, _ architecture: Architecture) throws -> [Float] {
        switch architecture.task {
        case .classification: return try #require(tensors["logits"] ?? tensors["logits_train_form"]).floats()
        case .segmentation:
            let logits = try #require(tensors["logits_lowres"]), values = try logits.floats()
            let classes = logits.shape[1], pixels = logits.shape[2] * logits.shape[3]
            return (0..<pixels * classes).map { values[$0 % classes * pixels + $0 / classes] }
        case .detection:
            let scores = try #require(tensors["confidences"]), boxes = try #require(tensors["locations"]).floats()
            let logits = try scores.floats(), classes = scores.shape[2]
            var rows: [Float] = []
            for row in 0..<scores.shape[1] {
                rows += boxes[row * 4..<row * 4 + 4]
                rows += logits[row * classes..<(row + 1) * classes]
            }
            return rows
        }
    }
}
