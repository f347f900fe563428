import Files
import Foundation
import Testing

@Suite struct FileContentsTests {
    private let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    private func read(_ path: String, limit: Int = 1 << 20) throws(FileError) -> [UInt8] {
        let contents = try FileContents(path: path, limit: limit)
        return [UInt8](contents.bytes)
    }

    /// Sizes around the page's and the limit's edges.
    @Test(arguments: [0, 1, 4095, 4096, 4097, 16_384, 65_535, 65_536, 65_537])
    func readsAll(count: Int) throws {
        let text = String(repeating: "x", count: count)
        let path = try directory.write(text, to: "file")
        #expect(try read(path, limit: count) == Array(text.utf8))
        guard count > 0 else { return }
        #expect(throws: FileError.tooLarge(limit: count - 1)) { try read(path, limit: count - 1) }
    }

    /// Later writers change nothing, not even by a truncation.
    @Test func isPrivate() throws {
        let path = try directory.write("before", to: "file")
        let contents = try FileContents(path: path, limit: 100)
        let writer = open(path, O_WRONLY)
        defer { close(writer) }
        #expect(pwrite(writer, "AFTER!", 6, 0) == 6)
        #expect(ftruncate(writer, 0) == 0)
        #expect([UInt8](contents.bytes) == Array("before".utf8))
    }

    /// The size that the system tells is not believed: /proc says 0.
    @Test func limitHoldsForWhatIsRead() throws {
        let text = try read("/proc/self/status")
        #expect(text.starts(with: Array("Name:".utf8)))
        #expect(throws: FileError.tooLarge(limit: 10)) { try read("/proc/self/status", limit: 10) }
        // A hole costs no disk.
        let path = try directory.write("", to: "sparse")
        #expect(truncate(path, 1 << 40) == 0)
        #expect(throws: FileError.tooLarge(limit: 1 << 20)) { try read(path) }
    }

    @Test func whatIsNoFileIsRejectedAtOnce() throws {
        #expect(mkfifo(directory.path("fifo"), 0o600) == 0)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Relative to nothing else: the name must fit into 107 bytes.
        let name = Array(directory.path("s").utf8CString)
        try #require(name.count <= 108)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            name.withUnsafeBytes { path.copyMemory(from: $0) }
        }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        #expect(throws: FileError.directory) { try read(directory.path) }
        for path in [directory.path("fifo"), directory.path("s"), "/dev/zero", "/dev/null"] {
            #expect(throws: FileError.notRegularFile) { try read(path) }
        }
        #expect(throws: FileError.system(ENOENT)) { try read(directory.path("missing")) }
    }

    /// A file that never stops changing gives an error or one whole state, never a mixture or the end of the process.
    @Test func changesAreNoticed() throws {
        let path = try directory.write(String(repeating: "a", count: 1 << 20), to: "file")
        let stop = Flag()
        let writer = Thread { [path] in
            let file = open(path, O_WRONLY)
            defer { close(file) }
            var text = [UInt8](repeating: 0, count: 1 << 20)
            while !stop.isSet {
                ftruncate(file, 0)
                _ = text.withUnsafeBytes { pwrite(file, $0.baseAddress!, $0.count, 0) }
                for index in text.indices { text[index] &+= 1 }
            }
            stop.finish()
        }
        writer.start()
        for _ in 0..<200 {
            do throws(FileError) {
                let bytes = try read(path)
                #expect(bytes.isEmpty || Set(bytes).count == 1)
            } catch {
                #expect(error == .changed)
            }
        }
        stop.set()
        stop.waitUntilFinished()
    }
}

/// Set by one thread, seen by another.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private let end = DispatchSemaphore(value: 0)
    private var value = false

    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
    func finish() { end.signal() }
    func waitUntilFinished() { end.wait() }
}
