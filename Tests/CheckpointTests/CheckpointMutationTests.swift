import Checkpoint
import TestSupport
import Testing

/// Damaged files give an error or tensors of the sizes they claim; under AddressSanitizer also no access out of bounds.
@Suite struct CheckpointMutationTests {
    static let seed: UInt64 = 20_240_601
    static let mutationsPerFile = 800
    static let files = [
        "zip_torch2.pt", "zip_torch1.11_cuda_tag.pt", "zip_full_training_checkpoint.pt", "legacy_pre1.6.pt",
        "expected.safetensors", "numpy_torch2.pt", "numpy_protocol2.pkl", "numpy_protocol5.pkl",
    ]

    @Test(arguments: files) func survives(_ file: String) throws {
        let donors = try Self.files.map { try fixtureBytes("checkpoints/\($0)") }
        let original = try fixtureBytes("checkpoints/\(file)")
        let mutator = Mutator(seed: Self.seed)
        var opened = 0
        for index in 0..<Self.mutationsPerFile {
            let bytes = mutator.mutation(index, of: original, donors: donors)
            // Checksums would stop most of them early.
            if try Self.check(bytes, "\(file), seed \(Self.seed), index \(index)") { opened += 1 }
        }
        #expect(opened > 0, "no mutation gets as far as its tensors")
    }

    /// The pickle alone, where most of the logic is: mutated inside of a sound zip file.
    @Test func survivesMutatedPickles() throws {
        var pickle = PickleBuilder()
        pickle.dictionary([
            ("epoch", { $0.integer(3) }),
            (
                "state_dict",
                { pickle in
                    pickle.dictionary([
                        ("a", { $0.tensor(storageCount: 12, offset: 1, shape: [2, 3], strides: [1, 3]) }),
                        ("b", { $0.tensor("LongStorage", key: "1", storageCount: 6, shape: [], strides: []) }),
                    ])
                }
            ),
        ])
        let storages = [[UInt8](repeating: 1, count: 48), [UInt8](repeating: 2, count: 48)]
        let mutator = Mutator(seed: Self.seed)
        for index in 0..<2_000 {
            let mutated = mutator.mutation(index, of: pickle.stopped)
            _ = try Self.check(
                ZipBuilder.torch(mutated, storages: storages).bytes, "pickle, seed \(Self.seed), index \(index)")
        }
    }

    /// Offsets, counts, sizes and strides that no arithmetic may trust, one to four of them at a time.
    @Test func survivesExtremeIntegers() throws {
        var pickle = PickleBuilder()
        pickle.dictionary([
            ("a", { $0.tensor(storageCount: 12, offset: 1, shape: [2, 1, 3], strides: [1, 4, 3]) }),
            ("b", { $0.tensor("LongStorage", key: "1", storageCount: 6, shape: [2, 3], strides: [3, 1]) }),
            ("c", { $0.tensor("HalfStorage", key: "2", storageCount: 0, shape: [0, 2], strides: [2, 1]) }),
        ])
        let original = pickle.stopped
        let fields = original.indices.dropLast(9).filter { original[$0] == 0x8A && original[$0 + 1] == 8 }
        #expect(fields.count == 20)
        let extremes = [
            0, 1, 2, -1, 1 << 31, 1 << 32, 1 << 60, 1 << 61, 1 << 62, .max / 3, .max - 1, .max, .min, .min + 1,
        ]
        let storages = [48, 48, 0].map { [UInt8](repeating: 1, count: $0) }
        var generator = SeededGenerator(seed: Self.seed)
        var opened = 0
        for index in 0..<4_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let start = fields.randomElement(using: &generator)! + 2
                bytes.replaceSubrange(start..<start + 8, with: littleEndian(extremes.randomElement(using: &generator)!))
            }
            let zip = ZipBuilder.torch(bytes, storages: storages).bytes
            if try Self.check(zip, "integers, seed \(Self.seed), index \(index)") { opened += 1 }
        }
        #expect(opened > 100)
    }

    /// Reads everything; returns whether the file opened.
    private static func check(_ bytes: [UInt8], _ origin: String) throws -> Bool {
        guard let checkpoint = try? open(bytes, verifiesChecksums: false) else { return false }
        for tensor in checkpoint.tensors {
            let floats = try tensor.floats()
            let stored = try tensor.bytes()
            #expect(floats.count == tensor.shape.reduce(1, *), "\(origin)")
            #expect(stored.count == floats.count * tensor.elementType.size, "\(origin)")
        }
        return true
    }
}
