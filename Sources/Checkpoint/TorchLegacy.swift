/// The format of torch.save before 1.6: pickles of a magic number, a protocol version, the writer's system and the
/// object, then the list of storage keys and, in its order, each storage's element count (int64) and bytes.
enum TorchLegacy {
    /// 0x1950a86a20f9469cfc6c, little endian.
    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let protocolVersion = 1001

    /// Whether the file begins with a pickle, as this format does.
    static func isPickle(_ bytes: FileBytes) -> Bool { bytes.integer(UInt8.self, at: 0) == 0x80 }

    static func tensors(_ bytes: FileBytes) throws(CheckpointError) -> [CheckpointTensor] {
        var position = 0
        func next() throws(CheckpointError) -> PickleGraph {
            let (graph, end) = try Unpickler.read(bytes, position..<bytes.count)
            position = end
            return graph
        }
        let first = try next()
        guard case .wideInteger(magic) = first.nodes[first.root] else { throw .notACheckpoint }
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
        var reader = ByteReader(bytes, position..<bytes.count, .legacyStorages)
        for reference in keyList.elements(keyList.root) ?? [] {
            let offset = reader.position
            guard let key = keyList.string(reference), let storage = elementTypes[key], storages[key] == nil,
                try reader.length(Int64.self) == storage.count
            else { throw .malformed(.legacyStorages, offset: offset) }
            let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.type.size)
            guard !overflow else { throw .malformed(.legacyStorages, offset: offset) }
            storages[key] = try reader.take(size)
        }

        var tensors: [CheckpointTensor] = []
        for entry in try StateDict(object).entries {
            guard let range = storages[entry.tensor.storage.key] else {
                throw .missingRecord("storage \(entry.tensor.storage.key)")
            }
            tensors.append(try CheckpointTensor(entry, storage: range, in: bytes))
        }
        return tensors
    }

    private static func checkByteOrder(_ system: PickleGraph) throws(CheckpointError) {
        for (key, value) in system.dictionary(system.root) ?? [] where system.string(key) == "little_endian" {
            if case .boolean(false) = system.nodes[value] { throw .bigEndian }
        }
    }
}
