import Checkpoint
import Model
import Files
import Foundation
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

@Suite struct ImporterTests {
    private let golden = try! Checkpoint(path: fixture("golden/xxs-ssd/model.pt"))
    private let scratch = NSTemporaryDirectory() + "swiftlet-import-\(UUID().uuidString)"

    @Test(arguments: [("xxs-ssd", "mobilevitv3-xxs-ssdlite"), ("v2-0.5-ssd", "mobilevitv3-0.5-ssdlite")])
    func recognisesNetworks(directory: String, name: String) throws {
        let importer = try Importer(
            try Checkpoint(path: fixture("golden/\(directory)/model.pt")), architecture: nil, precision: .fp32)
        #expect(importer.architecture.name == name)
        #expect(importer.classCount == 81)
    }

    /// A head cut down to 7 classes imports, and its logits are those of the first 7 classes of the full head.
    @Test func fewerClasses() throws {
        let kept = 7
        let trimmed = try rewritten { tensor in
            guard tensor.name.hasPrefix("ssd_heads."), tensor.name.contains("loc_cls_layer"),
                !tensor.name.contains("dw_conv")
            else { return (tensor.name, tensor.shape, try tensor.floats()) }
            let record = 4 + kept, anchors = tensor.shape[0] / 85
            let perChannel = tensor.shape.dropFirst().reduce(1, *), values = try tensor.floats()
            let rows = (0..<anchors).flatMap { anchor in (0..<record).map { anchor * 85 + $0 } }
            return (
                tensor.name, [anchors * record] + tensor.shape.dropFirst(),
                rows.flatMap { values[$0 * perChannel..<($0 + 1) * perChannel] }
            )
        }
        let importer = try Importer(trimmed, architecture: nil, precision: .fp32)
        #expect(importer.classCount == kept)
        let path = scratch + ".gguf"
        defer { unlink(path) }
        try importer.write(to: path, description: description(of: importer)) { _, _ in }

        let run = try TestSupport.golden("xxs-ssd/run_64x128_detail.safetensors")
        let detector = try Model(
            file: try ModelFile(path: path), size: ImageSize(width: 128, height: 64),
            settings: ModelSettings())
        let image = Image(size: ImageSize(width: 128, height: 64))
        _ = image.pixels.update(from: try #require(run["image_u8_rgb_hwc"]).bytes())
        detector.load(image)
        detector.run()
        let expected = try #require(run["confidences"]).floats()
        var worst: Float = 0
        for row in 0..<detector.task.anchors.count {
            for index in 0..<kept {
                let found = detector.engine.output[row * (4 + kept) + 4 + index]
                worst = max(worst, abs(found - expected[row * 81 + index]))
            }
        }
        #expect(expected.count == detector.task.anchors.count * 81 && worst <= 2e-4)
    }

    /// Every difference is reported, by name and shape, at once.
    @Test func allProblemsAtOnce() throws {
        let damaged = try rewritten { tensor in
            switch tensor.name {
            case "encoder.conv_1.block.conv.weight": ("encoder.conv_9.weight", tensor.shape, try tensor.floats())
            case "encoder.layer_3.1.global_rep.0.pre_norm_mha.1.qkv_proj.bias":
                (tensor.name, [96, 2], try tensor.floats())
            default: (tensor.name, tensor.shape, try tensor.floats())
            }
        }
        let error = #expect(throws: QuantizerError.self) {
            _ = try Importer(damaged, architecture: nil, precision: .fp32)
        }
        guard case .mismatch(let architecture, let problems) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(architecture == "mobilevitv3-xxs-ssdlite")
        #expect(
            Set(problems.map(\.message)) == [
                "missing encoder.conv_1.block.conv.weight, expected [16, 3, 3, 3]",
                "unexpected encoder.conv_9.weight [16, 3, 3, 3]",
                "encoder.layer_3.1.global_rep.0.pre_norm_mha.1.qkv_proj.bias is [96, 2], expected [192]",
            ])
    }

    @Test func otherNetworksAreNotRecognised() throws {
        let classifier = try Checkpoint(path: fixture("checkpoints/expected.safetensors"))
        #expect(throws: QuantizerError.self) { _ = try Importer(classifier, architecture: nil, precision: .fp32) }
        #expect(throws: QuantizerError.noSuchArchitecture("yolo")) {
            _ = try Importer(golden, architecture: "yolo", precision: .fp32)
        }
    }

    @Test func valuesThatCannotBeStoredAreNamed() throws {
        let name = "encoder.layer_4.0.block.red_1x1.block.conv.weight"
        for (value, precision) in [(Float.nan, StoragePrecision.fp32), (3e38, .fp16)] {
            let broken = try rewritten { tensor in
                var values = try tensor.floats()
                if tensor.name == name { values[5] = value }
                return (tensor.name, tensor.shape, values)
            }
            let importer = try Importer(broken, architecture: nil, precision: precision)
            let directory = scratch + "-broken"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let path = directory + "/model.gguf"
            let error = #expect(throws: QuantizerError.self) {
                try importer.write(to: path, description: description(of: importer)) { _, _ in }
            }
            #expect(error?.message.contains("encoder.layer_4.0.block.red_1x1") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        }
    }

    /// Elements of another type than weights have, in a file whose names and shapes fit.
    @Test(arguments: [("I8", "int8"), ("BOOL", "bool"), ("F8_E4M3", "F8_E4M3")])
    func quantisedWeightsAreRejected(stored: String, told: String) throws {
        let odd = "encoder.conv_1.block.conv.weight"
        for isAll in [false, true] {
            let tensors = golden.tensors.filter { !$0.name.hasSuffix("num_batches_tracked") }
            var header: [String: Any] = [:], end = 0
            for tensor in tensors {
                let isOdd = isAll || tensor.name == odd
                let size = tensor.elementCount * (isOdd ? 1 : 4)
                header[tensor.name] = [
                    "dtype": isOdd ? stored : "F32", "shape": tensor.shape, "data_offsets": [end, end + size],
                ]
                end += size
            }
            let text = try JSONSerialization.data(withJSONObject: header)
            var data = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
            data.append(text)
            data.append(Data(count: end))
            let file = try CheckpointFile(bytes: data)
            let error = #expect(throws: QuantizerError.self) {
                _ = try Importer(file, architecture: nil, precision: .fp32)
            }
            guard case .mismatch(_, let problems) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(problems.count == (isAll ? tensors.count : 1))
            #expect(problems.contains(.elementType(odd, found: told)))
            #expect(error?.message.contains("save the weights before they are quantised") == true)
        }
    }

    @Test func unwritableTarget() throws {
        let importer = try Importer(golden, architecture: nil, precision: .fp32)
        #expect(throws: QuantizerError.cannotWrite(path: "/nonexistent/model.gguf", .system(ENOENT))) {
            try importer.write(to: "/nonexistent/model.gguf", description: description(of: importer)) { _, _ in }
        }
    }

    /// The model file says again what it was told.
    @Test func descriptionSurvivesTheFile() throws {
        let importer = try Importer(golden, architecture: nil, precision: .fp16)
        var told = description(of: importer)
        told.input = InputFormat(
            size: ImageSize(width: 448, height: 256), fit: .letterbox, channelOrder: .rgb, scale: 0.5, mean: [1, 2, 3],
            standardDeviation: [4, 5, 6])
        told.resize = .bicubicPillow
        told.task = .detection(DetectionDescription(suppression: .acrossClasses(candidatesPerClass: 30, limit: 20)))
        let path = scratch + "-description.gguf"
        defer { unlink(path) }
        try importer.write(to: path, description: told) { _, _ in }
        let read = try ModelDescription(try ModelFile(path: path))
        #expect(read.family == told.family)
        #expect(
            read.input.size == told.input.size && read.input.fit == .letterbox && read.input.channelOrder == .rgb
                && read.input.scale == 0.5)
        #expect(read.input.mean[2] == 3 && read.input.standardDeviation[0] == 4)
        #expect(read.resize == .bicubicPillow && read.labels == told.labels && read.name == told.name)
        guard case .detection(let task) = read.task, case .acrossClasses(30, 20) = task.suppression else {
            Issue.record("the task is \(read.task)")
            return
        }
    }

    /// A letterboxed image gives what a stretched one with its margins painted gives, in units of the image itself.
    @Test(arguments: [(128, 64), (64, 128), (128, 128)]) func letterboxIsAnImageWithMargins(width: Int, height: Int) throws {
        let importer = try Importer(golden, architecture: nil, precision: .fp32)
        func detector(_ fit: ImageFit) throws -> Model {
            let path = scratch + "-fit.gguf"
            defer { unlink(path) }
            let labels = (0..<81).map { "label \($0)" }
            try importer.write(
                to: path,
                description: importer.description(labels: labels, size: ImageSize(width: 128, height: 128), fit: fit)
            ) { _, _ in }
            return try Model(
                file: try ModelFile(path: path), settings: ModelSettings(threshold: 0.02, resize: .upstream))
        }
        let left = (128 - width) / 2, top = (128 - height) / 2
        var generator = SeededGenerator(seed: 5)
        let image = Image(size: ImageSize(width: width, height: height))
        let painted = Image(size: ImageSize(width: 128, height: 128))
        painted.pixels.update(repeating: 114)
        for y in 0..<height {
            for x in 0..<width * 3 {
                let value = UInt8(generator.integer(0...255))
                image.pixels[y * width * 3 + x] = value
                painted.pixels[((top + y) * 128 + left) * 3 + x] = value
            }
        }
        let letterboxed = try detector(.letterbox), stretched = try detector(.stretch)
        letterboxed.load(image)
        stretched.load(painted)
        letterboxed.engine.run()
        stretched.engine.run()
        let found = Array(letterboxed.result().detections), expected = Array(stretched.result().detections)
        #expect(found.count == expected.count && !found.isEmpty)
        for (found, expected) in zip(found, expected) {
            #expect(found.classIndex == expected.classIndex && abs(found.score - expected.score) < 1e-5)
            let box = found.box, size = Float(128)
            for (side, other) in [
                (box.left * Float(width) + Float(left), expected.box.left),
                (box.top * Float(height) + Float(top), expected.box.top),
                (box.right * Float(width) + Float(left), expected.box.right),
                (box.bottom * Float(height) + Float(top), expected.box.bottom),
            ] { #expect(abs(side - other * size) < 0.01) }
        }
    }

    private func description(of importer: Importer) -> ModelDescription {
        importer.description(
            labels: (0..<importer.classCount).map { "label \($0)" }, size: ImageSize(width: 320, height: 320))
    }

    /// The golden checkpoint with each tensor replaced, by way of a safetensors file.
    private func rewritten(
        _ change: (CheckpointTensor) throws -> (name: String, shape: [Int], values: [Float])
    ) throws -> Checkpoint {
        var writer = SafetensorsWriter()
        for tensor in golden.tensors {
            let (name, shape, values) = try change(tensor)
            try writer.add(name, shape: shape, values)
        }
        let path = scratch + "-\(UUID().uuidString).safetensors"
        // The checkpoint keeps its mapping.
        defer { unlink(path) }
        try writer.write(to: path)
        return try Checkpoint(path: path)
    }
}

@Suite struct DetectorMutationTests {
    /// Damaged headers of a real model are rejected or give a detector that runs; they never crash it.
    @Test func damagedModelsAreHarmless() throws {
        let importer = try Importer(
            try Checkpoint(path: fixture("golden/xxs-ssd/model.pt")), architecture: nil, precision: .fp16)
        let path = NSTemporaryDirectory() + "swiftlet-mutation-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        let labels = (0..<81).map { "label \($0)" }
        try importer.write(
            to: path, description: importer.description(labels: labels, size: ImageSize(width: 64, height: 64))
        ) { _, _ in }
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let dataStart = try ModelFile(path: path).tensors[0].byteRange.lowerBound
        let header = Array(original[..<dataStart]), data = original[dataStart...]

        let mutator = Mutator(seed: 7)
        var rejected = 0
        for index in 0..<400 {
            let bytes = mutator.mutation(index, of: header) + data
            do {
                try bytes.withUnsafeBytes { raw in
                    let detector = try Model(
                        file: try ModelFile(borrowing: raw), size: ImageSize(width: 33, height: 40),
                        settings: ModelSettings(threshold: 0.05))
                    detector.run()
                    _ = detector.result().detections.count
                }
            } catch {
                rejected += 1
            }
        }
        #expect(rejected > 200 && rejected < 400)
    }
}
