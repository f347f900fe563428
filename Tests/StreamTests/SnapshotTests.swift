import CLinux
import Foundation
import Pixels
import Testing

@testable import Stream

/// Images over real sockets. Descriptors of the whole process are counted: one test at a time.
@Suite(.serialized) struct SnapshotTests {
    /// A frame with two detections, and an image of that many equal bytes.
    final class Publisher {
        let stream: RunningServer
        private var writer = FrameLineWriter()
        private(set) var sequence: UInt64 = 0

        init(_ limits: StreamLimits = StreamLimits()) throws {
            stream = try RunningServer(limits, labels: ["background", "ace", "king"])
        }

        /// The next frame, with an image where one is wanted. Returns whether it was.
        @discardableResult func publish(bytes count: Int = 1000) throws -> Bool {
            writer.begin(
                FrameLine(
                    Frame(
                        pixels: PixelBuffer(
                            jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 20, height: 10)),
                        sequence: sequence, times: FrameTimes(monotonic: 1, realtime: 2), name: .index(sequence)), age: 3,
                    inference: 4, droppedFrames: 0, corruptFrames: 0))
            for (index, score) in [(1, Float(0.9)), (2, 0.4)] {
                writer.add(
                    classIndex: index, label: ArraySlice((index == 1 ? "ace" : "king").utf8), score: score, left: 0,
                    top: 0, right: 1, bottom: 1)
            }
            let isWanted = stream.server.wantsImage
            let image = isWanted ? try image(UInt8(truncatingIfNeeded: sequence), count) : nil
            defer { image?.close() }
            stream.server.publish(try writer.finish(), image: image)
            sequence += 1
            return isWanted
        }

        private func image(_ byte: UInt8, _ count: Int) throws -> CapturedImage {
            var image = try CapturedImage()
            try [UInt8](repeating: byte, count: count).withUnsafeBytes { bytes in
                try image.fill(PixelBuffer(jpeg: bytes))
            }
            return image
        }

        /// Publishes until a client has got an image; false after ten minutes.
        func publishUntilWanted() throws -> Bool {
            for _ in 0..<60_000 {
                if try publish() { return true }
                usleep(10_000)
            }
            return false
        }
    }

    static let request = "{\"snapshot\":true}\n"

    /// This process's descriptors of images.
    func images() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            .count {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?
                    .contains("memfd:swiftlet-picture") == true
            }
    }

    func eventuallyNoImages() throws -> Bool {
        for _ in 0..<60_000 {
            if try images() == 0 { return true }
            usleep(10_000)
        }
        return false
    }

    func contents(_ descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let got = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(got, 0)))
    }

    @Test func anImageComesWithItsLineAndIsTakenBack() throws {
        var limits = StreamLimits()
        limits.imageLife = 15_000_000_000
        let publisher = try Publisher(limits)
        var client = try ImageClient(publisher.stream.path)
        #expect(try client.line()["type"] as? String == "hello")
        try publisher.publish()
        #expect(try client.line()["type"] as? String == "frame")
        client.send(Self.request)
        #expect(try publisher.publishUntilWanted())
        var frame: [String: Any] = [:]
        var line = try client.line()
        while line["type"] as? String == "frame" {
            frame = line
            line = try client.line()
        }
        #expect(line["type"] as? String == "snapshot" && line["format"] as? String == "MJPG")
        // All that the frame's own line says.
        let sequence = try #require(line["sequence"] as? Int)
        for (key, value) in frame where key != "type" {
            #expect((value as? NSObject)?.isEqual(line[key]) == true, "\(key)")
        }
        let file = try #require(client.descriptor)
        defer { close(file) }
        #expect(line["bytes"] as? Int == 1000)
        #expect(contents(file) == [UInt8](repeating: UInt8(sequence), count: 1000))
        #expect(clinux_memfd_is_sealed(file) && clinux_memfd_cut(file, 0) != 0)
        var byte: UInt8 = 0
        #expect(pwrite(file, &byte, 1, 0) < 0)
        // The memory goes even though the descriptor stays.
        for _ in 0..<60_000 where !contents(file).isEmpty { usleep(10_000) }
        #expect(contents(file).isEmpty)
        #expect(!publisher.stream.server.wantsImage)
    }

    @Test func allThatWaitGetTheSameFrameAndTheirOwnDetections() throws {
        var limits = StreamLimits()
        limits.imageLife = 60_000_000_000
        let publisher = try Publisher(limits)
        var clients = try (0..<3).map { _ in try ImageClient(publisher.stream.path) }
        // All three wait before the first frame: the answer to the second line tells that the first was read.
        for index in clients.indices {
            clients[index].send(Self.request + (index == 1 ? "{\"min_score\":0.5,\"every\":1000000}\n" : "{}\n"))
            #expect(try clients[index].line(of: "options")["every"] as? Int == (index == 1 ? 1_000_000 : 1))
        }
        try publisher.publish()
        for index in clients.indices {
            let line = try clients[index].line(of: "snapshot")
            #expect(line["sequence"] as? Int == 0)
            #expect((line["detections"] as? [[String: Any]])?.count == (index == 1 ? 1 : 2))
            let file = try #require(clients[index].descriptor)
            // Everyone has a position of his own.
            var bytes = [UInt8](repeating: 1, count: 2000)
            #expect(read(file, &bytes, 2000) == 1000 && bytes[0] == 0)
            close(file)
        }
        #expect(publisher.stream.server.counters.snapshots == 3)
    }

    @Test func aFloodOfRequestsGetsFewImages() throws {
        var limits = StreamLimits()
        limits.inputPause = 1_000_000
        limits.imageLife = 300_000_000
        let publisher = try Publisher(limits)
        var client = try ImageClient(publisher.stream.path)
        let start = clinux_monotonic_ns()
        var wanted = 0
        for _ in 0..<1000 {
            client.send(Self.request)
            if try publisher.publish(bytes: 100_000) { wanted += 1 }
            try client.drain()
            client.closeDescriptor()
            #expect(try images() <= limits.images + 2)
            usleep(1000)
        }
        // Two at a time, each for 0.3 s.
        let most = 2 * (1 + (clinux_monotonic_ns() - start) / limits.imageLife)
        #expect(wanted > 0 && wanted <= Int(most))
        #expect(publisher.stream.server.counters.clients == 1)
        client.close()
        #expect(try eventuallyNoImages())
    }

    @Test func clientsThatDieLeaveNoDescriptor() throws {
        var limits = StreamLimits()
        limits.inputPause = 1_000_000
        limits.imageLife = 20_000_000
        let publisher = try Publisher(limits)
        for round in 0..<400 {
            var client = try ImageClient(publisher.stream.path)
            if round % 2 == 0 { _ = try client.line() }
            client.send(Self.request)
            if round % 3 == 0 { usleep(5000) }
            try publisher.publish()
            // Dies before, while or after an image is under way; every fifth one has it.
            if round % 5 == 0 {
                for _ in 0..<300_000 where client.descriptor == nil {
                    // It may have come too late for the last one.
                    client.send(Self.request)
                    try publisher.publish()
                    try client.drain()
                    usleep(2000)
                }
                #expect(client.descriptor != nil)
                client.closeDescriptor()
            }
            client.close()
        }
        #expect(publisher.stream.eventually { $0.clients == 0 })
        try publisher.publish()
        #expect(try eventuallyNoImages())
        #expect(publisher.stream.server.counters.snapshots >= 80)
    }

    /// A client that reads nothing gets one descriptor and no more, and keeps no other client from its own.
    @Test func whoDoesNotTakeAnImageGetsNoOtherOne() throws {
        var limits = StreamLimits()
        limits.inputPause = 1_000_000
        limits.imageLife = 10_000_000_000
        let publisher = try Publisher(limits)
        var idle = try ImageClient(publisher.stream.path)
        idle.send(Self.request)
        #expect(try publisher.publishUntilWanted())
        // It asks again and again; only the first one is under way.
        for _ in 0..<20 {
            idle.send(Self.request)
            usleep(10_000)
            #expect(try !publisher.publish())
        }
        var other = try ImageClient(publisher.stream.path)
        other.send(Self.request)
        #expect(try publisher.publishUntilWanted())
        _ = try other.line(of: "snapshot")
        let file = try #require(other.descriptor)
        close(file)
        // Late as it is, its line stands where it belongs; the file is empty.
        let line = try idle.line(of: "snapshot")
        #expect(line["bytes"] as? Int == 1000)
        let late = try #require(idle.descriptor)
        defer { close(late) }
        for _ in 0..<60_000 where !contents(late).isEmpty { usleep(10_000) }
        #expect(contents(late).isEmpty)
        // Now it may have the one that it waits for.
        for _ in 0..<60_000 where idle.descriptor == late {
            try idle.drain()
            try publisher.publish()
            usleep(5000)
        }
        #expect(idle.descriptor != late)
        idle.closeDescriptor()
    }

    @Test func offMeansOff() throws {
        var limits = StreamLimits()
        limits.givesSnapshots = false
        let publisher = try Publisher(limits)
        var client = try ImageClient(publisher.stream.path)
        client.send(Self.request)
        let answer = try client.line(of: "error")
        #expect((answer["message"] as? String)?.contains("snapshots are off") == true)
        #expect(try !publisher.publish())
    }

    @Test func whoWaitsIsToldWhyThereIsNoImage() throws {
        let publisher = try Publisher()
        var client = try ImageClient(publisher.stream.path)
        for (error, words) in [(ImageError.tooLarge, "larger than 8 MiB"), (.noMemory(ENOMEM), "no memory")] {
            client.send(Self.request)
            for _ in 0..<60_000 where !publisher.stream.server.wantsImage { usleep(10_000) }
            publisher.stream.server.rejectImage(error)
            #expect((try client.line(of: "error")["message"] as? String)?.contains(words) == true)
            #expect(!publisher.stream.server.wantsImage)
        }
    }

    @Test func anImageThatIsTooLargeIsRejected() throws {
        var image = try CapturedImage()
        defer { image.close() }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let half = [UInt8](repeating: 7, count: CapturedImage.maximumByteCount / 2 + 1)
        let shape = PixelShape(format: .nv12, size: ImageSize(width: 8, height: 8))
        try half.withUnsafeBytes { half in
            try image.fill(PixelBuffer(jpeg: half))
            #expect(throws: ImageError.tooLarge) {
                try image.fill(PixelBuffer(shape, planes: [half, half, nothing]))
            }
            try image.fill(PixelBuffer(jpeg: half))
        }
        #expect(image.byteCount == half.count)
        var status = clinux_file_status()
        #expect(clinux_status(image.descriptor, &status) == 0 && Int(status.size) == half.count)
    }
}

/// A client that takes descriptors, as any program could be one.
struct ImageClient {
    private let socketDescriptor: Int32
    private var unread: [UInt8] = []
    /// The one that came last, the caller's to close.
    private(set) var descriptor: Int32?

    init(_ path: String) throws {
        var descriptor: Int32 = -1
        try #require(path.withCString { clinux_unix_connect($0, &descriptor) } == 0)
        socketDescriptor = descriptor
    }

    func close() { Glibc.close(socketDescriptor) }

    func send(_ text: String) {
        _ = text.withCString { Glibc.send(socketDescriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }

    /// Takes what has come, without waiting. False at the end of the connection.
    @discardableResult mutating func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var got = 0
        var received: Int32 = -1
        let error = clinux_receive_descriptor(socketDescriptor, &buffer, buffer.count, &got, &received)
        if received >= 0 { descriptor = received }
        if error == EAGAIN { return true }
        try #require(error == 0)
        unread += buffer[..<got]
        return got > 0
    }

    /// Throws away all that has come, but for a descriptor.
    mutating func drain() throws {
        repeat {
            unread = []
            try receive()
        } while !unread.isEmpty
    }

    mutating func closeDescriptor() {
        if let descriptor { Glibc.close(descriptor) }
        descriptor = nil
    }

    mutating func line() throws -> [String: Any] {
        let deadline = clinux_monotonic_ns() + 600_000_000_000
        while true {
            if let end = unread.firstIndex(of: 0x0A) {
                let line = Data(unread[..<end])
                unread.removeFirst(end + 1)
                return try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            }
            var isReady = false, unused = false
            _ = clinux_wait_readable(socketDescriptor, -1, 1_000_000_000, &isReady, &unused)
            try #require(clinux_monotonic_ns() < deadline, "no line")
            if isReady { try #require(try receive(), "the connection has ended") }
        }
    }

    /// The next line of that type.
    mutating func line(of type: String) throws -> [String: Any] {
        while true {
            let line = try line()
            if line["type"] as? String == type { return line }
        }
    }
}
