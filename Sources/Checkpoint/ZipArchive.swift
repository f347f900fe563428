/// The central directory of a zip file, and its stored records. Zip64 fields are read; compression is not.
/// Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 to 4.5.3.
struct ZipArchive: Sendable {
    private struct Entry: Sendable {
        var method: UInt16
        var isEncrypted: Bool
        var checksum: UInt32
        var compressedSize: Int
        var size: Int
        var headerOffset: Int
    }

    /// Bytes of the directory of a file with many more records than a checkpoint has.
    private static let directoryLimit = 64 << 20

    private let verifiesChecksums: Bool
    private var entries: [String: Entry] = [:]
    /// In the order of the directory.
    private(set) var names: [String] = []

    static func isZip(_ bytes: FileBytes) -> Bool {
        let signature = bytes.integer(UInt32.self, at: 0)
        return signature == Signature.localHeader || signature == Signature.end
    }

    /// Checksums can be left unverified so that tests reach what lies behind them.
    init(_ source: SourceFile, verifiesChecksums: Bool = true) throws(CheckpointError) {
        self.verifiesChecksums = verifiesChecksums
        let directory = try Self.findDirectory(source)
        guard directory.range.count <= Self.directoryLimit else {
            throw .limitExceeded(.headerLength, offset: directory.range.lowerBound)
        }
        var reader = ByteReader(try source.bytes(directory.range), directory.range, .zipDirectory)
        for _ in 0..<directory.count {
            let start = reader.position
            let (name, entry) = try Self.readEntry(&reader)
            guard entry.headerOffset < directory.range.lowerBound else {
                throw .malformed(.zipDirectory, offset: start)
            }
            guard entries.updateValue(entry, forKey: name) == nil else { throw .duplicateRecord(name) }
            names.append(name)
        }
    }

    /// Bytes of a record by the directory.
    func size(of name: String) throws(CheckpointError) -> Int {
        guard let entry = entries[name] else { throw .missingRecord(name) }
        return entry.size
    }

    /// The bytes of a stored record, which has at most `limit`.
    func record(_ name: String, in source: SourceFile, limit: Int) throws(CheckpointError) -> FileBytes {
        guard let entry = entries[name] else { throw .missingRecord(name) }
        guard entry.method == 0, !entry.isEncrypted else { throw .compressedRecord(name) }
        let headerLength = 30
        guard headerLength <= source.count - entry.headerOffset else {
            throw .truncated(.zipRecord, offset: entry.headerOffset)
        }
        let header = entry.headerOffset..<entry.headerOffset + headerLength
        var reader = ByteReader(try source.bytes(header), header, .zipRecord)
        guard try reader.integer(UInt32.self) == Signature.localHeader, entry.compressedSize == entry.size else {
            throw .malformed(.zipRecord, offset: entry.headerOffset)
        }
        // Sizes and checksum may come after the data, in a descriptor: the directory has them too.
        try reader.skip(22)
        let start = header.upperBound + (try reader.length(UInt16.self)) + (try reader.length(UInt16.self))
        guard start <= source.count, entry.size <= source.count - start else {
            throw .truncated(.zipRecord, offset: min(start, source.count))
        }
        guard entry.size <= limit else { throw .limitExceeded(.recordLength, offset: start) }
        let bytes = try source.bytes(start..<start + entry.size)
        // Zero stands in for a checksum that the writer skipped.
        if verifiesChecksums, entry.checksum != 0,
            bytes.withBytes(bytes.range, Checksum.crc32) != entry.checksum
        {
            throw .checksumMismatch(record: name)
        }
        return bytes
    }

    func contains(_ name: String) -> Bool { entries[name] != nil }

    private static func readEntry(_ reader: inout ByteReader) throws(CheckpointError) -> (String, Entry) {
        let start = reader.position
        guard try reader.integer(UInt32.self) == Signature.directoryEntry else {
            throw .malformed(.zipDirectory, offset: start)
        }
        try reader.skip(4)
        let flags = try reader.integer(UInt16.self)
        let method = try reader.integer(UInt16.self)
        try reader.skip(4)
        let checksum = try reader.integer(UInt32.self)
        let compressedSize = try reader.integer(UInt32.self)
        let size = try reader.integer(UInt32.self)
        let nameLength = try reader.length(UInt16.self)
        let extraLength = try reader.length(UInt16.self)
        let commentLength = try reader.length(UInt16.self)
        try reader.skip(8)
        let offset = try reader.integer(UInt32.self)
        let name = String(decoding: reader.bytes.array(try reader.take(nameLength)), as: UTF8.self)
        let extra = try reader.take(extraLength)
        try reader.skip(commentLength)

        var wide = try wideFields(reader.bytes, extra)
        func widen(_ value: UInt32) throws(CheckpointError) -> Int {
            guard value == .max else { return Int(value) }
            return try wide.length(UInt64.self)
        }
        // The wide fields follow in this order, each only where its narrow field is saturated.
        let wideSize = try widen(size)
        let wideCompressedSize = try widen(compressedSize)
        let wideOffset = try widen(offset)
        return (
            name,
            Entry(
                method: method, isEncrypted: flags & 1 != 0, checksum: checksum, compressedSize: wideCompressedSize,
                size: wideSize, headerOffset: wideOffset)
        )
    }

    /// The zip64 field among the extra fields; empty where there is none.
    private static func wideFields(_ bytes: FileBytes, _ extra: Range<Int>) throws(CheckpointError) -> ByteReader {
        var reader = ByteReader(bytes, extra, .zipDirectory)
        while reader.remaining >= 4 {
            let identifier = try reader.integer(UInt16.self)
            let field = try reader.take(try reader.length(UInt16.self))
            if identifier == 1 { return ByteReader(bytes, field, .zipDirectory) }
        }
        return ByteReader(bytes, extra.upperBound..<extra.upperBound, .zipDirectory)
    }

    private static func findDirectory(_ source: SourceFile) throws(CheckpointError) -> (range: Range<Int>, count: Int) {
        // The end, its comment, and what stands before it in wide files.
        let tail = try source.bytes(max(0, source.count - 22 - 65_535 - 20)..<source.count)
        let end = try findEnd(tail)
        var reader = ByteReader(tail, end + 10..<tail.end, .zipDirectory)
        var count = try reader.length(UInt16.self)
        var size = try reader.length(UInt32.self)
        var offset = try reader.length(UInt32.self)
        if end >= 20, tail.integer(UInt32.self, at: end - 20) == Signature.wideEndLocator {
            var locator = ByteReader(tail, end - 12..<end, .zipDirectory)
            let wideEnd = try locator.length(UInt64.self), wideLength = 56
            guard wideEnd < end - 20, wideLength <= end - wideEnd else {
                throw .malformed(.zipDirectory, offset: end - 12)
            }
            let wide = wideEnd..<wideEnd + wideLength
            reader = ByteReader(try source.bytes(wide), wide, .zipDirectory)
            guard try reader.integer(UInt32.self) == Signature.wideEnd else {
                throw .malformed(.zipDirectory, offset: end - 12)
            }
            try reader.skip(28)
            count = try reader.length(UInt64.self)
            size = try reader.length(UInt64.self)
            offset = try reader.length(UInt64.self)
        }
        // An entry takes at least 46 bytes.
        guard offset <= end, size <= end - offset, count <= size / 46 else {
            throw .malformed(.zipDirectory, offset: end)
        }
        return (offset..<offset + size, count)
    }

    /// The end-of-directory record: at the very end but for a comment of at most 65,535 bytes.
    private static func findEnd(_ bytes: FileBytes) throws(CheckpointError) -> Int {
        var position = bytes.end - 22
        let last = max(bytes.start, position - 65_535)
        while position >= last {
            if bytes.integer(UInt32.self, at: position) == Signature.end,
                let comment = bytes.integer(UInt16.self, at: position + 20), Int(comment) == bytes.end - 22 - position
            {
                return position
            }
            position -= 1
        }
        throw .truncated(.zipDirectory, offset: bytes.end)
    }

    private enum Signature {
        static let localHeader: UInt32 = 0x0403_4B50
        static let directoryEntry: UInt32 = 0x0201_4B50
        static let end: UInt32 = 0x0605_4B50
        static let wideEnd: UInt32 = 0x0606_4B50
        static let wideEndLocator: UInt32 = 0x0706_4B50
    }
}
