/// A metadata value's place in the file. The types' raw values are GGUF's.
struct MetadataEntry {
    enum ScalarType: UInt32 {
        case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, text, array, uint64, int64, float64

        /// The size in bytes, or nil for text and arrays.
        var byteCount: Int? {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64: 8
            case .text, .array: nil
            }
        }
    }

    let key: Name
    let type: ScalarType
    /// 1 for a single value.
    let count: Int
    let isArray: Bool
    /// Where the first value starts.
    let offset: Int
}

extension ModelFile {
    /// The whole number under `key`, which must lie in `range`.
    public func integer(_ key: Name, in range: ClosedRange<Int>) throws(ModelFileError) -> Int {
        let entry = try entry(key, array: false, kind: .integer)
        return try integer(entry, at: entry.offset, in: range)
    }

    /// The number under `key`, which must be finite.
    public func float(_ key: Name) throws(ModelFileError) -> Float {
        let entry = try entry(key, array: false, kind: .float)
        return try float(entry, at: entry.offset)
    }

    /// The UTF-8 bytes under `key`; valid as long as the model file lives.
    public func text(_ key: Name) throws(ModelFileError) -> UnsafeRawBufferPointer {
        let entry = try entry(key, array: false, kind: .text)
        guard entry.type == .text else { throw .wrongType(key: key, expected: .text) }
        return text(at: entry.offset)
    }

    /// The whole numbers under `key`: as many as `count` allows, each in `range`.
    public func integers(
        _ key: Name, count: ClosedRange<Int>, in range: ClosedRange<Int>
    ) throws(ModelFileError) -> [Int] {
        let entry = try entry(key, array: true, kind: .integers)
        guard count.contains(entry.count) else { throw .outOfRange(key: key) }
        guard let size = entry.type.byteCount else { throw .wrongType(key: key, expected: .integers) }
        var values: [Int] = []
        values.reserveCapacity(entry.count)
        for index in 0..<entry.count {
            values.append(try integer(entry, at: entry.offset + index * size, in: range))
        }
        return values
    }

    /// The finite numbers under `key`: as many as `count` allows.
    public func floats(_ key: Name, count: ClosedRange<Int>) throws(ModelFileError) -> [Float] {
        let entry = try entry(key, array: true, kind: .floats)
        guard count.contains(entry.count) else { throw .outOfRange(key: key) }
        guard let size = entry.type.byteCount else { throw .wrongType(key: key, expected: .floats) }
        var values: [Float] = []
        values.reserveCapacity(entry.count)
        for index in 0..<entry.count {
            values.append(try float(entry, at: entry.offset + index * size))
        }
        return values
    }

    /// The UTF-8 texts under `key`: as many as `count` allows; valid as long as the model file lives.
    public func texts(_ key: Name, count: ClosedRange<Int>) throws(ModelFileError) -> [UnsafeRawBufferPointer] {
        let entry = try entry(key, array: true, kind: .texts)
        guard entry.type == .text else { throw .wrongType(key: key, expected: .texts) }
        guard count.contains(entry.count) else { throw .outOfRange(key: key) }
        var values: [UnsafeRawBufferPointer] = []
        values.reserveCapacity(entry.count)
        var offset = entry.offset
        for _ in 0..<entry.count {
            let value = text(at: offset)
            values.append(value)
            offset += MemoryLayout<UInt64>.size + value.count
        }
        return values
    }

    private func entry(
        _ key: Name, array: Bool, kind: ModelFileError.ValueKind
    ) throws(ModelFileError) -> MetadataEntry {
        for entry in metadata where entry.key == key {
            guard entry.isArray == array else { throw .wrongType(key: key, expected: kind) }
            return entry
        }
        throw .missingKey(key)
    }

    private func integer(
        _ entry: MetadataEntry, at offset: Int, in range: ClosedRange<Int>
    ) throws(ModelFileError) -> Int {
        let value: Int?
        switch entry.type {
        case .uint8: value = Int(load(UInt8.self, at: offset))
        case .int8: value = Int(load(Int8.self, at: offset))
        case .uint16: value = Int(load(UInt16.self, at: offset))
        case .int16: value = Int(load(Int16.self, at: offset))
        case .uint32: value = Int(exactly: load(UInt32.self, at: offset))
        case .int32: value = Int(load(Int32.self, at: offset))
        case .uint64: value = Int(exactly: load(UInt64.self, at: offset))
        case .int64: value = Int(exactly: load(Int64.self, at: offset))
        case .float32, .float64, .bool, .text, .array:
            throw .wrongType(key: entry.key, expected: entry.isArray ? .integers : .integer)
        }
        guard let value, range.contains(value) else { throw .outOfRange(key: entry.key) }
        return value
    }

    private func float(_ entry: MetadataEntry, at offset: Int) throws(ModelFileError) -> Float {
        let value: Float
        switch entry.type {
        case .float32: value = Float(bitPattern: load(UInt32.self, at: offset))
        case .float64: value = Float(Double(bitPattern: load(UInt64.self, at: offset)))
        default: throw .wrongType(key: entry.key, expected: entry.isArray ? .floats : .float)
        }
        guard value.isFinite else { throw .outOfRange(key: entry.key) }
        return value
    }

    /// A text whose length and bytes the reader has already checked.
    private func text(at offset: Int) -> UnsafeRawBufferPointer {
        let count = Int(load(UInt64.self, at: offset))
        let start = offset + MemoryLayout<UInt64>.size
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }

    private func load<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}
