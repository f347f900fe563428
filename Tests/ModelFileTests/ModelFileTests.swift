import Foundation
import ModelFile
import Quantizer
import TestSupport
import Testing

/// A small but complete model file, and its bytes.
enum SampleFile {
    static func bytes() throws -> [UInt8] {
        let path = NSTemporaryDirectory() + "swiftlet-sample-\(UUID().uuidString).gguf"
        defer { unlink(path) }
        let layouts = [
            GGUFWriter.Layout(name: Name("first.weight"), shape: TensorShape(2, 3), storageType: .float32),
            GGUFWriter.Layout(name: Name("second.weight"), shape: TensorShape(1, 3, 3, 4), storageType: .float16),
        ]
        try GGUFWriter.write(
            to: path,
            metadata: [
                (Name("general.architecture"), .text("sample")),
                (Name("sample.count"), .integer(7)),
                (Name("sample.scale"), .float(0.25)),
                (Name("sample.sizes"), .integers([1, 2, 3])),
                (Name("sample.ratios"), .floats([2, 3])),
                (Name("sample.labels"), .texts(["background", "ace", "käse"])),
            ], layouts: layouts
        ) { index in
            Data((0..<(index == 0 ? 24 : 72)).map { UInt8($0) })
        }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Reads everything that a file offers; the sum keeps the reads from being optimised away.
    static func readAll(_ bytes: [UInt8]) throws(ModelFileError) -> Int {
        // A copy of exactly this size, so that AddressSanitizer sees a read past the end.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let file = try ModelFile(borrowing: UnsafeRawBufferPointer(copy))
        var sum = 0
        for tensor in file.tensors { for byte in file.data(of: tensor) { sum += Int(byte) } }
        sum += try file.text(Name("general.architecture")).count
        sum += try file.integer(Name("sample.count"), in: 0...100)
        sum += Int(try file.float(Name("sample.scale")).bitPattern)
        for value in try file.integers(Name("sample.sizes"), count: 0...10, in: 0...1000) { sum += value }
        for value in try file.floats(Name("sample.ratios"), count: 0...10) { sum += Int(value.bitPattern) }
        for label in try file.texts(Name("sample.labels"), count: 0...10) { for byte in label { sum += Int(byte) } }
        return sum
    }
}

@Suite struct ModelFileTests {
    @Test func readsWhatWasWritten() throws {
        let bytes = try SampleFile.bytes()
        try bytes.withUnsafeBytes { raw in
            let file = try ModelFile(borrowing: raw)
            #expect(file.tensors.map(\.name.text) == ["first.weight", "second.weight"])
            #expect(file.tensors[0].shape == TensorShape(2, 3))
            #expect(file.tensors[1].storageType == .float16)
            #expect([UInt8](file.data(of: file.tensors[1])) == (0..<72).map { UInt8($0) })
            #expect(file.tensors.allSatisfy { $0.byteRange.lowerBound % 64 == 0 })
            #expect(try file.integers(Name("sample.sizes"), count: 3...3, in: 1...3) == [1, 2, 3])
            #expect(
                try file.texts(Name("sample.labels"), count: 1...9).map { String(decoding: $0, as: UTF8.self) }
                    == ["background", "ace", "käse"])
        }
    }

    @Test func errorsNameTheKey() throws {
        let bytes = try SampleFile.bytes()
        bytes.withUnsafeBytes { raw in
            #expect(throws: ModelFileError.missingKey(Name("sample.none"))) {
                _ = try ModelFile(borrowing: raw).integer(Name("sample.none"), in: 0...1)
            }
            #expect(throws: ModelFileError.outOfRange(key: Name("sample.count"))) {
                _ = try ModelFile(borrowing: raw).integer(Name("sample.count"), in: 0...6)
            }
            #expect(throws: ModelFileError.wrongType(key: Name("sample.scale"), expected: .text)) {
                _ = try ModelFile(borrowing: raw).text(Name("sample.scale"))
            }
        }
    }

    /// Cut at any length, the file is rejected: nothing of it is silently missing.
    @Test func everyTruncationIsRejected() throws {
        let bytes = try SampleFile.bytes()
        let end = try bytes.withUnsafeBytes { try ModelFile(borrowing: $0).tensors[1].byteRange.upperBound }
        for count in 0..<end {
            #expect(throws: ModelFileError.self) { _ = try SampleFile.readAll(Array(bytes.prefix(count))) }
        }
        _ = try SampleFile.readAll(Array(bytes.prefix(end)))
    }

    /// A FIFO is not waited for, a file that is too large not read, one without an end neither.
    @Test func whatIsNoFileIsNamed() throws {
        let fifo = NSTemporaryDirectory() + "swiftlet-fifo-\(UUID().uuidString)"
        defer { unlink(fifo) }
        try #require(mkfifo(fifo, 0o600) == 0)
        for path in [fifo, "/dev/zero"] {
            #expect(throws: ModelFileError.cannotRead(.notRegularFile)) { _ = try ModelFile(path: path) }
        }
        let bytes = try SampleFile.bytes()
        let path = NSTemporaryDirectory() + "swiftlet-sample-\(UUID().uuidString)"
        defer { unlink(path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(try ModelFile(path: path, limit: bytes.count).byteCount == bytes.count)
        #expect(throws: ModelFileError.cannotRead(.tooLarge(limit: bytes.count - 1))) {
            _ = try ModelFile(path: path, limit: bytes.count - 1)
        }
    }

    @Test func missingFileAndDirectory() {
        #expect(throws: ModelFileError.cannotRead(.system(ENOENT))) { _ = try ModelFile(path: "/nonexistent.gguf") }
        #expect(throws: ModelFileError.cannotRead(.directory)) { _ = try ModelFile(path: "/tmp") }
    }
}

@Suite struct ModelFileMutationTests {
    /// Damaged files are read or rejected, but never crash, hang or lead outside their bytes.
    @Test func damagedFilesAreHarmless() throws {
        let original = try SampleFile.bytes()
        let mutator = Mutator(seed: 2026)
        var rejected = 0
        for index in 0..<2500 {
            do {
                _ = try SampleFile.readAll(mutator.mutation(index, of: original))
            } catch {
                rejected += 1
            }
        }
        // Most edits hit the header, but some hit only data: both outcomes must have been seen.
        #expect(rejected > 500 && rejected < 2500)
    }
}
