import Checkpoint
import Foundation
import TestSupport
import Testing

func open(_ bytes: [UInt8], verifiesChecksums: Bool = true) throws(CheckpointError) -> Checkpoint {
    try Checkpoint(bytes: Data(bytes), verifiesChecksums: verifiesChecksums)
}

private func bytes<Element>(_ values: [Element]) -> [UInt8] { values.withUnsafeBytes { [UInt8]($0) } }

@Suite struct TorchFileTests {
    /// Files that torch 1.11 and 2.x wrote, against the same tensors as the safetensors library wrote them.
    @Test(arguments: [
        "zip_torch2.pt", "zip_torch1.11.pt", "zip_torch1.11_cuda_tag.pt", "legacy_pre1.6.pt",
        "zip_full_training_checkpoint.pt",
    ])
    func readsWhatTorchWrote(_ file: String) throws {
        let expected = try Checkpoint(path: fixture("checkpoints/expected.safetensors"))
        let found = try Checkpoint(path: fixture("checkpoints/\(file)"))
        #expect(Set(found.tensors.map(\.name)) == Set(expected.tensors.map(\.name)))
        #expect(found.tensors.first?.name == "encoder.conv_1.block.conv.weight")
        for tensor in expected.tensors {
            let twin = try #require(found[tensor.name])
            #expect(twin.shape == tensor.shape && twin.elementType == tensor.elementType, "\(tensor.name)")
            #expect(try twin.bytes() == tensor.bytes(), "\(tensor.name)")
            #expect(try twin.floats() == tensor.floats(), "\(tensor.name)")
        }
        #expect(found["no such tensor"] == nil)
    }

    @Test func convertsEveryElementType() throws {
        let values: [Float] = [0, 1, 127]
        let cases: [(String, ElementType, [UInt8], [Float])] = [
            ("FloatStorage", .float32, bytes([-0.5 as Float, 0x1p-140, .infinity]), [-0.5, 0x1p-140, .infinity]),
            ("HalfStorage", .float16, bytes([0x3C00, 0x0001, 0xFC00] as [UInt16]), [1, 0x1p-24, -.infinity]),
            ("BFloat16Storage", .bfloat16, bytes([0x3FC0, 0x0001, 0xFF80] as [UInt16]), [1.5, 0x1p-133, -.infinity]),
            ("DoubleStorage", .float64, bytes([0.1, 1e300, -2.5]), [0.1, .infinity, -2.5]),
            ("LongStorage", .int64, bytes([-1, 1 << 40, 16_777_217]), [-1, 0x1p40, 16_777_216]),
            ("IntStorage", .int32, bytes([0, 1, 127] as [Int32]), values),
            ("ShortStorage", .int16, bytes([-3, 1, 127] as [Int16]), [-3, 1, 127]),
            ("CharStorage", .int8, bytes([-128, 1, 127] as [Int8]), [-128, 1, 127]),
            ("ByteStorage", .uint8, [255, 1, 127], [255, 1, 127]),
            ("BoolStorage", .bool, [0, 1, 1], [0, 1, 1]),
        ]
        for (type, elementType, stored, expected) in cases {
            let pickle = PickleBuilder.single(type, storageCount: 3, shape: [3], strides: [1])
            let tensor = try #require(try open(ZipBuilder.torch(pickle, storages: [stored]).bytes)["x"])
            #expect(tensor.elementType == elementType)
            #expect(try tensor.floats() == expected, "\(type)")
            #expect(try tensor.bytes() == stored, "\(type)")
        }
    }

    /// Views of random shape, order of axes, step and offset, against plain index arithmetic.
    @Test func gathersStridedViews() throws {
        var generator = SeededGenerator(seed: 7)
        let stored = (0..<2000).map(Float.init)
        for _ in 0..<300 {
            let shape = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Int.random(in: 1...4, using: &generator)
            }
            var strides = shape
            var step = Int.random(in: 0...3, using: &generator)
            for axis in shape.indices.shuffled(using: &generator) {
                strides[axis] = step
                step = max(step, 1) * shape[axis]
            }
            let offset = Int.random(in: 0...500, using: &generator)
            var expected = [Float(offset)]
            for axis in shape.indices {
                expected = expected.flatMap { base in (0..<shape[axis]).map { base + Float($0 * strides[axis]) } }
            }
            let pickle = PickleBuilder.single(storageCount: 2000, offset: offset, shape: shape, strides: strides)
            let tensor = try #require(try open(ZipBuilder.torch(pickle, storages: [bytes(stored)]).bytes)["x"])
            #expect(try tensor.floats() == expected, "shape \(shape), strides \(strides), offset \(offset)")
        }
    }

    /// Averaged weights win over trained ones; other entries, tensors too, are not mistaken for weights.
    @Test func choosesTheNestedStateDict() throws {
        func state(_ offset: Int) -> (inout PickleBuilder) -> Void {
            { pickle in
                pickle.dictionary([
                    ("x", { $0.tensor(storageCount: 4, offset: offset, shape: [1], strides: [1]) }),
                    ("_extra_state", { $0.op("N") }),
                ])
            }
        }
        let metric: (inout PickleBuilder) -> Void = { $0.tensor(storageCount: 4, offset: 3, shape: [], strides: []) }
        func value(_ items: [(String, (inout PickleBuilder) -> Void)]) throws -> [Float] {
            var pickle = PickleBuilder()
            pickle.dictionary(items)
            let file = ZipBuilder.torch(pickle.stopped, storages: [bytes([0, 1, 2, 3] as [Float])])
            let checkpoint = try open(file.bytes)
            #expect(checkpoint.tensors.map(\.name) == ["x"])
            return try #require(checkpoint["x"]).floats()
        }
        #expect(try value([("best", metric), ("model_state_dict", state(0)), ("ema_state_dict", state(1))]) == [1])
        #expect(try value([("model", state(2)), ("state_dict", state(1)), ("optimizer", state(0))]) == [1])
        #expect(try value([("ema_state_dict", { $0.op("N") }), ("model", state(2))]) == [2])
        #expect(try value([("x", metric), ("epoch", { $0.integer(3) })]) == [3])
    }

    /// Parameters, sizes, Python 2's ordered dictionaries and the opcodes of pickle protocol 4.
    @Test func readsOtherSpellings() throws {
        var pickle = PickleBuilder()
        pickle.bytes = [0x80, 4, 0x95] + littleEndian(UInt64(0))
        for name in ["collections", "OrderedDict"] {
            pickle.bytes += [0x8C, UInt8(name.utf8.count)] + Array(name.utf8) + [0x94]
        }
        pickle.bytes.append(0x93)  // STACK_GLOBAL
        pickle.op("]")
        pickle.op("]")
        pickle.bytes += Array("U\u{1}p".utf8)  // SHORT_BINSTRING
        pickle.op("a")
        pickle.global("torch._utils", "_rebuild_parameter")
        pickle.tensor(storageCount: 2, shape: [2], strides: [1])
        pickle.bytes += [0x88, UInt8(ascii: "}"), 0x87]  // True, {}, TUPLE3
        pickle.op("R")
        pickle.op("a")
        pickle.op("a")
        pickle.bytes.append(0x85)  // TUPLE1
        pickle.op("R")
        let file = ZipBuilder.torch(pickle.stopped, storages: [bytes([1, 2] as [Float])])
        #expect(try #require(try open(file.bytes)["p"]).floats() == [1, 2])
    }

    @Test func readsZip64() throws {
        let pickle = PickleBuilder.single(storageCount: 2, shape: [2], strides: [1])
        var file = ZipBuilder.torch(pickle, storages: [bytes([1, 2] as [Float])])
        file.isWide = true
        #expect(try #require(try open(file.bytes)["x"]).floats() == [1, 2])
    }

    @Test func doesNotReadForeignFiles() throws {
        #expect(throws: CheckpointError.notACheckpoint) { try open([]) }
        #expect(throws: CheckpointError.notACheckpoint) { try open(Array("GGUF\u{3}\0\0\0\0\0\0\0".utf8)) }
        let missing = fixture("checkpoints/missing.pt")
        #expect(throws: CheckpointError.cannotOpen(path: missing, errno: ENOENT)) { try Checkpoint(path: missing) }
        let folder = fixture("checkpoints")
        #expect(throws: CheckpointError.cannotOpen(path: folder, errno: EISDIR)) { try Checkpoint(path: folder) }
    }
}
