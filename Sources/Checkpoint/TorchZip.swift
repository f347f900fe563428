/// The zip format of torch.save since 1.6: `NAME/data.pkl` describes the object, `NAME/data/KEY` holds each storage.
enum TorchZip {
    static func tensors(_ bytes: FileBytes, verifiesChecksums: Bool) throws(CheckpointError) -> [CheckpointTensor] {
        var archive = try ZipArchive(bytes, verifiesChecksums: verifiesChecksums)
        guard let pickleName = archive.names.first(where: { $0.hasSuffix("/data.pkl") }) else {
            throw .missingRecord("data.pkl")
        }
        let folder = pickleName.dropLast("data.pkl".count)
        if archive.contains(folder + "constants.pkl") { throw .torchScript }
        let byteOrder = "\(folder)byteorder"
        if archive.contains(byteOrder), bytes.array(try archive.record(byteOrder)) == Array("big".utf8) {
            throw .bigEndian
        }

        let graph = try Unpickler.read(bytes, try archive.record(pickleName)).graph
        var storages: [String: Range<Int>] = [:]
        var tensors: [CheckpointTensor] = []
        for entry in try StateDict(graph).entries {
            let key = entry.tensor.storage.key
            let range: Range<Int>
            if let known = storages[key] {
                range = known
            } else {
                range = try archive.record("\(folder)data/\(key)")
                storages[key] = range
            }
            tensors.append(try CheckpointTensor(entry, storage: range, in: bytes))
        }
        return tensors
    }
}
