import Foundation
import TestSupport
import Testing

/// `swiftlet watch` as a process, on a pipe and on a terminal of its own.
@Suite struct WatchCommandTests {
    let daemon: RunningDaemon

    init() throws {
        daemon = try RunningDaemon()
        try daemon.write("pictures/0.jpg", try drawnJPEG(seed: 3))
    }

    private func startDaemon(_ daemon: RunningDaemon, socket: String? = nil) throws {
        let source = ["--source", self.daemon.directory + "/pictures", "--loop", "--rate", "20", "--threshold", "0.3"]
        let path = socket ?? daemon.socket
        try daemon.start(source + ["--socket", path])
        for _ in 0..<60_000 where daemon.process.isRunning && !FileManager.default.fileExists(atPath: path) {
            usleep(10_000)
        }
    }

    private func watch(_ arguments: String..., environment: [String: String] = [:]) throws -> WatchedTool {
        try WatchedTool(
            ["watch", "--socket", daemon.socket] + arguments,
            environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { _, new in new })
    }

    @Test func aPipeGetsALineForEachFrame() throws {
        try startDaemon(daemon)
        let outcome = try ToolOutcome(of: ["watch", "--socket", daemon.socket, "--count", "3"], daemon)
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 5 && lines[0] == "connected to \(daemon.socket)" && lines[1].hasPrefix("model "))
        let pattern = #/frame \d+: [a-z ]+ 0\.\d\d \(\d+ \d+ \d+ \d+\)(, [a-z ]+ 0\.\d\d \(\d+ \d+ \d+ \d+\))*/#
        for line in lines.dropFirst(2) { #expect(try pattern.wholeMatch(in: String(line)) != nil, "\(line)") }
        // With a threshold that nothing reaches there are frames and no lines.
        let strict = try ToolOutcome(
            of: ["watch", "--socket", daemon.socket, "--count", "9", "--threshold", "1"], daemon)
        #expect(strict.code == 0 && !strict.output.contains("\u{1B}"))
        #expect(strict.output.split(separator: "\n").filter { $0.hasPrefix("frame") }.count <= 4)
    }

    @Test(arguments: [["TERM": "dumb"], ["TERM": ""], ["NO_COLOR": "1"]])
    func noEscapesWhereTheyAreNotWanted(environment: [String: String]) throws {
        try startDaemon(daemon)
        let tool = try watch("--count", "2", environment: environment)
        #expect(tool.exitCode() == 0)
        #expect(tool.screen.contains("frame ") && !tool.screen.utf8.contains(0x1B), "\(tool.screen)")
    }

    @Test func aTerminalGetsATableAndItsModeBack() throws {
        try startDaemon(daemon)
        for end in ["q", "SIGTERM", "SIGINT", "count"] {
            let tool = try end == "count" ? watch("--count", "5") : watch()
            let before = tool.modeBefore
            if end != "count" {
                #expect(tool.wait { $0.contains("per second, the last") && $0.contains("label") }, "\(tool.screen)")
                #expect(tool.screen.contains("MobileViTv3") || tool.screen.contains("model"))
                // Keys are taken without an echo.
                #expect(tool.mode.c_lflag & tcflag_t(ECHO | ICANON) == 0)
            }
            switch end {
            case "q": tool.type("xq")
            case "SIGTERM": tool.process.terminate()
            case "SIGINT": tool.process.interrupt()
            default: break
            }
            #expect(tool.exitCode() == 0, "\(end)")
            #expect(tool.screen.hasPrefix("\u{1B}[?1049h"))
            #expect(tool.screen.hasSuffix("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"), "\(end)")
            let after = tool.mode
            #expect(after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag)
            #expect(after.c_oflag == before.c_oflag)
            #expect(tool.screen.filter { $0 == "\u{1B}" }.count > 4)
        }
    }

    @Test func theTableFollowsTheWindow() throws {
        try startDaemon(daemon)
        let tool = try watch()
        tool.resize(columns: 44, rows: 9)
        #expect(
            tool.wait { screen in
                guard let last = screen.components(separatedBy: "\u{1B}[H").dropLast().last else { return false }
                // The terminal makes a carriage return and a newline of each newline.
                let lines = last.unicodeScalars.split { $0 == "\r" || $0 == "\n" }
                    .map { String($0).replacing(#/\x1B\[[0-9]*[mKJ]/#, with: "") }
                return lines.count <= 9 && lines.allSatisfy { $0.count <= 44 } && lines.contains { $0.hasPrefix("and ") }
            }, "\(tool.screen.suffix(500))")
        tool.process.terminate()
        #expect(tool.exitCode() == 0)
    }

    @Test func itComesBackWithTheDaemon() throws {
        try startDaemon(daemon)
        let tool = try watch(environment: ["TERM": "dumb"])
        #expect(tool.wait { $0.contains("frame ") })
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        #expect(tool.wait { $0.contains("waiting until swiftletd is back") }, "\(tool.screen)")
        let second = try RunningDaemon()
        try startDaemon(second, socket: daemon.socket)
        #expect(
            tool.wait { text in
                guard let back = text.range(of: "waiting until swiftletd is back") else { return false }
                let rest = text[back.upperBound...]
                return rest.contains("connected to") && rest.contains("frame ")
            }, "\(tool.screen)")
        tool.process.terminate()
        #expect(tool.exitCode() == 0)
    }

    @Test func whatIsNotTheDaemonIsSaid() throws {
        let nobody = try ToolOutcome(of: ["watch", "--socket", daemon.socket], daemon)
        #expect(nobody.code == 69 && nobody.errors.first?.contains("is swiftletd running") == true)
        for (line, words) in [
            ("hello\n", "not JSON"), (#"{"type":"hello","protocol":2,"version":"9","model":{}}"# + "\n", "protocol 2"),
            (String(repeating: "x", count: 300_000), "more than 256.0 KiB"),
        ] {
            let other = try ListeningStub(daemon.directory + "/other", says: Array(line.utf8))
            let outcome = try ToolOutcome(of: ["watch", "--socket", daemon.directory + "/other"], daemon)
            #expect(outcome.code == 65 && outcome.errors.first?.contains(words) == true, "\(outcome.errors)")
            let snapshot = try ToolOutcome(
                of: ["snapshot", "-o", daemon.directory + "/x.jpg", "--socket", daemon.directory + "/other"], daemon)
            #expect(snapshot.code == 65 && snapshot.errors.first?.contains(words) == true, "\(snapshot.errors)")
            other.close()
        }
    }

    /// Lines end with the source, although the daemon keeps the connection; the table stays.
    @Test func linesEndWithTheSource() throws {
        let hello = #"{"type":"hello","protocol":1,"version":"9","model":{"name":"m"}}"# + "\n"
        let end = #"{"type":"end","frames":7,"corrupt_frames":0}"# + "\n"
        let other = try ListeningStub(daemon.directory + "/other", says: Array((hello + end).utf8))
        defer { other.close() }
        let outcome = try ToolOutcome(of: ["watch", "--socket", daemon.directory + "/other"], daemon)
        #expect(outcome.code == 0 && outcome.output.hasSuffix("the source has ended after 7 frames\n"), "\(outcome.output)")
        let table = try WatchedTool(
            ["watch", "--socket", daemon.directory + "/other"], environment: ["TERM": "xterm", "NO_COLOR": ""])
        #expect(table.wait { $0.contains("the source has ended after 7 frames") }, "\(table.screen)")
        #expect(table.process.isRunning)
        table.process.terminate()
        #expect(table.exitCode() == 0)
    }

    @Test func labelsCannotReachTheTerminal() throws {
        let frame =
            #"{"type":"frame","sequence":1,"captured_unix_s":0,"age_ms":0,"inference_ms":0,"#
            + #""dropped_frames":0,"corrupt_frames":0,"width_px":9,"height_px":9,"#
            + #""detections":[{"class":1,"label":"a\u001b[31m\u009b2J\nb","score":0.5,"#
            + #""box_px":[0,0,1,1]}],"detections_omitted":0}"# + "\n"
        let hello = #"{"type":"hello","protocol":1,"version":"9","model":{"name":"\u001b]0;x\u0007"}}"# + "\n"
        let other = try ListeningStub(daemon.directory + "/other", says: Array((hello + frame).utf8))
        defer { other.close() }
        let tool = try WatchedTool(
            ["watch", "--socket", daemon.directory + "/other", "--count", "1"], environment: ["TERM": "dumb"])
        #expect(tool.exitCode() == 0)
        #expect(tool.screen.contains("frame 1: a?[31m?2J?b 0.50") && !tool.screen.utf8.contains(0x1B), "\(tool.screen)")
        let full = try WatchedTool(
            ["watch", "--socket", daemon.directory + "/other"], environment: ["TERM": "xterm", "NO_COLOR": ""])
        #expect(full.wait { $0.contains("a?[31m?2J?b") && $0.contains("?]0;x?") }, "\(full.screen)")
        #expect(!full.screen.contains("\u{1B}[31m") && !full.screen.contains("\u{9B}"))
        full.process.terminate()
        #expect(full.exitCode() == 0)
    }
}

/// `swiftlet` on a pseudo-terminal.
final class WatchedTool {
    let process = Process()
    let modeBefore: termios
    private let master: Int32
    private var bytes: [UInt8] = []

    init(_ arguments: [String], environment: [String: String]) throws {
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        // What posix_openpt, unlockpt and ptsname do, of which this module map does not know.
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var locked: Int32 = 0, number: Int32 = 0
        let unlock: UInt = 0x4004_5431, getNumber: UInt = 0x8004_5430
        try #require(master >= 0 && ioctl(master, unlock, &locked) == 0 && ioctl(master, getNumber, &number) == 0)
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
        var size = winsize(ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        var mode = termios()
        tcgetattr(master, &mode)
        modeBefore = mode
        process.executableURL = URL(fileURLWithPath: bundle).deletingLastPathComponent()
            .appendingPathComponent("swiftlet")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let terminal = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        (process.standardInput, process.standardOutput, process.standardError) = (terminal, terminal, terminal)
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        close(master)
    }

    /// Everything that has been written to the terminal.
    var screen: String {
        take()
        return String(decoding: bytes, as: UTF8.self)
    }

    var mode: termios {
        var mode = termios()
        tcgetattr(master, &mode)
        return mode
    }

    func type(_ keys: String) { _ = keys.withCString { write(master, $0, strlen($0)) } }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        // The terminal controls no process: the kernel notifies none.
        kill(process.processIdentifier, SIGWINCH)
    }

    private func take() {
        var poll = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: 65536)
        while Glibc.poll(&poll, 1, 0) > 0, poll.revents & Int16(POLLIN) != 0 {
            let got = read(master, &buffer, buffer.count)
            if got <= 0 { break }
            bytes += buffer[..<got]
        }
    }

    /// Whether the terminal comes to show that within ten minutes.
    func wait(_ condition: (String) -> Bool) -> Bool {
        for _ in 0..<60_000 {
            if condition(screen) { return true }
            usleep(10_000)
        }
        return false
    }

    /// -1 when a signal ended it or it took more than ten minutes.
    func exitCode() -> Int32 {
        for _ in 0..<60_000 where process.isRunning {
            take()
            usleep(10_000)
        }
        guard !process.isRunning, process.terminationReason == .exit else { return -1 }
        return process.terminationStatus
    }
}

/// Listens and sends each client the same.
final class ListeningStub: @unchecked Sendable {
    private let descriptor: Int32
    private let path: String
    private let finished = DispatchSemaphore(value: 0)

    init(_ path: String, says bytes: [UInt8]) throws {
        self.path = path
        unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(bound == 0 && listen(descriptor, 8) == 0)
        let listener = descriptor, finished = finished
        Thread.detachNewThread {
            defer { finished.signal() }
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                var rest = bytes[...]
                while !rest.isEmpty {
                    let sent = rest.withUnsafeBytes { send(client, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
                    if sent <= 0 { break }
                    rest = rest.dropFirst(sent)
                }
                // Until the client goes.
                var byte: UInt8 = 0
                while recv(client, &byte, 1, 0) > 0 {}
                Glibc.close(client)
            }
        }
    }

    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        // The next socket may get this one's number, and the thread must not accept its clients.
        finished.wait()
        Glibc.close(descriptor)
        unlink(path)
    }
}
