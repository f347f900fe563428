import Foundation
import Files
import Testing

@testable import Pipeline

/// A file that turns over by itself, and a disk that fails.
@Suite struct RecordTests {
    private let directory = NSTemporaryDirectory() + "record-\(UUID().uuidString)"
    private let head = Array("{\"head\":1}\n".utf8)

    init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }

    private func line(_ number: Int) -> [UInt8] { Array("{\"line\":\(100_000 + number)}\n".utf8) }

    private func lines(_ name: String) throws -> [Substring] {
        try String(contentsOfFile: directory + "/" + name, encoding: .utf8).split(separator: "\n")
    }

    @Test func aFullFileGivesWayToAnother() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var file = try RecordFile(path: directory + "/lines", limit: 100)
        for number in 0..<20 {
            try line(number).withUnsafeBytes { try file.write($0, head: head) }
            for name in ["lines", "lines.1"] {
                let size = (try? FileManager.default.attributesOfItem(atPath: directory + "/" + name)[.size] as? Int) ?? 0
                #expect(size <= 100)
            }
        }
        // 11 bytes of the head and 16 a line: five in each.
        #expect(try lines("lines.1") == ["{\"head\":1}"] + (10..<15).map { "{\"line\":\(100_000 + $0)}" })
        #expect(try lines("lines") == ["{\"head\":1}"] + (15..<20).map { "{\"line\":\(100_000 + $0)}" })
    }

    /// Each start has its own head: it may be of another model or source. The limit counts it.
    @Test func anOlderFileIsContinuedUnderAHeadOfItsOwn() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for start in 0..<3 {
            var file = try RecordFile(path: directory + "/lines", limit: 110)
            for number in 0..<2 {
                try line(number).withUnsafeBytes { try file.write($0, head: Array("{\"head\":\(start)}\n".utf8)) }
            }
        }
        let both = "{\"line\":100000}\n{\"line\":100001}"
        // 43 bytes a start: behind two of them there is room for a line, but not for a head as well.
        #expect(try lines("lines.1").joined(separator: "\n") == "{\"head\":0}\n\(both)\n{\"head\":1}\n\(both)")
        #expect(try lines("lines").joined(separator: "\n") == "{\"head\":2}\n\(both)")
    }

    @Test func whatIsNoFileIsRejected() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(mkfifo(directory + "/fifo", 0o600) == 0)
        for (path, error) in [("/dev/full", OutputError.notRegularFile), (directory + "/fifo", .notRegularFile)] {
            #expect(throws: error) { _ = try RecordFile(path: path, limit: 100) }
        }
    }

    /// Lines that can't be written are missing, and the file continues once it can be.
    @Test func aDirectoryThatGoesAndComesBack() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var file = try RecordFile(path: directory + "/lines", limit: 30)
        try line(0).withUnsafeBytes { try file.write($0, head: head) }
        try FileManager.default.moveItem(atPath: directory, toPath: directory + "-away")
        #expect(throws: OutputError.system(ENOENT)) { try line(1).withUnsafeBytes { try file.write($0, head: head) } }
        try FileManager.default.moveItem(atPath: directory + "-away", toPath: directory)
        try line(2).withUnsafeBytes { try file.write($0, head: head) }
        let all = try lines("lines") + ((try? lines("lines.1")) ?? [])
        #expect(all.contains { $0.contains("100002") } && !all.contains { $0.contains("100001") })
    }
}
