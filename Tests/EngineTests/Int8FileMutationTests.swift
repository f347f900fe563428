import Model
import Engine
import Foundation
import ModelFile
import Pixels
import Quantizer
import TestSupport
import Testing
import Vision

/// Int8 model files that are not what they say: every one is rejected with the tensor's name, or runs.
@Suite struct Int8FileMutationTests {
    private static func error(_ quantizer: PlainQuantizer) throws -> EngineError? {
        let path = NSTemporaryDirectory() + "swiftlet-hostile-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        try quantizer.write(to: path)
        do {
            _ = try Model(file: try ModelFile(path: path), settings: ModelSettings())
            return nil
        } catch ModelError.engine(let error) {
            return error
        }
    }

    private static func set(_ value: Float, at index: Int, of tensor: inout PlainQuantizer.Tensor) {
        withUnsafeBytes(of: value) {
            tensor.data.replaceSubrange(index * 4..<index * 4 + 4, with: $0)
        }
    }

    /// Scales that are no scale, in every kind of tensor that has them.
    @Test(arguments: [Float.nan, .infinity, 0, -1, 1e-30, 1e30]) func scalesMustBePositive(value: Float) throws {
        let original = try GoldenModel.xxs.quantizer()
        for name in [
            "encoder.conv_1.unit", "encoder.layer_1.0.block.conv_3x3.unit", "encoder.conv_1.scale",
            "encoder.layer_3.1.global_rep.0.pre_norm_mha.1.attention.scale", "ssd_heads.5.loc_cls_layer.unit",
        ] {
            var quantizer = original
            quantizer.edit(name) { Self.set(value, at: 0, of: &$0) }
            #expect(try Self.error(quantizer) == .model(.tensor(Name(name), .badValues)), "\(name)")
        }
    }

    @Test(arguments: [Float.nan, .infinity]) func biasesMustBeFinite(value: Float) throws {
        let original = try GoldenModel.xxs.quantizer()
        for name in [
            "encoder.conv_1.bias", "encoder.layer_3.1.global_rep.0.pre_norm_mha.0.weight",
            "ssd_heads.5.loc_cls_layer.bias",
        ] {
            var quantizer = original
            quantizer.edit(name) { Self.set(value, at: 1, of: &$0) }
            #expect(try Self.error(quantizer) == .model(.tensor(Name(name), .badValues)), "\(name)")
        }
    }

    /// Without one of its tensors a file is rejected, and that tensor named.
    @Test func everyTensorIsNeeded() throws {
        let original = try GoldenModel.v05.quantizer()
        for index in stride(from: 0, to: original.tensors.count, by: 11) {
            let tensor = original.tensors[index]
            var quantizer = original
            quantizer.remove(tensor.name.text)
            #expect(try Self.error(quantizer) == .model(.tensor(tensor.name, .missing)))
        }
    }

    @Test func tensorsOfNoLayerAreRejected() throws {
        var quantizer = try GoldenModel.v05.quantizer()
        let name = Name("encoder.conv_2.scale")
        quantizer.append(.init(name: name, shape: TensorShape(1), type: .float32, data: [0, 0, 0, 0]))
        #expect(try Self.error(quantizer) == .model(.tensor(name, .unexpected)))
    }

    @Test func shapesAndTypesAreChecked() throws {
        let original = try GoldenModel.v05.quantizer()
        for index in stride(from: 0, to: original.tensors.count, by: 7) {
            let tensor = original.tensors[index]
            guard tensor.shape.count > 1 else { continue }
            var quantizer = original
            let flat = TensorShape(1, 1, 1, tensor.shape.count)
            quantizer.edit(tensor.name.text) {
                if tensor.shape == flat {
                    $0.shape = TensorShape($0.shape.count + 1)
                    $0.data.append(contentsOf: repeatElement(1, count: $0.type.byteCount))
                } else {
                    $0.shape = flat
                }
            }
            guard case .model(.tensor(let name, .shape)) = try Self.error(quantizer) else {
                Issue.record("\(tensor.name.text) passed in another shape")
                continue
            }
            #expect(name == tensor.name)
        }
        var quantizer = original
        quantizer.edit("encoder.conv_1.unit") {
            $0.type = .int8
            $0.data = Array(repeating: 0, count: $0.shape.count)
        }
        #expect(
            try Self.error(quantizer)
                == .model(.tensor(Name("encoder.conv_1.unit"), .type(expected: .float32, found: .int8))))
    }

    /// Weights and zero points outside what the kernels' sums allow for.
    @Test func valuesOutsideTheFormatAreRejected() throws {
        let original = try GoldenModel.xxs.quantizer()
        for name in ["encoder.layer_1.0.block.exp_1x1.weight", "encoder.layer_1.0.block.conv_3x3.weight"] {
            var quantizer = original
            quantizer.edit(name) { $0.data[5] = 0x80 }
            #expect(try Self.error(quantizer) == .model(.tensor(Name(name), .badValues)))
        }
        var quantizer = original
        quantizer.edit("encoder.layer_1.0.block.exp_1x1.weight") { tensor in
            for index in tensor.data.indices { tensor.data[index] = 127 }
        }
        #expect(
            try Self.error(quantizer)
                == .model(.tensor(Name("encoder.layer_1.0.block.exp_1x1.weight"), .badValues)))
        quantizer = original
        let qkv = "encoder.layer_3.1.global_rep.0.pre_norm_mha.1.qkv_proj"
        quantizer.edit(qkv + ".zero") { $0.data[70] = 1 }
        #expect(try Self.error(quantizer) == .model(.tensor(Name(truncating: qkv + ".zero"), .badValues)))
        quantizer = original
        quantizer.edit(qkv + ".scale") { Self.set(0.5, at: 3, of: &$0) }
        #expect(try Self.error(quantizer) == .model(.tensor(Name(truncating: qkv + ".scale"), .badValues)))
    }

    /// Whatever float a file's scales and biases are overwritten with: typed errors, or a network that runs.
    @Test func damagedValuesNeverTrap() throws {
        var generator = SeededGenerator(seed: 7)
        let original = try GoldenModel.xxs.quantizer()
        let names = original.tensors.filter { $0.type == .float32 }.map(\.name.text)
        let values: [Float] = [0x1p-60, 0x1p60, 0x1p-40, 1e-3, 1e3, -1e30, 1e30, .leastNonzeroMagnitude, 3e38]
        for _ in 0..<60 {
            var quantizer = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                quantizer.edit(names.randomElement(using: &generator)!) { tensor in
                    for index in 0..<tensor.shape.count where Bool.random(using: &generator) {
                        Self.set(values.randomElement(using: &generator)!, at: index, of: &tensor)
                    }
                }
            }
            let path = NSTemporaryDirectory() + "swiftlet-hostile-\(UUID().uuidString).gguf"
            defer { unlink(path) }
            try quantizer.write(to: path)
            let size = ImageSize(width: 64, height: 32)
            guard
                let detector = try? Model(
                    file: try ModelFile(path: path), size: size, settings: ModelSettings())
            else { continue }
            detector.run()
            _ = detector.result().detections
        }
    }
}

extension Name {
    fileprivate init(_ text: String) {
        self.init(truncating: text)
    }

    fileprivate init(truncating text: String) {
        let bytes = Array(text.utf8)
        self = bytes.withUnsafeBytes { Name(truncating: $0) }
    }
}
