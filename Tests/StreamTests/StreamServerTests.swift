import CLinux
import Foundation
import Testing

@testable import Stream

/// Real clients over real sockets.
@Suite struct StreamServerTests {
    @Test func everyClientGetsEveryLineFromItsHelloOn() throws {
        let stream = try RunningServer()
        let early = try (0..<5).map { _ in try stream.client() }
        for number in 0..<500 { stream.publish("\(number)") }
        let late = try stream.client()
        for number in 500..<600 { stream.publish("\(number)") }
        stream.beginClosing()
        for client in early { #expect(try client.lines() == (0..<600).map(String.init)) }
        #expect(try late.lines() == (500..<600).map(String.init))
        #expect(stream.eventually { $0.clients == 0 })
        let counters = stream.server.counters
        #expect(counters.linesPublished == 600 && counters.linesSent == 3100 && counters.linesDropped == 0)
        #expect(counters.accepted == 6 && counters.clients == 0)
        #expect(!FileManager.default.fileExists(atPath: stream.path))
    }

    /// A client that waits for the file may connect as soon as it exists.
    @Test func theSocketIsThereOnceItListens() throws {
        let directory = NSTemporaryDirectory() + "listening-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // Without room for a longer name, and with it.
        for name in [String(repeating: "s", count: 106 - directory.utf8.count), "s"] {
            let path = directory + "/" + name
            for _ in 0..<200 {
                let errors = ConnectErrors(path)
                let listening = try ListeningSocket(path: path, backlog: 4)
                let found = errors.untilConnected()
                #expect(name != "s" || found.isSubset(of: [ENOENT]), "\(found)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [name])
                _ = listening.descriptor
            }
        }
    }

    /// A thread that connects to `path` until that succeeds.
    private final class ConnectErrors: @unchecked Sendable {
        private let ended = DispatchSemaphore(value: 0)
        private var errors: Set<Int32> = []

        init(_ path: String) {
            let begun = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                begun.signal()
                while let error = SocketClient.connectError(path) { self.errors.insert(error) }
                self.ended.signal()
            }
            begun.wait()
        }

        func untilConnected() -> Set<Int32> {
            ended.wait()
            return errors
        }
    }

    @Test func slowClientLosesWholeLinesAndIsToldHowMany() throws {
        var limits = StreamLimits()
        limits.queueBytes = 16 << 10
        limits.kernelBytes = 4 << 10
        let stream = try RunningServer(limits)
        let slow = try stream.client()
        let filler = String(repeating: "x", count: 700)
        for round in 0..<4 {
            for number in 0..<250 {
                stream.publish("\(round * 250 + number) \(filler)")
                if number % 50 == 0 { usleep(1000) }
            }
            // Takes a little, mostly ending inside a line.
            for _ in 0..<3 { _ = try slow.line() }
        }
        stream.publish("last")
        stream.beginClosing()
        let lines = try slow.lines()
        #expect(lines.last == "last")
        var told = 0
        var previous: Int?
        var missing = 0
        for line in lines.dropLast() {
            if line.hasPrefix("{\"type\":\"dropped\",\"lines\":") {
                let notice = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                let count = try #require(notice?["lines"] as? Int)
                told += count
                missing += count
            } else {
                let parts = line.split(separator: " ")
                let number = try #require(Int(parts[0]))
                #expect(parts[1].utf8.count == filler.utf8.count)
                if let previous { #expect(number == previous + 1 + missing) }
                previous = number
                missing = 0
            }
        }
        #expect(previous.map { $0 + missing } == 999)
        #expect(told > 0 && UInt64(told) <= stream.server.counters.linesDropped)
    }

    @Test func clientThatTakesNothingIsClosedAndOthersAreNot() throws {
        var limits = StreamLimits()
        limits.stuckAfter = 300_000_000
        limits.kernelBytes = 4 << 10
        let stream = try RunningServer(limits)
        let stuck = try stream.client()
        let reader = try stream.client()
        let filler = String(repeating: "x", count: 10_000)
        var published = 0
        // The reader keeps up while the other one's place is taken away.
        while stream.server.counters.stuck == 0, published < 20_000 {
            stream.publish(filler)
            #expect(try reader.line()?.utf8.count == 10_000)
            published += 1
            usleep(1000)
        }
        #expect(stream.server.counters.stuck == 1 && stream.server.counters.clients == 1)
        stream.publish("after")
        #expect(try reader.line() == "after")
        // Whenever it looks, it finds whole lines, how many it missed, and why that was all.
        let lines = try stuck.lines()
        let whole = lines.prefix { $0 == filler }.count
        let dropped = try JSONSerialization.jsonObject(with: Data(lines[whole].utf8)) as? [String: Any]
        #expect(dropped?["type"] as? String == "dropped")
        let missed = try #require(dropped?["lines"] as? Int)
        #expect(whole > 0 && missed > 0 && whole + missed <= published && lines.count == whole + 2)
        #expect(lines.last == #"{"type":"error","message":"too slow: closed"}"#)
    }

    @Test func clientsMayComeAndDieAtAnyTime() throws {
        let stream = try RunningServer()
        let steady = try stream.client()
        let filler = String(repeating: "x", count: 3000)
        var published = 0
        for round in 0..<1000 {
            let client = try SocketClient(stream.path)
            if round % 3 == 0 { #expect(try client.line() == RunningServer.hello) }
            stream.publish("\(published) \(filler)")
            published += 1
            // Dies with a line half read, with lines unread, or having said something itself.
            if round % 3 == 1 {
                var byte: UInt8 = 0
                recv(client.descriptor, &byte, 1, 0)
            }
            if round % 5 == 0 { client.send("hello?\n") }
            #expect(try steady.line()?.hasPrefix("\(published - 1) ") == true)
        }
        // A program that another test is just starting still has what was closed.
        #expect(
            try stream.eventually { try $0.clients == 1 && $0.accepted == 1001 && sockets(of: stream.path) == 2 })
    }

    @Test func clientBeyondTheLastPlaceIsToldAndClosed() throws {
        let stream = try RunningServer()
        var clients = try (0..<64).map { _ in try stream.client() }
        let rejected = try SocketClient(stream.path)
        #expect(try rejected.lines() == [#"{"type":"error","message":"too many clients"}"#])
        clients.removeLast()
        #expect(stream.eventually { $0.clients == 63 })
        clients.append(try stream.client())
        stream.publish("all")
        for client in clients { #expect(try client.line() == "all") }
        #expect(stream.server.counters.rejected == 1)
    }

    @Test func clientThatShutsDownItsSideReadsOn() throws {
        let stream = try RunningServer()
        let silent = try stream.client()
        shutdown(silent.descriptor, Int32(SHUT_WR))
        for number in 0..<50 {
            stream.publish("\(number)")
            #expect(try silent.line() == "\(number)")
        }
        #expect(stream.server.counters.clients == 1)
    }

    @Test func drainingEndsWithItsTime() throws {
        var limits = StreamLimits()
        limits.kernelBytes = 4 << 10
        let stream = try RunningServer(limits)
        let stuck = try stream.client()
        for _ in 0..<20 { stream.publish(String(repeating: "x", count: 20_000)) }
        stream.server.close(drain: 100_000_000)
        #expect(stream.server.counters.clients == 0)
        stream.publish("too late")
        _ = stuck
    }

    // MARK: - The socket file

    @Test func socketOfADeadProcessIsReplaced() throws {
        let path = RunningServer.newPath()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(dead, $0, size) }
        }
        #expect(bound == 0)
        close(dead)
        let server = try StreamServer(path: path, hello: Array("{}\n".utf8))
        #expect(try SocketClient(path).line() == "{}")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
        server.close(drain: 0)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func socketOfALiveServerIsLeftAlone() throws {
        let stream = try RunningServer()
        #expect(throws: StreamError.addressInUse) { try StreamServer(path: stream.path, hello: []) }
        let client = try stream.client()
        stream.publish("still here")
        #expect(try client.line() == "still here")
    }

    /// Of many that find the same stale socket at once, one takes its place, and that one has clients.
    @Test func oneOfManyTakesAStaleSocket() async throws {
        let path = RunningServer.newPath()
        for _ in 0..<20 {
            var stale: Int32 = -1
            try #require(path.withCString { clinux_unix_listen($0, 0o600, -1, 1, &stale) } == 0)
            close(stale)
            let servers = await withTaskGroup(of: StreamServer?.self) { group in
                for _ in 0..<4 {
                    group.addTask { try? StreamServer(path: path, hello: Array("{}\n".utf8)) }
                }
                return await group.reduce(into: [StreamServer]()) { all, server in if let server { all.append(server) } }
            }
            try #require(servers.count == 1)
            #expect(try SocketClient(path).line() == "{}")
            servers[0].close(drain: 0)
        }
    }

    /// As systemd hands it over: the process has not made the file and does not remove it.
    /// Anybody may hold a lock on a directory that he can read.
    @Test func aLockOnTheDirectoryKeepsNobodyFromStarting() throws {
        let directory = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        try #require(flock(descriptor, LOCK_SH) == 0)
        let server = try StreamServer(path: directory + "/s", hello: Array("hello\n".utf8))
        #expect(try SocketClient(directory + "/s").line() == "hello")
        server.close(drain: 0)
    }

    @Test func inheritedSocketServesAndItsFileStays() throws {
        let path = RunningServer.newPath()
        defer { unlink(path) }
        var listener: Int32 = -1
        try #require(path.withCString { clinux_unix_listen($0, 0o660, -1, 8, &listener) } == 0)
        let server = try StreamServer(at: .inherited(listener), hello: Array("{}\n".utf8))
        #expect(try SocketClient(path).line() == "{}")
        server.close(drain: 0)
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func fileThatIsNoSocketIsLeftAlone() throws {
        let path = RunningServer.newPath()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        #expect(throws: StreamError.notASocket) { try StreamServer(path: path, hello: []) }
        #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
    }

    @Test func socketThatAnotherHasReplacedStays() throws {
        let stream = try RunningServer()
        try FileManager.default.moveItem(atPath: stream.path, toPath: stream.path + ".old")
        defer { unlink(stream.path + ".old") }
        let other = try StreamServer(path: stream.path, hello: Array("{}\n".utf8))
        stream.server.close(drain: 0)
        #expect(try SocketClient(stream.path).line() == "{}")
        other.close(drain: 0)
    }

    @Test func impossiblePathsAreRejected() throws {
        let long = String(repeating: "a", count: 108)
        #expect(throws: StreamError.pathTooLong(limit: 107)) { try StreamServer(path: long, hello: []) }
        #expect(throws: StreamError.cannotListen(ENOENT)) { try StreamServer(path: "/nowhere/at/all", hello: []) }
    }

    /// The server's sockets by what the kernel says, which names them as they were bound: its listener and one for each
    /// client.
    func sockets(of path: String) throws -> Int {
        try String(contentsOfFile: "/proc/net/unix", encoding: .utf8).split(separator: "\n")
            .count { $0.hasSuffix(" \(path).\(getpid())") }
    }
}
