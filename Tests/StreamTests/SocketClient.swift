import Foundation
import Testing

@testable import Stream

/// A client as any program could be one: a blocking socket with a deadline, so that a defect fails instead of hanging.
final class SocketClient {
    let descriptor: Int32
    private var unread: [UInt8] = []

    init(_ path: String) throws {
        descriptor = Self.descriptor()
        try #require(descriptor >= 0)
        var patience = timeval(tv_sec: 600, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = Self.connect(descriptor, path)
        try #require(result == 0, "connect: \(errno)")
    }

    /// What a connection that is closed at once comes to; nil where it was made.
    static func connectError(_ path: String) -> Int32? {
        let descriptor = descriptor()
        defer { close(descriptor) }
        return connect(descriptor, path) == 0 ? nil : errno
    }

    private static func descriptor() -> Int32 {
        socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
    }

    deinit { close(descriptor) }

    /// The next line without its newline, or nil at the end. What is left at the end without a newline is a torn line.
    func line() throws -> String? {
        while true {
            if let end = unread.firstIndex(of: 0x0A) {
                let line = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeFirst(end + 1)
                return line
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let got = recv(descriptor, &buffer, buffer.count, 0)
            try #require(got >= 0, "recv: \(errno)")
            if got == 0 {
                #expect(unread.isEmpty, "a torn line")
                return nil
            }
            unread += buffer[..<got]
        }
    }

    func lines() throws -> [String] {
        var lines: [String] = []
        while let line = try line() { lines.append(line) }
        return lines
    }

    func send(_ text: String) {
        _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }
}

/// A server at a path of its own.
struct RunningServer {
    let path: String
    let server: StreamServer
    static let hello = "{\"type\":\"hello\"}"

    init(_ limits: StreamLimits = StreamLimits(), labels: [String] = []) throws {
        path = Self.newPath()
        server = try StreamServer(
            path: path, hello: Array((Self.hello + "\n").utf8), labels: labels.map { ArraySlice($0.utf8) }, limits: limits)
    }

    static func newPath() -> String {
        FileManager.default.temporaryDirectory.path + "/stream-\(UUID().uuidString.prefix(13)).sock"
    }

    func publish(_ text: String) { Array((text + "\n").utf8).withUnsafeBytes { server.publish($0) } }

    /// A client that has got its hello line, and so its place.
    func client() throws -> SocketClient {
        let client = try SocketClient(path)
        #expect(try client.line() == Self.hello)
        return client
    }

    /// Ends the server while the test continues reading: draining waits for the clients.
    func beginClosing() {
        let server = server
        Thread.detachNewThread { server.close(drain: 20_000_000_000) }
    }

    /// Waits for what another thread is about to do; gives up after ten minutes.
    func eventually(_ condition: (StreamCounters) throws -> Bool) rethrows -> Bool {
        for _ in 0..<60_000 {
            if try condition(server.counters) { return true }
            usleep(10_000)
        }
        return false
    }
}
