import Foundation

/// A metadata value in the types that our model files use.
public enum MetadataValue: Equatable, Sendable {
    case integer(UInt32)
    case float(Float)
    case text(String)
    case integers([UInt32])
    case floats([Float])
    case texts([String])
    case bytes([UInt8])
    case shorts([UInt16])
}

/// Writes a GGUF file, version 3: header first, then every tensor in the order of its layout. The file appears under
/// its name only when it is complete.
public struct GGUFWriter {
    /// A tensor's header entry.
    public struct Layout: Sendable {
        /// Unique in the file: the reader rejects another.
        public var name: Name
        /// Slowest dimension first; written without leading dimensions of 1.
        public var shape: TensorShape
        /// Of the bytes that `write` is given for it.
        public var storageType: StorageType

        /// Of a tensor that the file is to hold.
        public init(name: Name, shape: TensorShape, storageType: StorageType) {
            self.name = name
            self.shape = shape
            self.storageType = storageType
        }

        var byteCount: Int { shape.count * storageType.byteCount }
    }

    /// A cache line: vector loads never straddle two at a tensor's start.
    static let alignment = 64

    /// Writes `metadata` and the tensors to a file that replaces none of `inputs`; `data` is called once per layout, in order,
    /// and returns its stored bytes. With `mustRun`, a file that cannot be run replaces nothing: throws `model`.
    public static func write(
        to path: String, inputs: InputFiles = InputFiles(), metadata: [(key: Name, value: MetadataValue)], layouts: [Layout],
        mustRun: Bool = false, data: (Int) throws(QuantizerError) -> Data
    ) throws(QuantizerError) {
        func failed(_ error: OutputError) -> QuantizerError { .cannotWrite(path: path, error) }
        var file: OutputFile
        do { file = try OutputFile(path: path, inputs: inputs) } catch { throw failed(error) }
        func put(_ bytes: Data) throws(QuantizerError) {
            do { try file.write([UInt8](bytes)) } catch { throw failed(error) }
        }

        try put(header(metadata: metadata, layouts: layouts))
        for (index, layout) in layouts.enumerated() {
            var bytes = try data(index)
            precondition(bytes.count == layout.byteCount)
            bytes.append(contentsOf: repeatElement(0, count: padding(after: bytes.count)))
            try put(bytes)
        }
        if mustRun {
            var settings = ModelSettings()
            settings.path = .scalar
            do { _ = try Model(path: file.readablePath, settings: settings) } catch { throw .model(error) }
        }
        do { try file.commit() } catch { throw failed(error) }
    }

    private static func padding(after count: Int) -> Int { (alignment - count % alignment) % alignment }

    private static func header(metadata: [(key: Name, value: MetadataValue)], layouts: [Layout]) -> Data {
        var bytes = Data("GGUF".utf8)
        bytes.append(integer: UInt32(3))
        bytes.append(integer: UInt64(layouts.count))
        bytes.append(integer: UInt64(metadata.count + 1))
        bytes.append(text: "general.alignment")
        bytes.append(.integer(UInt32(alignment)))
        for (key, value) in metadata {
            bytes.append(text: key.text)
            bytes.append(value)
        }
        var offset = 0
        for layout in layouts {
            bytes.append(text: layout.name.text)
            var dimensions = (0..<4).map { layout.shape.dimensions[$0] }
            while dimensions.count > 1, dimensions[0] == 1 { dimensions.removeFirst() }
            bytes.append(integer: UInt32(dimensions.count))
            // GGUF stores the fastest dimension first.
            for size in dimensions.reversed() { bytes.append(integer: UInt64(size)) }
            bytes.append(integer: layout.storageType.rawValue)
            bytes.append(integer: UInt64(offset))
            offset += layout.byteCount + padding(after: layout.byteCount)
        }
        bytes.append(contentsOf: repeatElement(0, count: padding(after: bytes.count)))
        return bytes
    }
}

extension Data {
    /// Appends the little-endian bytes of `value`.
    mutating func append<T: FixedWidthInteger>(integer value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(text: String) {
        append(integer: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// Appends the type and the value; the numbers are GGUF's.
    fileprivate mutating func append(_ value: MetadataValue) {
        let (uint32, float32, string, array) = (UInt32(4), UInt32(6), UInt32(8), UInt32(9))
        switch value {
        case .integer(let value):
            append(integer: uint32)
            append(integer: value)
        case .float(let value):
            append(integer: float32)
            append(integer: value.bitPattern)
        case .text(let value):
            append(integer: string)
            append(text: value)
        case .integers(let values):
            append(arrayOf: uint32, count: values.count, array)
            for value in values { append(integer: value) }
        case .floats(let values):
            append(arrayOf: float32, count: values.count, array)
            for value in values { append(integer: value.bitPattern) }
        case .texts(let values):
            append(arrayOf: string, count: values.count, array)
            for value in values { append(text: value) }
        case .bytes(let values):
            append(arrayOf: 0, count: values.count, array)
            append(contentsOf: values)
        case .shorts(let values):
            append(arrayOf: 2, count: values.count, array)
            for value in values { append(integer: value) }
        }
    }

    private mutating func append(arrayOf type: UInt32, count: Int, _ array: UInt32) {
        append(integer: array)
        append(integer: type)
        append(integer: UInt64(count))
    }
}
