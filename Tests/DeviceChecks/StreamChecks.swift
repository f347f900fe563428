import CLinux
import Stream

/// The stream with real sockets: two clients read whole lines, one of them comes late.
public enum StreamChecks {
    /// `folder` takes the socket.
    public static func twoClients(folder: String, _ check: inout Check) {
        let path = "\(folder)/stream-check.sock"
        let hello = Array("{\"type\":\"hello\"}\n".utf8)
        guard let server = path.withCString({ try? StreamServer(path: $0, hello: hello) }) else {
            check.expect(false, "no server at \(path)")
            return
        }
        let first = Client(path), expected = "{\"type\":\"hello\"}\n"
        check.expect(first.read(bytes: expected.utf8.count) == Array(expected.utf8), "the first client's hello")
        publish(server, "{\"line\":1}\n")
        publish(server, "{\"line\":2}\n")
        check.expect(first.read(bytes: 22) == Array("{\"line\":1}\n{\"line\":2}\n".utf8), "the first client's lines")
        let late = Client(path)
        check.expect(late.read(bytes: expected.utf8.count) == Array(expected.utf8), "the late client's hello")
        publish(server, "{\"line\":3}\n")
        for client in [first, late] {
            check.expect(client.read(bytes: 11) == Array("{\"line\":3}\n".utf8), "a line for both clients")
        }
        server.close(drain: 1_000_000_000)
        check.expect(first.read(bytes: 1).isEmpty, "the end of the stream")
        var status = clinux_file_status()
        check.expect(path.withCString { clinux_path_status($0, &status) } != 0, "the socket is removed")
    }

    private static func publish(_ server: StreamServer, _ line: String) {
        let bytes = Array(line.utf8)
        bytes.withUnsafeBytes { server.publish($0) }
    }

    private final class Client {
        private var descriptor: Int32 = -1

        init(_ path: String) { _ = path.withCString { clinux_unix_connect($0, &descriptor) } }

        deinit { _ = clinux_close(descriptor) }

        /// Reads until `count` bytes are there, the stream ends, or nothing comes for 30 seconds.
        func read(bytes count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count), have = 0
            while have < count {
                var ready = false, unused = false
                _ = clinux_wait_readable(descriptor, -1, 30_000_000_000, &ready, &unused)
                var got = 0
                let missing = count - have
                let error = bytes.withUnsafeMutableBytes { clinux_receive(descriptor, $0.baseAddress! + have, missing, &got) }
                guard ready, error == 0, got > 0 else { break }
                have += got
            }
            return Array(bytes[..<have])
        }
    }
}
