import CLinux
import Pixels
import Stream

/// Images for a client, with the client's own code at the other end: lines, descriptors and bytes arrive, and neither
/// side calls the allocator.
public enum SnapshotChecks {
    private static var rounds: Int { 20 }

    /// `directory` takes the socket; `count` tells how many allocator calls there have been in the process.
    public static func images(directory: String, count: () -> UInt, _ check: inout Check) {
        let path = "\(directory)/snapshot-check.sock"
        let labels = ["background", "ace\u{1B}[2J", "king"].map { ArraySlice($0.utf8) }
        var limits = StreamLimits()
        limits.inputPause = 1_000_000
        // An emulated board may take its time: no image is taken back before it is read.
        (limits.images, limits.imageLife) = (rounds, 600_000_000_000)
        let hello = HelloLine(
            program: "check", version: "1", modelName: [0x6D], architecture: [0x61], precision: [0x70], inputWidth: 32,
            inputHeight: 16, sourceKind: "camera", sourcePath: [], threshold: 0.5, snapshots: true, labels: labels)
        guard let line = try? hello.encoded(),
            let server = path.withCString({ try? StreamServer(path: $0, hello: line, labels: labels, limits: limits) })
        else {
            check.expect(false, "no server at \(path)")
            return
        }
        var connection = StreamConnection()
        let error = path.withCString { connection.open($0) }
        check.expect(error == 0, "cannot connect: \(error)")
        var writer = FrameLineWriter()
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 3000, alignment: 16)
        let found = UnsafeMutableRawBufferPointer.allocate(byteCount: 4000, alignment: 16)
        defer {
            bytes.deallocate()
            found.deallocate()
        }
        let request = Array("{\"snapshot\":true}\n".utf8)
        for round in 0..<rounds {
            let isSent = request.withUnsafeBytes { connection.send($0) }
            check.expect(isSent && waitUntilWanted(server), "no client requests an image")
            bytes.initializeMemory(as: UInt8.self, repeating: UInt8(round))
            let before = count()
            let isPublished = publish(UInt64(round), labels, UnsafeRawBufferPointer(bytes), &writer, server)
            check.expect(isPublished, "no image or line")
            let arrival = receive(&connection, round, labels, found)
            let calls = count() - before
            check.expect(!StreamChecks.isOptimised || calls == 0, "a snapshot made \(calls) allocator calls")
            check.expect(arrival == .whole, "what came is not what was sent: \(arrival.rawValue)")
        }
        server.close(drain: 0)
    }

    private static func waitUntilWanted(_ server: StreamServer) -> Bool {
        for _ in 0..<600_000 {
            if server.wantsImage { return true }
            var unused = false, other = false
            _ = clinux_wait_readable(-1, -1, 1_000_000, &unused, &other)
        }
        return false
    }

    private static func publish(
        _ number: UInt64, _ labels: [ArraySlice<UInt8>], _ bytes: UnsafeRawBufferPointer, _ writer: inout FrameLineWriter,
        _ server: StreamServer
    ) -> Bool {
        do throws(ImageError) {
            var image = try CapturedImage()
            defer { image.close() }
            let shape = PixelShape(format: .nv12, size: ImageSize(width: 50, height: 40))
            let luma = UnsafeRawBufferPointer(rebasing: bytes[..<2000])
            let chroma = UnsafeRawBufferPointer(rebasing: bytes[2000...])
            try image.fill(PixelBuffer(shape, planes: [luma, chroma, UnsafeRawBufferPointer(start: nil, count: 0)]))
            let mask = UnsafeBufferPointer(rebasing: bytes.assumingMemoryBound(to: UInt8.self)[..<12])
            try image.add(mask: mask, size: ImageSize(width: 4, height: 3))
            writer.begin(
                FrameLine(
                    Frame(
                        pixels: PixelBuffer(
                            jpeg: UnsafeRawBufferPointer(start: nil, count: 0), size: ImageSize(width: 50, height: 40)),
                        sequence: number, times: FrameTimes(monotonic: 1, realtime: 2), name: .index(number)), age: 3,
                    inference: 4, droppedFrames: 0, corruptFrames: 0))
            writer.add(classIndex: 1, label: labels[1], score: 0.5, left: 0, top: 0, right: 1, bottom: 0.5)
            guard let frame = try? writer.finish() else { return false }
            server.publish(frame, image: image)
            return true
        } catch {
            return false
        }
    }

    private enum Arrival: Int { case whole, nothing, badLine, noFile, otherBytes, otherFields }

    /// Reads until the snapshot's line has come.
    private static func receive(
        _ connection: inout StreamConnection, _ number: Int, _ labels: [ArraySlice<UInt8>],
        _ room: UnsafeMutableRawBufferPointer
    ) -> Arrival {
        while true {
            do throws(StreamLineError) {
                while let line = try connection.next() {
                    guard line.kind == .snapshot else { continue }
                    let descriptor = connection.takeDescriptor()
                    guard descriptor >= 0 else { return .noFile }
                    defer { _ = clinux_close(descriptor) }
                    guard line.sequence == UInt64(number), line.byteCount == 3000, line.planeCount == 2,
                        line.offsets[1] == 2000, line.maskOffset == 3000, line.maskSize == ImageSize(width: 4, height: 3),
                        line.detections.count == 1,
                        line.detections[0].bottom == 20, line.detections[0].label.elementsEqual(labels[1])
                    else { return .otherFields }
                    var got = 0
                    let error = clinux_read_at(descriptor, room.baseAddress!, room.count, 0, &got)
                    guard error == 0, got == 3012, clinux_memfd_is_sealed(descriptor) else { return .noFile }
                    for index in 0..<got where room[index] != UInt8(number) { return .otherBytes }
                    return .whole
                }
            } catch {
                return .badLine
            }
            var isReady = false, unused = false
            _ = clinux_wait_readable(connection.descriptor, -1, 600_000_000_000, &isReady, &unused)
            guard isReady, connection.receive() == .bytes else { return .nothing }
        }
    }
}
