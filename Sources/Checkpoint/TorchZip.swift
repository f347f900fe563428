/// The zip format of torch.save since 1.6: `NAME/data.pkl` describes the object, `NAME/data/KEY` contains each storage.
struct TorchZip: StorageReader {
    /// Bytes of a pickle, which contains names and numbers: no storages.
    private static let pickleLimit = 64 << 20
    /// "little" or "big".
    private static let byteOrderLimit = 6

    private let archive: ZipArchive
    private let directory: String

    static func read(_ source: SourceFile, verifiesChecksums: Bool) throws(CheckpointError) -> CheckpointContents {
        let archive = try ZipArchive(source, verifiesChecksums: verifiesChecksums)
        guard let pickleName = archive.names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) else {
            throw ForeignFile(archiveOf: archive.names).map { .foreignFile($0) } ?? .missingRecord("data.pkl")
        }
        let directory = String(pickleName.dropLast("data.pkl".count))
        if archive.contains(directory + "constants.pkl") { throw .torchScript }
        let byteOrder = directory + "byteorder"
        if archive.contains(byteOrder) {
            let bytes = try archive.record(byteOrder, in: source, limit: byteOrderLimit)
            if bytes.array(bytes.range) == Array("big".utf8) { throw .bigEndian }
        }
        let pickle = try archive.record(pickleName, in: source, limit: pickleLimit)
        let graph = try Unpickler.read(pickle, pickle.range).graph
        return try CheckpointContents(graph, TorchZip(archive: archive, directory: directory))
    }

    func storage(
        _ storage: PickleGraph.StorageReference, of tensor: String, in source: SourceFile
    ) throws(CheckpointError) -> FileBytes {
        let name = "\(directory)data/\(storage.key)"
        let size = try storage.byteCount(of: tensor, found: try archive.size(of: name))
        return try archive.record(name, in: source, limit: size)
    }
}
