import CLinux
import Foundation
import TestSupport
import Testing

@testable import Service

/// An unread log: no line waits, and the missing ones are counted once it is read again.
@Suite struct LogOutputTests {
    private func notice(_ missing: UInt64) -> [UInt8] { Array("missing \(missing)\n".utf8) }

    /// Writes numbered lines until some are skipped, reads everything, writes one more, and looks for all of them.
    private func expectEverythingIsAccountedFor(writing: Int32, reading: Int32, bytesOfLine: Int) throws {
        let output = try LogOutput(clinux_open_unwaiting(writing))
        let filler = String(repeating: "x", count: bytesOfLine - 8)
        // More than any of these descriptors holds.
        let count = 20_000_000 / (bytesOfLine * bytesOfLine) + 600
        for number in 0..<count { output.write(Array("\(1_000_000 + number)\(filler)\n".utf8), notice: notice) }
        var text: [UInt8] = []
        func readAll() {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                var descriptor = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
                guard poll(&descriptor, 1, 200) > 0 else { return }
                let got = read(reading, &buffer, buffer.count)
                guard got > 0 else { return }
                text += buffer[..<got]
            }
        }
        readAll()
        output.write(Array("last\n".utf8), notice: notice)
        readAll()
        let lines = String(decoding: text.filter { $0 != 0x0D }, as: UTF8.self).split(separator: "\n")
        let numbered = lines.filter { $0.hasPrefix("1") }
        let missing = lines.compactMap { $0.hasPrefix("missing ") ? Int($0.dropFirst(8)) : nil }
        // A terminal makes room again while it is written to: there may be several gaps, each of which is told.
        #expect(lines.last == "last" && !missing.isEmpty, "\(lines.count) \(missing) \(lines.suffix(3))")
        #expect(!numbered.isEmpty && numbered.count + missing.reduce(0, +) == count)
    }

    @Test(arguments: [60, 1000, 4096]) func pipe(bytesOfLine: Int) throws {
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        try expectEverythingIsAccountedFor(writing: ends[1], reading: ends[0], bytesOfLine: bytesOfLine)
        // The process that has the other end open still waits where it wrote: only ours is changed.
        #expect(fcntl(ends[1], F_GETFL) & O_NONBLOCK == 0)
    }

    @Test func streamSocket() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        try expectEverythingIsAccountedFor(writing: ends[1], reading: ends[0], bytesOfLine: 700)
    }

    @Test func terminal() throws {
        // What posix_openpt, unlockpt and ptsname do, of which this module map does not know.
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var locked: Int32 = 0, number: Int32 = 0
        let unlock: UInt = 0x4004_5431, getNumber: UInt = 0x8004_5430
        try #require(master >= 0 && ioctl(master, unlock, &locked) == 0 && ioctl(master, getNumber, &number) == 0)
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        try expectEverythingIsAccountedFor(writing: terminal, reading: master, bytesOfLine: 300)
        // Ctrl-S.
        try #require(tcflow(terminal, TCOOFF) == 0)
        let output = try LogOutput(clinux_open_unwaiting(terminal))
        for _ in 0..<100 { output.write(Array("stopped\n".utf8), notice: notice) }
        try #require(tcflow(terminal, TCOON) == 0)
    }

    @Test func pipeOfAnother() throws {
        // Where the pipe cannot be opened again, a full one is seen beforehand.
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        let output = try LogOutput(ends[1])
        for _ in 0..<5000 { output.write(Array(repeating: 0x0A, count: 100), notice: notice) }
    }

    @Test func daemonGoesOnAndEnds() throws {
        var ends: [Int32] = [0, 0]
        try #require(Glibc.pipe(&ends) == 0)
        let full = [UInt8](repeating: 0x0A, count: 1 << 12)
        try #require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        while Glibc.write(ends[1], full, full.count) > 0 {}
        try #require(fcntl(ends[1], F_SETFL, 0) == 0)
        let daemon = try RunningDaemon()
        for index in 0..<20 { try daemon.write("pictures/a\(index).jpg", Array("no image".utf8)) }
        try daemon.write("pictures/b.jpg", try drawnJPEG(seed: 1))
        try daemon.write("conf", Array("[detect]\nthreshold = 7\n".utf8))
        try daemon.write("good", Array("[detect]\nthreshold = 0.5\n".utf8))
        let conf = daemon.directory + "/conf"
        try FileManager.default.moveItem(atPath: conf, toPath: daemon.directory + "/bad")
        try FileManager.default.moveItem(atPath: daemon.directory + "/good", toPath: conf)
        try daemon.start(
            [
                "--source", daemon.directory + "/pictures", "--loop", "--rate", "100", "--config", conf, "--model",
                try RunningDaemon.model(), "--socket", daemon.socket,
            ],
            standardError: FileHandle(fileDescriptor: ends[1]))
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        try client.wait(lines: 10)
        try FileManager.default.removeItem(atPath: conf)
        try FileManager.default.moveItem(atPath: daemon.directory + "/bad", toPath: conf)
        for _ in 0..<20 {
            kill(daemon.process.processIdentifier, SIGHUP)
            try client.wait(lines: 3)
        }
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        close(ends[0])
        close(ends[1])
    }
}
