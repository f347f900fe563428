import Foundation

/// A regular file, or bytes in memory, of which parts are brought into memory when they are asked for. Nothing is mapped:
/// a file that is shortened meanwhile causes an error, not the end of the process.
final class SourceFile: Sendable {
    /// Bytes that are held of one file in all; a detector's weights take less than a tenth.
    static let storageLimit = 512 << 20

    let count: Int
    private let path: String
    /// nil: the bytes are in memory.
    private let opened: OpenFile?
    private let data: Data

    init(_ data: Data) {
        count = data.count
        path = ""
        opened = nil
        self.data = data
    }

    /// Throws `file`.
    init(path: String) throws(CheckpointError) {
        do throws(FileError) {
            let opened = try OpenFile(path: path)
            count = opened.byteCount
            self.opened = opened
        } catch {
            throw .file(path: path, error)
        }
        self.path = path
        data = Data()
    }

    /// The bytes in `range`, which lies within the file. Throws `file` where they cannot be read.
    func bytes(_ range: Range<Int>) throws(CheckpointError) -> FileBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard let opened else {
            let start = data.startIndex
            return FileBytes(Data(data[start + range.lowerBound..<start + range.upperBound]), at: range.lowerBound)
        }
        guard !range.isEmpty else { return FileBytes(Data(), at: range.lowerBound) }
        guard var bytes = Self.memory(range.count) else { throw .file(path: path, .system(ENOMEM)) }
        let problem = bytes.withUnsafeMutableBytes { opened.read(at: range.lowerBound, into: $0) }
        if let problem { throw .file(path: path, problem) }
        return FileBytes(bytes, at: range.lowerBound)
    }

    /// nil where the system has none: a heap that is short ends the process.
    private static func memory(_ count: Int) -> Data? {
        guard count > 1 << 16 else { return Data(count: count) }
        guard let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            address != MAP_FAILED
        else { return nil }
        return Data(bytesNoCopy: address, count: count, deallocator: .custom { _ = munmap($0, $1) })
    }

    /// What `body` makes of the file. Throws `file` with `changed` where another program wrote to it since it was opened,
    /// whatever `body` throws: half of one state and half of another is no damage.
    func unchanged<Value>(_ body: () throws(CheckpointError) -> Value) throws(CheckpointError) -> Value {
        let result = Result(catching: body)
        if let opened, opened.hasChanged { throw .file(path: path, .changed) }
        return try result.get()
    }
}
