import Checkpoint
import Files
import Foundation
import TestSupport
import Testing

func open(_ bytes: [UInt8], verifiesChecksums: Bool = true) throws(CheckpointError) -> Checkpoint {
    try Checkpoint(bytes: Data(bytes), verifiesChecksums: verifiesChecksums)
}

private func bytes<Element>(_ values: [Element]) -> [UInt8] { values.withUnsafeBytes { [UInt8]($0) } }

@Suite struct TorchFileTests {
    /// Files that torch 1.11 and 2.x wrote, against the same tensors as the safetensors library wrote them; and arrays of
    /// NumPy, in Fortran's order too, that torch and Python's pickle wrote.
    @Test(arguments: [
        "zip_torch2.pt", "zip_torch1.11.pt", "zip_torch1.11_cuda_tag.pt", "legacy_pre1.6.pt",
        "zip_full_training_checkpoint.pt", "numpy_torch2.pt", "numpy_protocol2.pkl", "numpy_protocol5.pkl",
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

    /// Every dictionary of tensors is found, with its place; other entries, tensors too, are not mistaken for one.
    @Test func findsDictionariesWhereverTheyAre() throws {
        func state(_ offset: Int) -> (inout PickleBuilder) -> Void {
            { pickle in
                pickle.dictionary([
                    ("x", { $0.tensor(storageCount: 4, offset: offset, shape: [1], strides: [1]) }),
                    ("_extra_state", { $0.op("N") }),
                ])
            }
        }
        let metric: (inout PickleBuilder) -> Void = { $0.tensor(storageCount: 4, offset: 3, shape: [], strides: []) }
        var pickle = PickleBuilder()
        pickle.dictionary([
            ("epoch", { $0.integer(3) }), ("best", metric), ("none", { $0.op("N") }), ("state_dict", state(0)),
            ("deeper", { $0.dictionary([("in", state(1))]) }),
            (
                "list",
                { pickle in
                    pickle.op("(")
                    pickle.integer(7)
                    state(2)(&pickle)
                    pickle.op("t")
                }
            ),
            // An object of an unknown class, made by its constructor and given its attributes.
            (
                "trainer",
                { pickle in
                    pickle.global("somewhere.else", "Trainer")
                    pickle.bytes += [UInt8(ascii: ")"), 0x81]
                    pickle.dictionary([("weights", state(3))])
                    pickle.op("b")
                }
            ),
        ])
        let bytes = ZipBuilder.torch(pickle.stopped, storages: [bytes([0, 1, 2, 3] as [Float])]).bytes
        let file = try CheckpointFile(bytes: Data(bytes))
        #expect(
            file.dictionaries.map(\.place) == [
                [], ["state_dict"], ["deeper", "in"], ["list", "[1]"], ["trainer", "weights"],
            ])
        #expect(file.skipped == ["somewhere.else.Trainer"])
        for (value, dictionary) in zip([3, 0, 1, 2, 3] as [Float], file.dictionaries) {
            #expect(try file.tensors(of: [dictionary.entries[0]])[0].floats() == [value])
            let names = dictionary.entries.map(\.name)
            #expect(names == (dictionary.place.isEmpty ? ["best", "trainer"] : ["x"]))
        }
    }

    /// torch.save(module): the tensors of a tree of modules under the names of its state_dict.
    @Test func readsWholeModules() throws {
        func module(
            _ tensors: [(String, Int)], _ modules: [(String, (inout PickleBuilder) -> Void)]
        ) -> (inout PickleBuilder) -> Void {
            { pickle in
                pickle.global("my.models", "Block")
                pickle.bytes += [UInt8(ascii: ")"), 0x81]
                pickle.dictionary([
                    ("training", { $0.bytes.append(0x88) }),
                    (
                        "_parameters",
                        {
                            $0.dictionary(
                                tensors.map { name, offset in
                                    (name, { $0.tensor(storageCount: 4, offset: offset, shape: [1], strides: [1]) })
                                } + [("bias", { $0.op("N") })])
                        }
                    ),
                    ("_buffers", { $0.dictionary([]) }), ("_modules", { $0.dictionary(modules) }),
                ])
                pickle.op("b")
            }
        }
        var pickle = PickleBuilder()
        let tree = module(
            [("a", 0)], [("first", module([("b", 1)], [("in", module([("c", 2)], []))])), ("second", module([("b", 3)], []))])
        pickle.dictionary([("model", tree), ("epoch", { $0.integer(1) })])
        let stored = bytes([0, 1, 2, 3] as [Float])
        let file = try CheckpointFile(bytes: Data(ZipBuilder.torch(pickle.stopped, storages: [stored]).bytes))
        #expect(file.dictionaries.map(\.place) == [["model"]])
        #expect(file.dictionaries[0].entries.map(\.name) == ["a", "first.b", "first.in.c", "second.b"])
        let values = try file.tensors(of: file.dictionaries[0].entries).map { try $0.floats()[0] }
        #expect(values == [0, 1, 2, 3])
    }

    /// The bits with which PyTorch puts off a negation or a conjugation: such elements are not those of the storage.
    @Test(arguments: ["neg", "conj"]) func rejectsChangedViews(bit: String) throws {
        for isSet in [false, true] {
            var tensor = PickleBuilder()
            tensor.tensor(storageCount: 1, shape: [1], strides: [1])
            // The metadata follow the hooks, before the tuple's end and the call.
            var call = PickleBuilder()
            call.bytes = tensor.bytes.dropFirst(2).dropLast(2)
            call.dictionary([(bit, { $0.bytes.append(isSet ? 0x88 : 0x89) })])
            call.bytes += Array("tR".utf8)
            var pickle = PickleBuilder()
            pickle.dictionary([
                ("x", { $0.bytes += call.bytes }), ("y", { $0.tensor(storageCount: 1, shape: [1], strides: [1]) }),
            ])
            let file = try CheckpointFile(
                bytes: Data(ZipBuilder.torch(pickle.stopped, storages: [bytes([5] as [Float])]).bytes))
            let entry = try #require(file.dictionaries.first?.entries.first)
            if isSet {
                let error = #expect(throws: CheckpointError.self) { try file.tensors(of: [entry]) }
                #expect(error?.message.hasPrefix("tensor x is a negated or conjugated view") == true)
            } else {
                #expect(try file.tensors(of: [entry])[0].floats() == [5])
            }
        }
    }

    /// What is not known is skipped, whatever opcode makes or fills it; as a tensor that is asked for it is rejected.
    @Test func skipsWhatIsNotKnown() throws {
        let objects: [(inout PickleBuilder) -> Void] = [
            // A call, an object with a list's elements, with a dictionary's, with keywords, of old classes.
            { $0.bytes += Array("cnumpy\nscalar\nN\u{85}".unicodeScalars.map { UInt8($0.value) }) + Array("R".utf8) },
            { $0.bytes += Array("ccollections\ndeque\n)R(K\u{1}K\u{2}e".utf8) },
            {
                $0.bytes += Array("ceasydict\nEasyDict\n)R(".utf8); $0.string("k"); $0.bytes += Array("Nu}b".utf8)
            },
            { $0.bytes += Array("cmy\nThing\n)}".utf8) + [0x92] },
            { $0.bytes += Array("(imy\nThing\n".utf8) },
            { $0.bytes += Array("(cmy\nThing\nNo".utf8) },
            // Bytes that are no text in a Python 2 string, and a text without end.
            { $0.bytes += Array("U\u{2}".utf8) + [0xFF, 0xFE] },
            { $0.string(String(repeating: "x", count: 100_000)) },
        ]
        for (index, object) in objects.enumerated() {
            var pickle = PickleBuilder()
            pickle.dictionary([
                ("odd", object), ("x", { $0.tensor(storageCount: 1, shape: [1], strides: [1]) }), ("after", object),
            ])
            let file = try CheckpointFile(
                bytes: Data(ZipBuilder.torch(pickle.stopped, storages: [bytes([5] as [Float])]).bytes))
            let dictionary = try #require(file.dictionaries.first)
            let tensor = try #require(dictionary.entries.first { $0.name == "x" })
            #expect(try file.tensors(of: [tensor])[0].floats() == [5], "object \(index)")
            for entry in dictionary.entries where entry.name != "x" {
                #expect(throws: CheckpointError.unknownTensor(entry.name, maker: entry.maker ?? "")) {
                    try file.tensors(of: [entry])
                }
            }
        }
    }

    /// Before protocol 3 an array's bytes are a text, however long. What is of another size than its shape is rejected.
    @Test func readsArraysOfNumPy() throws {
        func file(_ shape: [Int], type: String = "f4", order: String = "<", _ text: String) -> [UInt8] {
            var pickle = PickleBuilder()
            pickle.dictionary([
                (
                    "x",
                    {
                        $0.global("numpy._core.multiarray", "_reconstruct")
                        $0.bytes += Array("cnumpy\nndarray\nK\u{0}\u{85}".unicodeScalars.map { UInt8($0.value) })
                        $0.bytes += Array("C\u{1}b".utf8) + [0x87] + Array("R(K\u{1}".utf8)
                        $0.tuple(shape)
                        $0.global("numpy", "dtype")
                        $0.string(type)
                        $0.bytes += [0x89, 0x88, 0x87] + Array("R(K\u{3}".utf8)
                        $0.string(order)
                        $0.bytes += Array("NNNtb".utf8) + [0x89]
                        $0.global("_codecs", "encode")
                        $0.string(text)
                        $0.string("latin1")
                        $0.bytes += [0x86] + Array("Rtb".utf8)
                    }
                )
            ])
            return ZipBuilder.torch(pickle.stopped, storages: []).bytes
        }
        let values = (0..<20_000).map { Float($0) - 0.5 }
        let text = String(String.UnicodeScalarView(bytes(values).map { Unicode.Scalar($0) }))
        #expect(try #require(try open(file([100, 200], text))["x"]).floats() == values)
        for (shape, type) in [([100, 201], "f4"), ([20_000], "f8"), ([3], "f2"), ([0], "u1")] {
            #expect(throws: CheckpointError.self, "\(shape)") { try open(file(shape, type: type, text)) }
        }
        for (shape, type, order) in [([-1], "f4", "<"), ([1 << 62, 4], "f4", "<"), ([20_000], "f4", ">"), ([20_000], "V4", "|")] {
            #expect(throws: CheckpointError.noStateDict, "\(shape) \(type)") {
                try open(file(shape, type: type, order: order, text))
            }
        }
        #expect(throws: CheckpointError.self) { try open(file([1], "\u{100}abc")) }
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
        let cases: [(ForeignFile, [UInt8])] = [
            (.empty, []), (.zeros, [0, 0, 0, 0, 0, 0, 0, 0, 0]), (.gguf, Array("GGUF\u{3}\0\0\0\0\0\0\0".utf8)),
            (.gitLFS, Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8)),
            (.webPage, Array("\n<!DOCTYPE html><html>Sign in</html>".utf8)),
            (.webPage, Array("<?xml version='1.0'?><Error/>".utf8)),
            (.json, Array("{\"error\":{\"code\":404}}".utf8)), (.text, Array("404: Not Found".utf8)),
            (.text, Array("a".utf8) + Array("grün".utf8).dropLast(2)), (.compressed("gzip"), [0x1F, 0x8B, 8, 0]),
            (.compressed("xz"), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), (.archive("7z"), [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
            (.model("TensorFlow Lite"), [0x1C, 0, 0, 0] + Array("TFL3".utf8)), (.image("JPEG"), [0xFF, 0xD8, 0xFF, 0xE0]),
            (.model("ONNX"), [8, 7, 0x12, 7] + Array("pytorch".utf8) + [0x1A, 5] + Array("2.1.0".utf8)),
            (.numpy, [0x93] + Array("NUMPY".utf8)), (.hdf5, [0x89] + Array("HDF\r\n\u{1A}\n".utf8)),
            (.archive("tar"), [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8)),
            (.pickle, [0x80, 4, 0x4B, 1, UInt8(ascii: ".")]),
        ]
        for (kind, bytes) in cases {
            #expect(throws: CheckpointError.foreignFile(kind)) { try open(bytes) }
        }
        #expect(throws: CheckpointError.notACheckpoint) { try open([1, 2, 3]) }
        func archive(_ names: String...) -> [UInt8] { ZipBuilder(entries: names.map { .init(name: $0, bytes: [1]) }).bytes }
        #expect(throws: CheckpointError.foreignFile(.zipOf("best.pt"))) { try open(archive("readme.txt", "best.pt")) }
        #expect(throws: CheckpointError.foreignFile(.numpy)) { try open(archive("a.npy", "b.npy")) }
        #expect(throws: CheckpointError.foreignFile(.zip("a/b.json"))) { try open(archive("a/b.json")) }
        let missing = fixture("checkpoints/missing.pt")
        #expect(throws: CheckpointError.file(path: missing, .system(ENOENT))) { try Checkpoint(path: missing) }
        let directory = fixture("checkpoints")
        #expect(throws: CheckpointError.file(path: directory, .directory)) { try Checkpoint(path: directory) }
        #expect(throws: CheckpointError.file(path: "/dev/zero", .notRegularFile)) { try Checkpoint(path: "/dev/zero") }
    }
}
