/// Writes zip files of stored entries, and their defects.
struct ZipBuilder {
    struct Entry {
        var name: String
        var bytes: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        var claimedSize: UInt64?
        var claimedOffset: UInt64?
        /// Zero: none was computed.
        var checksum: UInt32 = 0
    }

    var entries: [Entry]
    /// Zip64 throughout: narrow fields saturated, wide ones in their place.
    var isWide = false
    var claimedCount: UInt64?

    /// A file as torch.save writes it: the pickle, then storages 0, 1, ...
    static func torch(_ pickle: [UInt8], storages: [[UInt8]] = []) -> ZipBuilder {
        ZipBuilder(
            entries: [Entry(name: "archive/data.pkl", bytes: pickle)]
                + storages.enumerated().map { Entry(name: "archive/data/\($0)", bytes: $1) })
    }

    var bytes: [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = entry.claimedOffset ?? UInt64(file.count)
            let size = entry.claimedSize ?? UInt64(entry.bytes.count)
            file += littleEndian(UInt32(0x0403_4B50)) + littleEndian(UInt16(45)) + littleEndian(entry.flags)
            file += littleEndian(entry.method) + [UInt8](repeating: 0, count: 16)
            file += littleEndian(UInt16(entry.name.utf8.count)) + littleEndian(UInt16(0)) + Array(entry.name.utf8)
            file += entry.bytes

            let wide = isWide ? littleEndian(UInt16(1)) + littleEndian(UInt16(24)) : []
            let extra = isWide ? wide + littleEndian(size) + littleEndian(size) + littleEndian(offset) : []
            directory += littleEndian(UInt32(0x0201_4B50)) + littleEndian(UInt32(45)) + littleEndian(entry.flags)
            directory += littleEndian(entry.method) + littleEndian(UInt32(0)) + littleEndian(entry.checksum)
            directory += narrow(size) + narrow(size) + littleEndian(UInt16(entry.name.utf8.count))
            directory += littleEndian(UInt16(extra.count)) + [UInt8](repeating: 0, count: 10) + narrow(offset)
            directory += Array(entry.name.utf8) + extra
        }
        let start = UInt64(file.count)
        let count = claimedCount ?? UInt64(entries.count)
        file += directory
        if isWide {
            let wideEnd = UInt64(file.count)
            file += littleEndian(UInt32(0x0606_4B50)) + littleEndian(UInt64(44)) + littleEndian(UInt32(0))
            file += littleEndian(UInt64(0)) + littleEndian(count) + littleEndian(count)
            file += littleEndian(UInt64(directory.count)) + littleEndian(start)
            file += littleEndian(UInt32(0x0706_4B50)) + littleEndian(UInt32(0)) + littleEndian(wideEnd)
            file += littleEndian(UInt32(1))
        }
        let narrowCount = isWide ? UInt16.max : UInt16(clamping: count)
        file += littleEndian(UInt32(0x0605_4B50)) + littleEndian(UInt32(0)) + littleEndian(narrowCount)
        file += littleEndian(narrowCount) + narrow(UInt64(directory.count)) + narrow(start) + littleEndian(UInt16(0))
        return file
    }

    private func narrow(_ value: UInt64) -> [UInt8] {
        littleEndian(isWide ? UInt32.max : UInt32(clamping: value))
    }
}
