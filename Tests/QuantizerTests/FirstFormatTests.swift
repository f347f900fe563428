import Files
import Foundation
import Model
import ModelFile
import Service
import TestSupport
import Testing

@testable import Quantizer

/// Files of the format without a graph become what the importer and the quantiser write, to the byte.
@Suite struct FirstFormatTests {
    @Test(arguments: [(GoldenModel.xxs, "fp16"), (.v05, "fp32"), (.xxs, "int8"), (.v05, "int8")])
    func anUpgradedFileIsAsOneMadeAnew(model: GoldenModel, precision: String) throws {
        let made = precision == "int8" ? try model.int8Path() : try model.path(StoragePrecision(rawValue: precision)!)
        let old = scratch(), new = scratch()
        defer { for path in [old, new] { unlink(path) } }
        try Self.write(try ModelFile(path: made), model, to: old)
        try FirstFormat.upgrade(try ModelFile(path: old), to: new, inputs: InputFiles())
        #expect(try Data(contentsOf: URL(fileURLWithPath: new)) == Data(contentsOf: URL(fileURLWithPath: made)))
        #expect(throws: QuantizerError.notFirstFormat) {
            try FirstFormat.upgrade(try ModelFile(path: new), to: old, inputs: InputFiles())
        }
    }

    /// What could not run afterwards replaces nothing.
    @Test func aFileThatLacksATensorIsRejected() throws {
        let old = scratch(), new = scratch()
        defer { for path in [old, new] { unlink(path) } }
        let file = try ModelFile(path: GoldenModel.xxs.path(.fp16))
        let missing = file.tensors[0].name
        try Self.write(file, .xxs, dropping: 1, to: old)
        try Data("precious".utf8).write(to: URL(fileURLWithPath: new))
        #expect(throws: QuantizerError.model(.engine(.model(.tensor(missing, .missing))))) {
            try FirstFormat.upgrade(try ModelFile(path: old), to: new, inputs: InputFiles())
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: new)) == Data("precious".utf8))
    }

    /// Sizes that are each allowed, and make a map that no graph has.
    @Test func aNetworkTooLargeIsRejected() throws {
        let old = scratch(), new = scratch()
        defer { unlink(old) }
        try Self.write(try ModelFile(path: GoldenModel.xxs.path(.fp16)), .xxs, to: old) { key, value in
            switch key {
            case "stem.channels": value = .integer(4096)
            case "expansion": value = .integer(8)
            case "input.width", "input.height": value = .integer(2048)
            default: break
            }
        }
        #expect {
            try FirstFormat.upgrade(try ModelFile(path: old), to: new, inputs: InputFiles())
        } throws: {
            guard case .model(.graph(let error)) = $0 as? QuantizerError else { return false }
            return error.problem == .tooLarge && error.name.matches("encoder.conv_1")
        }
        #expect(!FileManager.default.fileExists(atPath: new))
    }

    /// Without the upgrade it is rejected, and the command is named.
    @Test func anOldFileNamesTheCommand() throws {
        let old = scratch()
        defer { unlink(old) }
        try Self.write(try ModelFile(path: GoldenModel.xxs.path(.fp16)), .xxs, to: old)
        let file = try ModelFile(path: old)
        let error = try #require(throws: ModelError.self) { _ = try Model(file: file, settings: ModelSettings()) }
        guard case .model(.format(1)) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.message(model: "old.gguf").hasPrefix("old.gguf: "))
        #expect(error.message(model: "old.gguf").contains("swiftlet-model upgrade OLD.gguf -o NEW.gguf"))
    }

    private func scratch() -> String { NSTemporaryDirectory() + "swiftlet-first-\(UUID().uuidString).gguf" }

    /// The tensors of `file` with the metadata that the first format had, for 80 classes at 320x320.
    private static func write(
        _ file: ModelFile, _ model: GoldenModel, dropping dropped: Int = 0, to path: String,
        change: (String, inout MetadataValue) -> Void = { _, _ in }
    ) throws {
        let isXXS = model == .xxs
        func key(_ suffix: String) -> Name { Name("mobilevitv3-ssdlite." + suffix) }
        var metadata: [(key: Name, value: MetadataValue)] = [
            (Name("general.file_type"), .integer(UInt32(try file.integer(Name("general.file_type"), in: 0...7)))),
            (Name("general.architecture"), .text("mobilevitv3-ssdlite")),
            (Name("general.name"), .text(isXXS ? "MobileViTv3-XXS SSDLite" : "MobileViTv3-0.5 SSDLite")),
            (key("attention.kind"), .text(isXXS ? "multi-head" : "separable")),
            (key("attention.head_count"), .integer(isXXS ? 4 : 1)),
            (key("expansion"), .integer(2)),
            (key("stem.channels"), .integer(16)),
            (key("early.channels"), .integers(isXXS ? [16, 24] : [32, 64])),
            (key("layer_2.depth"), .integer(isXXS ? 3 : 2)),
            (key("stage.channels"), .integers(isXXS ? [64, 80, 128] : [128, 192, 256])),
            (key("stage.token_channels"), .integers(isXXS ? [64, 80, 96] : [64, 96, 128])),
            (key("stage.feed_forward_channels"), .integers(isXXS ? [128, 160, 192] : [128, 192, 256])),
            (key("stage.depth"), .integers([2, 4, 3])),
            (key("ssd.extra_channels"), .integers([256, 128, 128, 64])),
            (key("ssd.projection_channels"), .integers([512, isXXS ? 256 : 0, 0, 0, 0, 0])),
            (key("ssd.anchor.minimum_scale"), .float(0.1)),
            (key("ssd.anchor.maximum_scale"), .float(1.05)),
            (key("ssd.anchor.aspect_ratios"), .floats([2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2])),
            (key("ssd.anchor.aspect_ratio_counts"), .integers([2, 2, 2, 2, 2, 1])),
            (key("ssd.centre_variance"), .float(0.1)),
            (key("ssd.size_variance"), .float(0.2)),
            (key("ssd.suppression.kind"), .text(isXXS ? "per-class" : "across-classes")),
            (key("ssd.suppression.limit"), .integer(200)),
            (key("ssd.suppression.candidates_per_class"), .integer(isXXS ? 1_000_000 : 400)),
            (key("ssd.suppression.iou_threshold"), .float(0.5)),
            (key("input.width"), .integer(320)),
            (key("input.height"), .integer(320)),
            (key("input.fit"), .text("stretch")),
            (key("input.channel_order"), .text(isXXS ? "bgr" : "rgb")),
            (key("input.resize"), .text(isXXS ? "opencv-bilinear" : "pillow-bicubic")),
            (key("input.scale"), .float(1 / 255)),
            (key("input.mean"), .floats([0, 0, 0])),
            (key("input.standard_deviation"), .floats([1, 1, 1])),
            (key("labels"), .texts(["background"] + COCO.labels)),
        ]
        for index in metadata.indices {
            change(metadata[index].key.text.replacing("mobilevitv3-ssdlite.", with: ""), &metadata[index].value)
        }
        let tensors = file.tensors.dropFirst(dropped)
        let layouts = tensors.map {
            GGUFWriter.Layout(name: $0.name, shape: $0.shape, storageType: $0.storageType)
        }
        try GGUFWriter.write(to: path, metadata: metadata, layouts: layouts) {
            Data(file.data(of: tensors[dropped + $0]))
        }
    }
}
