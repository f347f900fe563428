import Settings
import Telemetry
import CLinux
import CTestSupport
import Pixels
import Service
import Stream
import Threading
import Vision

/// The stream with real sockets: two clients read whole lines, one of them comes late.
public enum StreamChecks {
    /// The directory for the sockets of this process, whatever runs beside it; nil where none could be made.
    public static func makeDirectory() -> String? { ctest_make_directory().map { String(cString: $0) } }

    /// Whether the directory was empty, and is gone.
    public static func removeDirectory() -> Bool { ctest_remove_directory() == 0 }

    /// `directory` takes the socket.
    public static func twoClients(directory: String, _ check: inout Check) {
        let path = "\(directory)/stream-check.sock"
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

    /// A client with options gets its own part of each frame, and that costs no allocation, nor does what is counted.
    /// `count` tells how many allocator calls there have been in the process.
    public static func clientsOptions(directory: String, count: () -> UInt, _ check: inout Check) {
        let path = "\(directory)/options-check.sock"
        let labels = ["background", "ace", "king"].map { ArraySlice($0.utf8) }
        let hello = Array("{}\n".utf8)
        guard let server = path.withCString({ try? StreamServer(path: $0, hello: hello, labels: labels) }),
            let metrics = try? Metrics()
        else {
            check.expect(false, "no server at \(path)")
            return
        }
        let client = Client(path), plain = Client(path)
        check.expect(client.read(bytes: 3) == hello && plain.read(bytes: 3) == hello, "hello")
        client.send("{\"min_score\":0.5,\"classes\":[\"king\"]}\n")
        let answer = Array("{\"type\":\"options\",\"min_score\":0.5000,\"classes\":[\"king\"],\"every\":1}\n".utf8)
        check.expect(client.read(bytes: answer.count) == answer, "the answer")

        var writer = FrameLineWriter()
        let filter = DetectionFilter(Configuration(), labels: labels)
        let filters = Mailbox<DetectionFilter>()
        var whole = 0
        let line = FrameLine(
            Frame(
                pixels: PixelBuffer(
                    jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 640, height: 480)), sequence: 0,
                times: FrameTimes(monotonic: 1, realtime: 2), name: .index(7)), age: 3, inference: 4, droppedFrames: 0,
            corruptFrames: 0)
        let found: [(Int, Float)] = [(1, 0.9), (2, 0.8), (2, 0.4)]
        let before = count()
        for _ in 0..<50 {
            metrics.frameCaptured()
            metrics.frameDropped(.superseded)
            writer.begin(line)
            for (index, score) in found {
                let box = Box(left: 0, top: 0, right: 1, bottom: 1)
                let isKept = filter.keeps(Detection(classIndex: Int32(index), score: score, box: box))
                check.expect(isKept && filters.take() == nil, "the filter")
                writer.add(
                    classIndex: index, label: labels[index], score: score, left: 0, top: 0, right: 1, bottom: 1)
            }
            guard let frame = try? writer.finish() else { break }
            whole += frame.line.count
            server.publish(frame)
            metrics.took(.publish, nanoseconds: 1_000_000)
            metrics.framePublished()
        }
        check.expect(!isOptimised || count() == before, "frames made \(count() - before) allocator calls")
        // Two of the three objects are gone, with their commas; one of them has a name that is a byte shorter.
        let object = "{\"class\":2,\"label\":\"king\",\"score\":0.8000,\"box_px\":[0.0,0.0,640.0,480.0]}"
        let kept = whole / 50 - 2 * (object.utf8.count + 1) + 1
        let own = client.read(bytes: 50 * kept)
        check.expect(plain.read(bytes: whole).count == whole && own.count == 50 * kept, "whole lines")
        check.expect(own.prefix(kept).last == 0x0A && contains(own.prefix(kept), object), "the client's own line")
        var text = MetricsText()
        let machine = Machine()
        let writing = count()
        let written = text.write(metrics, server.counters, machine, started: 0)
        check.expect(written != nil, "the metrics do not fit")
        check.expect(!isOptimised || count() == writing, "metrics made \(count() - writing) allocator calls")
        server.close(drain: 0)
    }

    /// Without optimisation the compiler puts more on the heap than the program asks for.
    static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    private static func contains(_ bytes: ArraySlice<UInt8>, _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        for start in bytes.indices where bytes[start...].starts(with: wanted) { return true }
        return false
    }

    private static func publish(_ server: StreamServer, _ line: String) {
        let bytes = Array(line.utf8)
        bytes.withUnsafeBytes { server.publish($0) }
    }

    private final class Client {
        private var descriptor: Int32 = -1

        init(_ path: String) { _ = path.withCString { clinux_unix_connect($0, &descriptor) } }

        deinit { _ = clinux_close(descriptor) }

        func send(_ text: String) {
            var sent = 0
            let bytes = Array(text.utf8)
            _ = bytes.withUnsafeBytes { clinux_send(descriptor, $0.baseAddress!, $0.count, &sent) }
        }

        /// Reads until `count` bytes are there, the stream ends, or nothing comes for ten minutes.
        func read(bytes count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count), have = 0
            while have < count {
                var ready = false, unused = false
                _ = clinux_wait_readable(descriptor, -1, 600_000_000_000, &ready, &unused)
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
