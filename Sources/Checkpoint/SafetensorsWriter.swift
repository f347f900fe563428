import Foundation

/// Collects tensors and writes them as a safetensors file.
public struct SafetensorsWriter: Sendable {
    private struct Entry: Sendable {
        var name: String
        var shape: [Int]
        var elementType: ElementType
        var bytes: [UInt8]
    }

    private var entries: [Entry] = []
    private var names: Set<String> = []

    /// Without tensors yet.
    public init() {}

    /// Adds a tensor from its elements' bytes, little endian and row-major. Throws `duplicateTensor`, or
    /// `invalidTensor` where the shape does not fit the bytes.
    public mutating func add(
        _ name: String, shape: [Int], elementType: ElementType, bytes: [UInt8]
    ) throws(CheckpointError) {
        guard name != Safetensors.metadataName else { throw .invalidTensor(name, .reservedName) }
        try CheckpointTensor.check(name, shape: shape, elementType: elementType, byteCount: bytes.count)
        guard names.insert(name).inserted else { throw .duplicateTensor(name) }
        entries.append(Entry(name: name, shape: shape, elementType: elementType, bytes: bytes))
    }

    /// Adds a float32 tensor, row-major. Throws as the first `add` does.
    public mutating func add(_ name: String, shape: [Int], _ values: [Float]) throws(CheckpointError) {
        try add(name, shape: shape, elementType: .float32, bytes: values.withUnsafeBytes { [UInt8]($0) })
    }

    /// Adds an int32 tensor, row-major. Throws as the first `add` does.
    public mutating func add(_ name: String, shape: [Int], _ values: [Int32]) throws(CheckpointError) {
        try add(name, shape: shape, elementType: .int32, bytes: values.withUnsafeBytes { [UInt8]($0) })
    }

    /// Writes the file, which appears at `path` when it is complete and never replaces one of `inputs`. Tensors lie in
    /// the order in which they were added, wide elements before narrow ones, which keeps all of them aligned. Throws
    /// `cannotWrite`.
    public func write(to path: String, inputs: InputFiles = InputFiles()) throws(CheckpointError) {
        do throws(OutputError) {
            var file = try OutputFile(path: path, inputs: inputs)
            let ordered = [8, 4, 2, 1].flatMap { size in entries.filter { $0.elementType.size == size } }
            let header = Self.header(ordered)
            let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { [UInt8]($0) }
            for part in [length, header] + ordered.map(\.bytes) { try file.write(part) }
            try file.commit()
        } catch {
            throw .cannotWrite(path: path, error)
        }
    }

    /// Padded with spaces so that the tensors begin at a multiple of eight bytes.
    private static func header(_ entries: [Entry]) -> [UInt8] {
        var offset = 0
        let items = entries.map { entry in
            let type = Safetensors.elementTypes.first { $0.value == entry.elementType }!.key
            let end = offset + entry.bytes.count
            defer { offset = end }
            let shape = entry.shape.map(String.init).joined(separator: ",")
            return "\(quoted(entry.name)):"
                + "{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
        }
        var header = Array("{\(items.joined(separator: ","))}".utf8)
        while !header.count.isMultiple(of: 8) { header.append(UInt8(ascii: " ")) }
        return header
    }

    private static func quoted(_ name: String) -> String {
        var quoted = "\""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case ..<" ": quoted += "\\u00" + String(scalar.value + 256, radix: 16).dropFirst()
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
