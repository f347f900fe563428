import Checkpoint
import Foundation
import Testing

@Suite final class AtomicFileTests {
    private let folder = NSTemporaryDirectory() + "swiftlet-atomic-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    /// Writes `text` in two parts; without `commits` it gives up before the end.
    private func put(_ text: String, at path: String, commits: Bool = true) throws(FileWriteError) {
        var file = try AtomicFile(path: path)
        for part in [text.prefix(2), text.dropFirst(2)] {
            try file.write(Array(part.utf8))
        }
        if commits { try file.commit() }
    }

    @Test func replacesOnlyWhenComplete() throws {
        let path = folder + "/file"
        try put("first", at: path)
        try put("second", at: path, commits: false)
        #expect(try text("file") == "first")
        var file = try AtomicFile(path: path)
        #expect(try names().count == 2)
        #expect(try text("file") == "first")
        try file.commit()
        #expect(try text("file") == "")
        #expect(try names() == ["file"])
    }

    /// A folder takes the place of the file before it is complete.
    @Test func failedRenameLeavesNothing() throws {
        var file = try AtomicFile(path: folder + "/file")
        try FileManager.default.createDirectory(atPath: folder + "/file", withIntermediateDirectories: true)
        do throws(FileWriteError) {
            try file.commit()
            Issue.record("a folder was replaced")
        } catch {
            #expect(error == .system(path: folder + "/file", errno: EISDIR))
        }
        #expect(try names() == ["file"])
    }

    @Test func linksAreFollowedToTheFile() throws {
        try put("old", at: folder + "/real")
        #expect(symlink("real", folder + "/link") == 0)
        try put("new", at: folder + "/link")
        #expect(try text("real") == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == "real")
        #expect(symlink("nowhere", folder + "/dangling") == 0)
        #expect(throws: FileWriteError.system(path: folder + "/dangling", errno: ENOENT)) {
            try put("new", at: folder + "/dangling")
        }
        #expect(try names() == ["dangling", "link", "real"])
    }

    @Test func whatIsNoFileStays() throws {
        let fifo = folder + "/fifo", link = folder + "/null", inner = folder + "/folder"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(symlink("/dev/null", link) == 0)
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
        for path in [fifo, link, "/dev/full"] {
            #expect(throws: FileWriteError.notRegularFile(path: path)) { try put("text", at: path) }
        }
        #expect(throws: FileWriteError.system(path: inner, errno: EISDIR)) { try put("text", at: inner) }
        let missing = folder + "/missing/file"
        #expect(throws: FileWriteError.system(path: missing, errno: ENOENT)) { try put("text", at: missing) }
        #expect(throws: FileWriteError.system(path: fifo + "/file", errno: ENOTDIR)) {
            try put("text", at: fifo + "/file")
        }
        #expect(try names() == ["fifo", "folder", "null"])
    }
}
