import Foundation

/// A PyTorch or safetensors file, of which names and shapes have been read.
///
/// PyTorch files are those of torch.save, from 0.4 to 2.x. Their pickles are read, never executed: dictionaries of tensors
/// are found wherever they are, and what is not known is skipped. The format is recognised by content, not by name.
public struct CheckpointFile: Sendable {
    /// All places that hold tensors, higher ones first.
    public let dictionaries: [TensorDictionary]
    /// Qualified names of the types of objects that are not known, each once.
    public let skipped: [String]

    private let source: SourceFile
    private let storages: any StorageReader

    /// Opens the file. Throws `file` where it cannot be read or is written to meanwhile.
    public init(path: String) throws(CheckpointError) { try self.init(SourceFile(path: path), verifiesChecksums: true) }

    /// Reads a file's bytes from memory. Without `verifiesChecksums` a zip file's CRC-32 are ignored.
    public init(bytes: Data, verifiesChecksums: Bool = true) throws(CheckpointError) {
        try self.init(SourceFile(bytes), verifiesChecksums: verifiesChecksums)
    }

    private init(_ source: SourceFile, verifiesChecksums: Bool) throws(CheckpointError) {
        self.source = source
        let contents = try source.unchanged { () throws(CheckpointError) in
            try Self.read(source, verifiesChecksums: verifiesChecksums)
        }
        (dictionaries, skipped, storages) = (contents.dictionaries, contents.skipped, contents.storages)
    }

    /// Tensors that are in memory already, as if they were a file's only dictionary.
    public init(_ checkpoint: Checkpoint) {
        dictionaries = [
            TensorDictionary(
                place: [], entries: checkpoint.tensors.map { .init(name: $0.name, content: .loaded($0)) })
        ]
        skipped = []
        source = SourceFile(Data())
        storages = SafetensorsStorages()
    }

    private static func read(
        _ source: SourceFile, verifiesChecksums: Bool
    ) throws(CheckpointError) -> CheckpointContents {
        let head = try source.bytes(0..<min(source.count, ForeignFile.headLength))
        if ZipArchive.isZip(head) { return try TorchZip.read(source, verifiesChecksums: verifiesChecksums) }
        if let foreign = ForeignFile(head) { throw .foreignFile(foreign) }
        if Safetensors.isSafetensors(head) { return try Safetensors.read(source) }
        if TorchLegacy.isPickle(head) { return try TorchLegacy.read(source) }
        throw .notACheckpoint
    }

    /// The tensors of these entries, in their order. Throws `unknownTensor` for one that cannot be read.
    public func tensors(of entries: [TensorDictionary.Entry]) throws(CheckpointError) -> [CheckpointTensor] {
        try source.unchanged { () throws(CheckpointError) in try load(entries) }
    }

    private func load(_ entries: [TensorDictionary.Entry]) throws(CheckpointError) -> [CheckpointTensor] {
        var loaded: [String: FileBytes] = [:]
        var tensors: [CheckpointTensor] = []
        var byteCount = 0
        // A view with a stride of zero can claim any number of elements, and any number of views can share a storage.
        var elements = 4 * min(source.count, SourceFile.storageLimit) + (1 << 20)
        func take(_ count: Int) throws(CheckpointError) {
            byteCount += count
            guard byteCount <= SourceFile.storageLimit else { throw .limitExceeded(.storages, offset: 0) }
        }
        for entry in entries {
            let tensor: CheckpointTensor
            switch entry.content {
            case .loaded(let known): tensor = known
            case .foreign(let maker): throw .unknownTensor(entry.name, maker: maker)
            case .unsupported(let elementType, _): throw .unsupportedElementType(elementType, tensor: entry.name)
            case .range(let elementType, let shape, let range):
                try take(range.count)
                tensor = try CheckpointTensor(
                    name: entry.name, shape: shape, elementType: elementType, bytes: try source.bytes(range))
            case .array(let array):
                try take(array.byteCount)
                tensor = try array.tensor(entry.name, in: source)
            case .view(let view):
                let key = view.storage.key
                if loaded[key] == nil {
                    let bytes = try storages.storage(view.storage, of: entry.name, in: source)
                    try take(bytes.count)
                    loaded[key] = bytes
                }
                tensor = try CheckpointTensor(entry.name, view, storage: loaded[key]!)
            }
            if case .loaded = entry.content {
            } else {
                guard tensor.elementCount <= elements else { throw .limitExceeded(.elements, offset: 0) }
                elements -= tensor.elementCount
            }
            tensors.append(tensor)
        }
        return tensors
    }
}

/// What the reader of one format finds.
struct CheckpointContents {
    var dictionaries: [TensorDictionary]
    var skipped: [String] = []
    var storages: any StorageReader

    init(_ graph: PickleGraph, _ storages: any StorageReader) throws(CheckpointError) {
        dictionaries = try TensorSearch.dictionaries(in: graph)
        guard dictionaries.contains(where: { !$0.isList }) else { throw .noStateDict }
        // What arrays that were read are made of was not skipped.
        let parts = dictionaries.contains(where: \.hasArrays) ? ["_reconstruct", "_frombuffer", "dtype"] : []
        skipped = graph.foreignTypes.filter { type in
            !type.hasPrefix("numpy.") || !parts.contains { type.hasSuffix("." + $0) }
        }
        self.storages = storages
    }

    init(dictionaries: [TensorDictionary], storages: any StorageReader) {
        self.dictionaries = dictionaries
        self.storages = storages
    }
}

/// Where one format keeps what the tensors of a pickle refer to.
protocol StorageReader: Sendable {
    /// The bytes of a storage; `tensor` is for errors. Throws `invalidTensor` where it has another size.
    func storage(
        _ storage: PickleGraph.StorageReference, of tensor: String, in source: SourceFile
    ) throws(CheckpointError) -> FileBytes
}

extension PickleGraph.StorageReference {
    /// Bytes; nil where their count overflows or is more than any detector has.
    func byteCount(of tensor: String, found: Int) throws(CheckpointError) -> Int {
        try elementType.check(tensor, count: elementCount, byteCount: found)
        guard found <= SourceFile.storageLimit else { throw .limitExceeded(.storages, offset: 0) }
        return found
    }
}

extension PickleGraph {
    /// Of objects that are not known, each type once: those of Python and PyTorch themselves skipped.
    fileprivate var foreignTypes: [String] {
        let own: Set<Substring> = ["torch", "builtins", "__builtin__", "copyreg", "copy_reg", "_codecs"]
        var seen: Set<String> = []
        var types: [String] = []
        for object in objects where seen.insert(object.maker).inserted && types.count < 1000 {
            let package = object.maker.prefix { $0 != "." }
            if package.count < object.maker.count, !own.contains(package) { types.append(object.maker) }
        }
        return types
    }
}

/// The tensors of the largest dictionary of a file, all of them in memory.
public struct Checkpoint: Sendable {
    /// In file order.
    public let tensors: [CheckpointTensor]

    private let indices: [String: Int]

    /// Reads the file; errors are those of `CheckpointFile`.
    public init(path: String) throws(CheckpointError) { try self.init(CheckpointFile(path: path)) }

    /// Reads a file's bytes from memory. Without `verifiesChecksums` a zip file's CRC-32 are ignored.
    public init(bytes: Data, verifiesChecksums: Bool = true) throws(CheckpointError) {
        try self.init(CheckpointFile(bytes: bytes, verifiesChecksums: verifiesChecksums))
    }

    /// These tensors. Throws `duplicateTensor`.
    public init(_ tensors: [CheckpointTensor]) throws(CheckpointError) {
        self.tensors = tensors
        var indices: [String: Int] = [:]
        for (index, tensor) in tensors.enumerated() where indices.updateValue(index, forKey: tensor.name) != nil {
            throw .duplicateTensor(tensor.name)
        }
        self.indices = indices
    }

    private init(_ file: CheckpointFile) throws(CheckpointError) {
        var largest: TensorDictionary?
        for dictionary in file.dictionaries where !dictionary.isList {
            if dictionary.entries.count > largest?.entries.count ?? -1 { largest = dictionary }
        }
        try self.init(try file.tensors(of: largest?.entries ?? []))
    }

    /// nil where the checkpoint has no tensor of that name.
    public subscript(name: String) -> CheckpointTensor? { indices[name].map { tensors[$0] } }
}
