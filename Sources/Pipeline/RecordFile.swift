/// A file that grows by whole lines. Once it would become larger than a limit it is renamed to FILE.1, in place of the one
/// before, and another one begins: the two never have more than twice the limit.
public struct RecordFile: ~Copyable {
    private let path: [CChar]
    private let old: [CChar]
    private let limit: Int
    private var descriptor: Int32 = -1
    private var byteCount = 0
    /// Bytes before the head, which stands in front of the first lines after each opening.
    private var start = 0

    /// Appends to the file at `path`, or makes one. `limit` is in bytes.
    public init(path: UnsafePointer<CChar>, limit: Int = 16 << 20) throws(OutputError) {
        var name: [CChar] = []
        while path[name.count] != 0 { name.append(path[name.count]) }
        self.path = name + [0]
        old = name + [0x2E, 0x31, 0]
        self.limit = limit
        try open()
    }

    deinit { if descriptor >= 0 { _ = clinux_close(descriptor) } }

    private mutating func open() throws(OutputError) {
        let error = clinux_append_open(path, &descriptor, &byteCount)
        guard error == 0 else { throw error == clinux_ENODEV ? .notRegularFile : .system(error) }
        start = byteCount
    }

    /// Adds whole lines, all or none; `head` precedes the first of each start, and of each file.
    mutating func write(_ lines: UnsafeRawBufferPointer, head: [UInt8]) throws(OutputError) {
        guard let first = lines.baseAddress, lines.count > 0 else { return }
        if descriptor < 0 { try open() }
        if byteCount > 0, byteCount + (byteCount == start ? head.count : 0) + lines.count > limit {
            _ = clinux_close(descriptor)
            descriptor = -1
            let error = clinux_rename(path, old)
            guard error == 0 else { throw .system(error) }
            try open()
        }
        if byteCount == start { try append(head, head.count) }
        try append(first, lines.count)
    }

    private mutating func append(_ bytes: UnsafeRawPointer, _ count: Int) throws(OutputError) {
        let error = clinux_append(descriptor, bytes, count)
        guard error == 0 else { throw .system(error) }
        byteCount += count
    }
}
