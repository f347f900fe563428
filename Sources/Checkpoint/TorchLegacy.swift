/// The format of torch.save before 1.6: pickles of a magic number, a protocol version, the writer's system and the
/// object, then the list of storage keys and, in its order, each storage's element count (int64) and bytes.
struct TorchLegacy: StorageReader {
    /// 0x1950a86a20f9469cfc6c, little endian.
    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let protocolVersion = 1001
    /// Bytes of all pickles: names and numbers.
    private static let pickleLimit = 64 << 20

    /// Where storages lie, by key.
    private let storages: [String: Range<Int>]

    /// Whether the file begins with a pickle, as this format does.
    static func isPickle(_ bytes: FileBytes) -> Bool { bytes.integer(UInt8.self, at: 0) == 0x80 }

    static func read(_ source: SourceFile) throws(CheckpointError) -> CheckpointContents {
        let pickles = try source.bytes(0..<min(source.count, pickleLimit))
        var position = 0
        func next() throws(CheckpointError) -> PickleGraph {
            let (graph, end) = try Unpickler.read(pickles, position..<pickles.end)
            position = end
            return graph
        }
        let first = try next()
        guard case .wideInteger(magic) = first.nodes[first.root] else { return try plain(first) }
        let version = try next()
        guard version.integer(version.root) == protocolVersion else { throw .malformed(.legacyHeader, offset: 0) }
        try checkByteOrder(try next())
        let object = try next()
        let keyList = try next()

        var elementTypes: [String: (type: ElementType, count: Int)] = [:]
        for case .storage(let storage) in object.nodes {
            let described = (storage.elementType, storage.elementCount)
            if let known = elementTypes.updateValue(described, forKey: storage.key), known != described {
                throw .malformed(.legacyStorages, offset: position)
            }
        }
        var storages: [String: Range<Int>] = [:]
        for reference in keyList.elements(keyList.root) ?? [] {
            let countEnd = position + 8
            guard countEnd <= source.count else { throw .truncated(.legacyStorages, offset: position) }
            let count = try source.bytes(position..<countEnd).integer(Int64.self, at: position)
            guard let key = keyList.string(reference), let storage = elementTypes[key], storages[key] == nil,
                count.flatMap({ Int(exactly: $0) }) == storage.count
            else { throw .malformed(.legacyStorages, offset: position) }
            let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.type.size)
            guard !overflow, size <= source.count - countEnd else {
                throw overflow
                    ? .malformed(.legacyStorages, offset: position) : .truncated(.legacyStorages, offset: countEnd)
            }
            storages[key] = countEnd..<countEnd + size
            position = countEnd + size
        }
        return try CheckpointContents(object, TorchLegacy(storages: storages))
    }

    /// A pickle that torch.save has not written: arrays of NumPy are whole in it, tensors are not.
    private static func plain(_ graph: PickleGraph) throws(CheckpointError) -> CheckpointContents {
        guard let contents = try? CheckpointContents(graph, TorchLegacy(storages: [:])),
            contents.dictionaries.contains(where: \.hasArrays)
        else { throw .foreignFile(.pickle) }
        return contents
    }

    func storage(
        _ storage: PickleGraph.StorageReference, of tensor: String, in source: SourceFile
    ) throws(CheckpointError) -> FileBytes {
        guard let range = storages[storage.key] else { throw .missingRecord("storage \(storage.key)") }
        _ = try storage.byteCount(of: tensor, found: range.count)
        return try source.bytes(range)
    }

    private static func checkByteOrder(_ system: PickleGraph) throws(CheckpointError) {
        for (key, value) in system.dictionary(system.root) ?? [] where system.string(key) == "little_endian" {
            if case .boolean(false) = system.nodes[value] { throw .bigEndian }
        }
    }
}
