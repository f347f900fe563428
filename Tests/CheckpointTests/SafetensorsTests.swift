import Checkpoint
import Files
import Foundation
import Testing

/// A file with this header and as many bytes after it.
private func file(_ header: String, dataSize: Int = 16) -> [UInt8] {
    littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + (0..<dataSize).map { UInt8($0) }
}

private func entry(_ dtype: String, _ shape: String, _ offsets: String) -> String {
    "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

@Suite struct SafetensorsTests {
    /// Bytes by the format's description, escaped names and metadata included.
    @Test func readsByTheFormat() throws {
        let header =
            "{\"b\\u0022\":\(entry("U8", "[2,2]", "[12,16]")),\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":\(entry("I32", "[3]", "[0,12]")),\"none\":\(entry("F32", "[0,3]", "[16,16]"))}   "
        let checkpoint = try open(file(header))
        #expect(checkpoint.tensors.map(\.name) == ["a", "b\"", "none"])
        #expect(checkpoint.tensors.map(\.shape) == [[3], [2, 2], [0, 3]])
        #expect(checkpoint.tensors.map(\.elementType) == [.int32, .uint8, .float32])
        #expect(
            try checkpoint["a"]?.floats() == ([0x0302_0100, 0x0706_0504, 0x0B0A_0908] as [Int32]).map { Float($0) })
        #expect(try checkpoint["b\""]?.bytes() == [12, 13, 14, 15])
        #expect(try checkpoint["none"]?.floats() == [])
    }

    @Test(
        arguments: [
            ("{\"a\":\(entry("F32", "[4]", "[0,16]"))", .malformed(.safetensorsHeader, offset: 8)),
            ("{\"a\":\(entry("F32", "[4.5]", "[0,16]"))}", .malformed(.safetensorsHeader, offset: 8)),
            ("{\"a\":\(entry("F32", "[99999999999999999999]", "[0,16]"))}", .malformed(.safetensorsHeader, offset: 8)),
            ("{\"a\":\(entry("F8_E4M3", "[16]", "[0,16]"))}", .unsupportedElementType("F8_E4M3", tensor: "a")),
            ("{\"a\":\(entry("F32", "[3]", "[0,16]"))}", .invalidTensor("a", .sizeMismatch(expected: 12, found: 16))),
            ("{\"a\":\(entry("F32", "[-4]", "[0,16]"))}", .invalidTensor("a", .shape)),
            ("{\"a\":\(entry("F32", "[4]", "[16,0]"))}", .invalidTensor("a", .shape)),
            ("{\"a\":\(entry("F32", "[4]", "[-8,8]"))}", .invalidTensor("a", .shape)),
            ("{\"a\":\(entry("F32", "[4]", "[0]"))}", .invalidTensor("a", .shape)),
            ("{\"a\":\(entry("U8", "[4611686018427387904,4]", "[0,16]"))}", .invalidTensor("a", .shape)),
            ("{\"a\":\(entry("F32", "[4]", "[8,9223372036854775807]"))}", .truncated(.safetensorsData, offset: nil)),
            (
                "{\"a\":\(entry("U8", "[8]", "[0,8]")),\"b\":\(entry("U8", "[9]", "[7,16]"))}",
                .invalidTensor("b", .overlap)
            ),
            ("{\"a\":\(entry("U8", "[7]", "[0,7]")),\"b\":\(entry("U8", "[8]", "[8,16]"))}", .invalidTensor("b", .gap)),
            ("{\"a\":\(entry("U8", "[8]", "[0,8]"))}", .malformed(.safetensorsData, offset: nil)),
            (
                "{\"a\":\(entry("U8", "[8]", "[0,8]")),\"\\u0061\":\(entry("U8", "[8]", "[8,16]"))}",
                .duplicateTensor("a")
            ),
        ] as [(String, Expected)])
    private func rejects(_ header: String, _ expected: Expected) {
        let bytes = file(header)
        #expect(throws: expected.error(fileSize: bytes.count, dataStart: bytes.count - 16)) { try open(bytes) }
    }

    /// A header that claims more than the file has, or than any header needs.
    @Test func boundsTheHeader() {
        let rest = Array("{}".utf8)
        #expect(throws: CheckpointError.truncated(.safetensorsHeader, offset: 8)) {
            try open(littleEndian(UInt64(3)) + rest)
        }
        #expect(throws: CheckpointError.limitExceeded(.headerLength, offset: 0)) {
            try open(littleEndian(UInt64(1) << 40) + rest)
        }
        #expect(throws: CheckpointError.malformed(.safetensorsHeader, offset: 0)) {
            try open(littleEndian(UInt64.max) + rest)
        }
    }

    enum Expected {
        case malformed(CheckpointError.Section, offset: Int?)
        case truncated(CheckpointError.Section, offset: Int?)
        case invalidTensor(String, CheckpointError.TensorProblem)
        case unsupportedElementType(String, tensor: String)
        case duplicateTensor(String)

        /// Offsets that depend on the header's length are filled in.
        func error(fileSize: Int, dataStart: Int) -> CheckpointError {
            switch self {
            case .malformed(let section, let offset): .malformed(section, offset: offset ?? dataStart + 8)
            case .truncated(let section, let offset): .truncated(section, offset: offset ?? fileSize)
            case .invalidTensor(let name, let problem): .invalidTensor(name, problem)
            case .unsupportedElementType(let type, let tensor): .unsupportedElementType(type, tensor: tensor)
            case .duplicateTensor(let name): .duplicateTensor(name)
            }
        }
    }
}

@Suite struct SafetensorsWriterTests {
    /// Byte for byte what the format asks for: padded header, wide elements first.
    @Test func writesByTheFormat() throws {
        var writer = SafetensorsWriter()
        try writer.add("u", shape: [3], elementType: .uint8, bytes: [1, 2, 3])
        try writer.add("f\"\n", shape: [1, 2], [1, -2] as [Float])
        try writer.add("i", shape: [], [-7] as [Int32])
        let directory = temporaryDirectory()
        let path = directory + "/out.safetensors"
        try writer.write(to: path)
        try writer.write(to: path)
        let header =
            "{\"f\\\"\\u000a\":\(entry("F32", "[1,2]", "[0,8]")),\"i\":\(entry("I32", "[]", "[8,12]")),"
            + "\"u\":\(entry("U8", "[3]", "[12,15]"))}"
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let data = littleEndian(Float(1).bitPattern) + littleEndian(Float(-2).bitPattern) + littleEndian(Int32(-7))
        let expected = littleEndian(UInt64(padded.utf8.count)) + Array(padded.utf8) + data + [1, 2, 3]
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == expected)

        let read = try Checkpoint(path: path)
        #expect(read.tensors.map(\.name) == ["f\"\n", "i", "u"])
        #expect(try read["i"]?.floats() == [-7])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["out.safetensors"])
    }

    @Test func rejectsUnsoundTensors() throws {
        var writer = SafetensorsWriter()
        try writer.add("a", shape: [1], [1] as [Float])
        #expect(throws: CheckpointError.duplicateTensor("a")) { try writer.add("a", shape: [1], [1] as [Float]) }
        #expect(throws: CheckpointError.invalidTensor("b", .sizeMismatch(expected: 8, found: 4))) {
            try writer.add("b", shape: [2], [1] as [Float])
        }
        #expect(throws: CheckpointError.invalidTensor("b", .shape)) {
            try writer.add("b", shape: [.max, 2], [1] as [Float])
        }
        #expect(throws: CheckpointError.invalidTensor("__metadata__", .reservedName)) {
            try writer.add("__metadata__", shape: [1], [1] as [Float])
        }
    }

    @Test func saysWhyItCannotWrite() throws {
        let missing = temporaryDirectory() + "/missing/out.safetensors"
        #expect(throws: CheckpointError.cannotWrite(path: missing, .system(ENOENT))) {
            try SafetensorsWriter().write(to: missing)
        }
    }

    private func temporaryDirectory() -> String {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try! FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }
}
