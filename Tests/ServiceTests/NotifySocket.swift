import Foundation
import Testing

/// What systemd's end of sd_notify would receive: at a path, and at a name of the abstract namespace.
final class NotifySocket {
    let path: String
    let abstractName = "swiftlet-\(UUID().uuidString.prefix(8))"
    private let descriptors: [Int32]

    init(_ path: String) throws {
        self.path = path
        descriptors = try [Array(path.utf8), [0] + Array(abstractName.utf8)].map { name in
            let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
            let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
            }
            try #require(result == 0)
            return descriptor
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// The lines of the next message, or nil after that many milliseconds.
    private func next(_ patience: Int32) -> [String]? {
        var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&polls, nfds_t(polls.count), patience) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard let ready = polls.first(where: { $0.revents != 0 }) else { return nil }
        let got = recv(ready.fd, &buffer, buffer.count, 0)
        return got < 0 ? nil : String(decoding: buffer[..<got], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The next message with this line; what comes before it is passed over.
    func wait(for line: String) throws -> [String] {
        while true {
            let message = try #require(next(600_000), "no \(line)")
            if message.contains(line) { return message }
        }
    }

    /// All that comes within that many microseconds.
    func messages(for time: UInt32) -> [[String]] {
        usleep(time)
        var messages: [[String]] = []
        while let message = next(0) { messages.append(message) }
        return messages
    }
}

/// Reads one line of JSON after the other.
final class LineReader {
    private let file: UnsafeMutablePointer<FILE>

    init(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 600, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        var result: Int32 = -1
        // A socket's file is there a moment before it listens.
        for _ in 0..<60_000 where result != 0 {
            result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
            }
            if result != 0 { usleep(10_000) }
        }
        try #require(result == 0)
        file = try #require(fdopen(descriptor, "r"))
    }

    deinit { fclose(file) }

    func send(_ text: String) {
        _ = text.withCString { Glibc.send(fileno(file), $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }

    func next() throws -> [String: Any] {
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        let count = getline(&line, &capacity, file)
        try #require(count > 0, "the stream has ended")
        let data = Data(bytes: try #require(line), count: count)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
}
