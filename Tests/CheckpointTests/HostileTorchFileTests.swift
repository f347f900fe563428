import Checkpoint
import TestSupport
import Testing

private let floats = [UInt8](repeating: 0, count: 16)

private func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in bytes } }

/// The error that opening gives, or nil.
private func failure(_ bytes: [UInt8]) -> CheckpointError? {
    do {
        _ = try open(bytes)
        return nil
    } catch {
        return error
    }
}

@Suite struct HostileTorchFileTests {
    @Test(arguments: [("posix", "system"), ("os", "system"), ("builtins", "eval"), ("torch", "load"), ("subprocess", "Popen")])
    func executesNothing(_ module: String, _ name: String) {
        var pickle = PickleBuilder()
        pickle.global(module, name)
        pickle.string("false")
        pickle.bytes.append(0x85)
        pickle.op("R")
        let expected = CheckpointError.forbiddenGlobal("\(module).\(name)")
        #expect(failure(ZipBuilder.torch(pickle.stopped).bytes) == expected)
        #expect(failure(pickle.stopped) == expected)
        #expect(expected.message.contains("\(module).\(name)"))
    }

    @Test func survivesDeepNesting() {
        let marks = [0x80, 2] + [UInt8](repeating: UInt8(ascii: "("), count: 1_000_000)
        guard case .limitExceeded(.nesting, _) = failure(marks) else {
            Issue.record("marks: \(String(describing: failure(marks)))")
            return
        }
        // A tuple in a tuple in a tuple: parsed, walked and released without recursion.
        let tuples = [0x80, 2, UInt8(ascii: ")")] + [UInt8](repeating: 0x85, count: 500_000) + [UInt8(ascii: ".")]
        #expect(failure(ZipBuilder.torch(tuples).bytes) == .noStateDict)
        // A list that contains itself.
        let cycle: [UInt8] = [0x80, 2] + Array("]q\0h\0a.".utf8)
        #expect(failure(ZipBuilder.torch(cycle).bytes) == .noStateDict)
        let json = [UInt8](repeating: UInt8(ascii: "["), count: 200_000)
        let header = Array("{\"x\":".utf8) + json
        #expect(failure(littleEndian(UInt64(header.count)) + header) == .malformed(.safetensorsHeader, offset: 8))
    }

    @Test func boundsThePickle() {
        let pushes = [0x80, 2] + [UInt8](repeating: UInt8(ascii: "N"), count: 400_000)
        guard case .limitExceeded(.stackDepth, _) = failure(pushes) else {
            Issue.record("stack")
            return
        }
        let work = [0x80, 2] + repeated(Array("N0".utf8), 1 << 21)
        guard case .limitExceeded(.opcodes, _) = failure(work) else {
            Issue.record("opcodes")
            return
        }
        // One list of pairs, copied into thousands of dictionaries.
        var copies = PickleBuilder()
        copies.bytes += Array("](".utf8) + repeated(Array("NN".utf8) + [0x86], 10_000)
        copies.bytes += Array("eq\0".utf8)
        copies.global("collections", "OrderedDict")
        copies.bytes += Array("q\u{1}".utf8)
        for _ in 0..<1_000 { copies.bytes += Array("h\u{1}h\0".utf8) + [0x85] + Array("R0".utf8) }
        guard case .limitExceeded(.opcodes, _) = failure(copies.bytes) else {
            Issue.record("copies")
            return
        }
        let long = [0x80, 2, UInt8(ascii: "X")] + littleEndian(UInt32.max) + [0]
        #expect(failure(long) == .truncated(.pickle, offset: 7))
        let line = [0x80, 2, UInt8(ascii: "c")] + [UInt8](repeating: UInt8(ascii: "a"), count: 70_000)
        guard case .limitExceeded(.stringLength, _) = failure(line) else {
            Issue.record("line")
            return
        }
        #expect(failure([0x80, 2, 0x82]) == .unsupportedOpcode(0x82, offset: 2))
        #expect(failure([0x80, 2, UInt8(ascii: "R")]) == .malformed(.pickle, offset: 3))
    }

    /// Views past their storage, and products, sums and strides that overflow.
    @Test(
        arguments: [
            (0, [5], [1]), (1, [4], [1]), (5, [], []), (-1, [1], [1]), (0, [2], [4]), (0, [-1], [1]), (0, [2], [-1]),
            (.max, [2], [1]), (0, [.max, .max], [1, 1]), (0, [.max, 2], [0, 0]), (0, [2, 2], [.max, .max]),
            (0, [2], [1, 1]), (1, [.max], [.max]),
        ] as [(Int, [Int], [Int])])
    func rejectsViewsPastTheirStorage(_ offset: Int, _ shape: [Int], _ strides: [Int]) {
        let pickle = PickleBuilder.single(storageCount: 4, offset: offset, shape: shape, strides: strides)
        switch failure(ZipBuilder.torch(pickle, storages: [floats]).bytes) {
        case .invalidTensor("x", .outsideStorage(elements: 4)), .invalidCall("torch._utils._rebuild_tensor_v2", _):
            break
        case let other: Issue.record("\(String(describing: other))")
        }
    }

    /// An expanded view is as large as it claims once it is copied.
    @Test func boundsExpandedViews() throws {
        let small = PickleBuilder.single(storageCount: 4, shape: [100, 4], strides: [0, 1])
        #expect(try open(ZipBuilder.torch(small, storages: [floats]).bytes).tensors[0].floats().count == 400)
        let large = PickleBuilder.single(storageCount: 4, shape: [1 << 40, 4], strides: [0, 1])
        #expect(failure(ZipBuilder.torch(large, storages: [floats]).bytes) == .limitExceeded(.elements, offset: 0))
        let none = PickleBuilder.single(storageCount: 4, offset: 4, shape: [0, .max, .max], strides: [.max, 9, 1])
        #expect(try open(ZipBuilder.torch(none, storages: [floats]).bytes).tensors[0].floats() == [])
        // Nothing is stepped along an axis of one element, so its stride may be anything.
        let idle = PickleBuilder.single(storageCount: 4, shape: [2, 1], strides: [2, .max])
        let whole = try open(ZipBuilder.torch(idle, storages: [floats]).bytes).tensors[0].bytes()
        #expect(whole == Array(floats[0..<4] + floats[8..<12]))
        for (shape, strides) in [([2, 0], [Int.max, .max]), ([2, 1, 0], [2, .max, .max]), ([0, 2], [.max, 2])] {
            let empty = PickleBuilder.single(storageCount: 4, shape: shape, strides: strides)
            #expect(try open(ZipBuilder.torch(empty, storages: [floats]).bytes).tensors[0].floats() == [])
        }
        let manyAxes = PickleBuilder.single(
            storageCount: 4, shape: .init(repeating: 1, count: 40), strides: .init(repeating: 1, count: 40))
        guard case .limitExceeded(.rank, _) = failure(ZipBuilder.torch(manyAxes, storages: [floats]).bytes) else {
            Issue.record("rank")
            return
        }
    }

    @Test func rejectsFalseZipClaims() {
        let pickle = PickleBuilder.single(storageCount: 4, shape: [4], strides: [1])
        func file(_ change: (inout ZipBuilder) -> Void) -> CheckpointError? {
            var builder = ZipBuilder.torch(pickle, storages: [floats])
            change(&builder)
            return failure(builder.bytes)
        }
        #expect(file { _ in } == nil)
        #expect(file { $0.entries[1].method = 8 } == .compressedRecord("archive/data/0"))
        #expect(file { $0.entries[0].flags = 1 } == .compressedRecord("archive/data.pkl"))
        #expect(file { $0.entries[1].checksum = 1 } == .checksumMismatch(record: "archive/data/0"))
        #expect(file { $0.entries.append($0.entries[1]) } == .duplicateRecord("archive/data/0"))
        #expect(file { $0.entries.removeLast() } == .missingRecord("archive/data/0"))
        #expect(file { $0.entries.removeFirst() } == .missingRecord("data.pkl"))
        #expect(
            file { $0.entries[1].bytes += [0] } == .invalidTensor("x", .sizeMismatch(expected: 16, found: 17)))
        #expect(file { $0.entries.append(.init(name: "archive/constants.pkl", bytes: [])) } == .torchScript)
        #expect(file { $0.entries.append(.init(name: "archive/byteorder", bytes: Array("big".utf8))) } == .bigEndian)
        for claim in [1 << 31, 1 << 63, UInt64.max] {
            for change: (inout ZipBuilder) -> Void in [
                { $0.entries[1].claimedSize = claim }, { $0.entries[1].claimedOffset = claim },
                { $0.claimedCount = claim },
            ] {
                let error = file { builder in
                    builder.isWide = true
                    change(&builder)
                }
                switch error {
                case .truncated(.zipRecord, _), .malformed(.zipDirectory, _), .invalidTensor("x", .sizeMismatch): break
                case let other: Issue.record("claim \(claim): \(String(describing: other))")
                }
            }
        }
    }

    @Test func rejectsFalseStorageClaims() {
        let huge = PickleBuilder.single(storageCount: .max, shape: [4], strides: [1])
        #expect(
            failure(ZipBuilder.torch(huge, storages: [floats]).bytes)
                == .invalidTensor("x", .sizeMismatch(expected: .max, found: 16)))
        let unknown = PickleBuilder.single("ComplexFloatStorage", storageCount: 4, shape: [4], strides: [1])
        #expect(
            failure(ZipBuilder.torch(unknown, storages: [floats]).bytes)
                == .noStateDict)
    }

    /// A file cut anywhere gives an error: both formats end in bytes that they need.
    @Test(arguments: [
        "zip_torch2.pt", "zip_torch1.11.pt", "zip_full_training_checkpoint.pt", "legacy_pre1.6.pt",
        "expected.safetensors",
    ])
    func rejectsEveryPrefix(_ file: String) throws {
        let bytes = try fixtureBytes("checkpoints/\(file)")
        for length in 0..<bytes.count where failure(Array(bytes[..<length])) == nil {
            Issue.record("opens when cut at byte \(length)")
        }
    }
}
