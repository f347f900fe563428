import CLinux
import Files

/// A GGUF file (version 3, little endian), read once into memory of its own and used there.
///
/// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Everything is checked here, once: counts,
/// lengths, offsets, alignment and overlaps. Whether the tensors fit a network is checked when the engine binds them.
///
/// Later writes to the file, as by scp and cp, change nothing here.
public final class ModelFile {
    /// Bounds on what a file may claim; the largest network of the family has about 700 tensors.
    public enum Limit {
        /// Key-value pairs.
        public static let metadataEntries = 1024
        /// Tensors of the file, weights and what belongs to them.
        public static let tensors = 4096
        /// Elements of one array among the metadata; labels are the longest.
        public static let arrayElements = 65_536
        /// Bytes of the whole file.
        public static let bytes = 256 << 20
    }

    let bytes: UnsafeRawBufferPointer
    /// nil for borrowed bytes.
    private let contents: FileContents?
    private let isForOneEngine: Bool
    private(set) var metadata: [MetadataEntry] = []
    /// In the file's order. No two have the same name, and their bytes do not overlap.
    public private(set) var tensors: [ModelTensor] = []
    /// Their indices, in the order of their names.
    private var byName: [UInt16] = []

    /// Reads the file at `path`.
    /// - Parameters:
    ///   - limit: bytes of the largest file that is read.
    ///   - forOneEngine: an engine that binds the tensors may give back what it does not need to run.
    public convenience init(
        path: UnsafePointer<CChar>, limit: Int = Limit.bytes, forOneEngine: Bool = false
    ) throws(ModelFileError) {
        let contents: FileContents
        do throws(FileError) {
            contents = try FileContents(path: path, limit: limit)
        } catch {
            throw .cannotRead(error)
        }
        try self.init(contents.bytes, owner: contents, isForOneEngine: forOneEngine)
    }

    /// Reads a model from memory, which the caller keeps alive and unchanged as long as the model file lives. It begins
    /// at a multiple of 16, so that the tensors are aligned for their elements.
    public convenience init(borrowing bytes: UnsafeRawBufferPointer) throws(ModelFileError) {
        precondition(Int(bitPattern: bytes.baseAddress) % 16 == 0)
        try self.init(bytes, owner: nil, isForOneEngine: false)
    }

    private init(
        _ bytes: UnsafeRawBufferPointer, owner: consuming FileContents?, isForOneEngine: Bool
    ) throws(ModelFileError) {
        self.bytes = bytes
        contents = owner
        self.isForOneEngine = isForOneEngine
        try parse()
    }

    /// For the engine: gives back the memory of all but `range`, in whole pages, where the file is for one engine alone.
    /// What lay there must not be read again.
    public func releaseAll(but range: Range<Int>) {
        guard isForOneEngine, let base = bytes.baseAddress else { return }
        let start = UnsafeMutableRawPointer(mutating: base)
        clinux_give_back(start, range.lowerBound)
        clinux_give_back(start + range.upperBound, bytes.count - range.upperBound)
    }

    /// Bytes of the whole file, header included.
    public var byteCount: Int { bytes.count }

    /// nil where the file has no such tensor.
    public func tensor(_ name: Name) -> ModelTensor? { index(of: name).map { tensors[$0] } }

    /// Its place in `tensors`; nil where the file has no such tensor.
    public func index(of name: Name) -> Int? {
        let place = place(of: name)
        guard place < byName.count, tensors[Int(byName[place])].name == name else { return nil }
        return Int(byName[place])
    }

    /// The number of tensors whose names come before `name`.
    private func place(of name: Name) -> Int {
        var range = 0..<byName.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range =
                tensors[Int(byName[middle])].name.precedes(name)
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// The stored elements of one of this file's tensors.
    public func data(of tensor: ModelTensor) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[tensor.byteRange])
    }

    private func parse() throws(ModelFileError) {
        var reader = ByteReader(bytes)
        guard reader.remaining >= 4 else { throw .notGGUF }
        guard try reader.value(UInt32.self, in: .header) == 0x4655_4747 else { throw .notGGUF }
        let version = try reader.value(UInt32.self, in: .header)
        guard version == 3 else { throw .unsupportedVersion(version) }
        let tensorCount = try reader.value(UInt64.self, in: .header)
        let metadataCount = try reader.value(UInt64.self, in: .header)
        guard tensorCount <= UInt64(Limit.tensors) else { throw .tooMany(.tensorInfo, count: tensorCount) }
        guard metadataCount <= UInt64(Limit.metadataEntries) else {
            throw .tooMany(.metadataKey, count: metadataCount)
        }

        metadata.reserveCapacity(Int(metadataCount))
        for _ in 0..<Int(metadataCount) {
            let entry = try Self.metadataEntry(&reader)
            for earlier in metadata where earlier.key == entry.key { throw .duplicateKey(entry.key) }
            metadata.append(entry)
        }
        let alignment = try self.alignment()

        var infos: [TensorInfo] = []
        infos.reserveCapacity(Int(tensorCount))
        for _ in 0..<Int(tensorCount) { infos.append(try Self.tensorInfo(&reader)) }

        let padding = (alignment - reader.offset % alignment) % alignment
        // A file without tensors may end right after its header.
        guard padding <= reader.remaining || infos.isEmpty else {
            throw .truncated(part: .tensorData, offset: reader.offset)
        }
        let dataStart = reader.offset + padding
        tensors.reserveCapacity(infos.count)
        byName.reserveCapacity(infos.count)
        for info in infos { try add(info, dataStart: dataStart, alignment: alignment) }
        try rejectOverlaps()
    }

    private func alignment() throws(ModelFileError) -> Int {
        let key = Name("general.alignment")
        for entry in metadata where entry.key == key {
            let alignment = try integer(key, in: 8...65_536)
            guard alignment & (alignment - 1) == 0 else { throw .outOfRange(key: key) }
            return alignment
        }
        return 32
    }

    private static func metadataEntry(_ reader: inout ByteReader) throws(ModelFileError) -> MetadataEntry {
        let keyRange = try reader.text(in: .metadataKey)
        let key = Name(truncating: UnsafeRawBufferPointer(rebasing: reader.bytes[keyRange]))
        guard keyRange.count <= Name.capacity else { throw .keyTooLong(key) }
        func scalarType(_ raw: UInt32) throws(ModelFileError) -> MetadataEntry.ScalarType {
            guard let type = MetadataEntry.ScalarType(rawValue: raw) else {
                throw .unknownValueType(key: key, type: raw)
            }
            return type
        }
        var type = try scalarType(try reader.value(UInt32.self, in: .metadataValue))
        var count: UInt64 = 1
        let isArray = type == .array
        if isArray {
            let element = try reader.value(UInt32.self, in: .metadataValue)
            type = try scalarType(element)
            guard type != .array else { throw .unknownValueType(key: key, type: element) }
            count = try reader.value(UInt64.self, in: .metadataValue)
            guard count <= UInt64(Limit.arrayElements) else { throw .tooMany(.metadataValue, count: count) }
        }
        let offset = reader.offset
        if let size = type.byteCount {
            try reader.skip(count * UInt64(size), in: .metadataValue)
        } else {
            for _ in 0..<Int(count) { _ = try reader.text(in: .metadataValue) }
        }
        return MetadataEntry(key: key, type: type, count: Int(count), isArray: isArray, offset: offset)
    }

    private struct TensorInfo {
        var name: Name
        var shape: TensorShape
        var storageType: StorageType
        var offset: UInt64
    }

    private static func tensorInfo(_ reader: inout ByteReader) throws(ModelFileError) -> TensorInfo {
        let nameRange = try reader.text(in: .tensorInfo)
        let name = Name(truncating: UnsafeRawBufferPointer(rebasing: reader.bytes[nameRange]))
        guard nameRange.count <= Name.capacity else { throw .tensor(name, .nameTooLong) }
        let rank = try reader.value(UInt32.self, in: .tensorInfo)
        guard rank >= 1, rank <= 4 else { throw .tensor(name, .badShape) }
        var shape = TensorShape(1)
        var product = 1
        // GGUF stores the fastest dimension first.
        for axis in 0..<Int(rank) {
            let size = try reader.value(UInt64.self, in: .tensorInfo)
            guard size >= 1, size <= UInt64(Int32.max) else { throw .tensor(name, .badShape) }
            let (next, overflow) = product.multipliedReportingOverflow(by: Int(size))
            guard !overflow, next <= Int.max / 8 else { throw .tensor(name, .badShape) }
            product = next
            shape.dimensions[3 - axis] = Int(size)
        }
        let rawType = try reader.value(UInt32.self, in: .tensorInfo)
        guard let type = StorageType(rawValue: rawType) else { throw .tensor(name, .unsupportedType(rawType)) }
        return TensorInfo(
            name: name, shape: shape, storageType: type, offset: try reader.value(UInt64.self, in: .tensorInfo))
    }

    private func add(_ info: TensorInfo, dataStart: Int, alignment: Int) throws(ModelFileError) {
        guard info.offset % UInt64(alignment) == 0 else { throw .tensor(info.name, .misaligned(offset: info.offset)) }
        let size = info.shape.count * info.storageType.byteCount
        let available = bytes.count - dataStart
        guard available >= size, info.offset <= UInt64(available - size) else {
            throw .tensor(info.name, .outsideFile(offset: info.offset))
        }
        let place = place(of: info.name)
        guard place == byName.count || tensors[Int(byName[place])].name != info.name else {
            throw .tensor(info.name, .duplicate)
        }
        byName.insert(UInt16(tensors.count), at: place)
        let start = dataStart + Int(info.offset)
        tensors.append(
            ModelTensor(
                name: info.name, shape: info.shape, storageType: info.storageType, byteRange: start..<start + size))
    }

    private func rejectOverlaps() throws(ModelFileError) {
        // Insertion order by offset: files are written in order, so this is one pass in practice and bounded anyway.
        var order: [Int] = []
        order.reserveCapacity(tensors.count)
        for index in 0..<tensors.count {
            var place = order.count
            while place > 0, tensors[order[place - 1]].byteRange.lowerBound > tensors[index].byteRange.lowerBound {
                place -= 1
            }
            order.insert(index, at: place)
        }
        for place in 1..<max(order.count, 1) {
            let left = tensors[order[place - 1]]
            let right = tensors[order[place]]
            if left.byteRange.upperBound > right.byteRange.lowerBound {
                throw .tensor(right.name, .overlap(with: left.name))
            }
        }
    }
}
