import DeviceChecks
import Foundation
import TestSupport
import Testing

/// The daemon where the system gives it little, and where its model is replaced while it runs.
@Suite struct DaemonLimitTests {
    let daemon: RunningDaemon

    init() throws {
        daemon = try RunningDaemon()
        try daemon.write("pictures/a.jpg", try drawnJPEG(seed: 3))
    }

    private var arguments: [String] { ["--source", daemon.directory + "/pictures", "--loop", "--rate", "100"] }

    // MARK: - Descriptors

    /// Room for a few clients is enough for those, with everything that the daemon itself opens.
    @Test func fewDescriptorsAreSaidAndShared() throws {
        let metrics = daemon.directory + "/swiftlet.prom"
        try daemon.start(arguments + ["--metrics", metrics], limits: "ulimit -n 35")
        try daemon.waitForSocket()
        var clients: [LineReader] = []
        for _ in 0..<3 {
            clients.append(try LineReader(daemon.socket))
            #expect(try clients.last!.next()["type"] as? String == "hello")
        }
        #expect(try LineReader(daemon.socket).next()["message"] as? String == "too many clients")
        for client in clients { client.send("{\"snapshot\":true}\n") }
        for client in clients {
            var line = try client.next()
            while line["type"] as? String != "snapshot" { line = try client.next() }
        }
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        #expect(FileManager.default.fileExists(atPath: metrics))
        #expect(try daemon.log().first?.contains("only 35 open files allowed, enough for 3 clients") == true)
    }

    @Test func tooFewDescriptorsEndTheStart() throws {
        try daemon.start(arguments, limits: "ulimit -n 32")
        #expect(daemon.exitCode() == 71)
        #expect(try daemon.log().first?.contains("only 32 open files allowed, but 33 needed") == true)
    }

    // MARK: - Memory

    /// Few bytes, many pixels: rejected, or used within what the service may take.
    @Test(arguments: ["fast", "upstream"]) func hostileImagesStayWithinTheService(resize: String) throws {
        var index = 0
        for (across, isProgressive) in [(Int32(1), Int32(0)), (1, 1), (2, 0), (2, 1)] {
            let small = JPEGImages.make(width: 32, height: 32, seed: 1) {
                ($0.across, $0.down, $0.is_progressive) = (across, across, isProgressive)
            }
            for (width, height) in [(8192, 4096), (16_384, 2048), (2048, 16_384), (4000, 3000), (3840, 2160), (2500, 2000)] {
                let large = JPEGImages.withSize(small, width, height)
                for image in [large, JPEGImages.turned(large, 6)] {
                    try daemon.write("pictures/hostile-\(index).jpg", image)
                    index += 1
                }
            }
        }
        try daemon.start(arguments + ["--resize", resize])
        try daemon.waitForSocket()
        let client = try DaemonClient(daemon.socket)
        // The second comes after all of those.
        try client.wait(lines: 3)
        let status = try String(contentsOfFile: "/proc/\(daemon.process.processIdentifier)/status", encoding: .utf8)
        let peak = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        #expect(try #require(Int(peak.filter(\.isNumber))) < 64 << 10, "half of the unit's MemoryMax: \(peak)")
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
    }

    // MARK: - The model

    private static func detections(_ client: LineReader) throws -> NSArray {
        while true {
            if let found = try client.next()["detections"] as? NSArray { return found }
        }
    }

    /// scp truncates the file and writes it from the start, rsync --inplace overwrites it.
    @Test func aModelThatIsPutOverTheRunningOneChangesNothingUntilTheRestart() throws {
        let model = daemon.directory + "/model.gguf"
        try FileManager.default.copyItem(atPath: try RunningDaemon.model(), toPath: model)
        try daemon.write("conf", Array("[model]\npath = \(model)\n[stream]\nsocket = \(daemon.socket)\n".utf8))
        try daemon.start(arguments + ["--config", daemon.directory + "/conf", "--threshold", "0.05"])
        try daemon.waitForSocket()
        let client = try LineReader(daemon.socket)
        let before = try Self.detections(client)
        #expect(before.count > 0)
        let file = try #require(FileHandle(forWritingAtPath: model))
        let size = try file.seekToEnd()
        try file.seek(toOffset: size / 2)
        try file.write(contentsOf: Data(repeating: 0x55, count: Int(size / 2)))
        for _ in 0..<10 { #expect(try Self.detections(client) == before) }
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(repeating: 0, count: 1000))
        for _ in 0..<10 { #expect(try Self.detections(client) == before) }
        kill(daemon.process.processIdentifier, SIGHUP)
        let told = "configuration reloaded; restart the daemon for the new model file"
        for _ in 0..<3000 where try !daemon.log().contains(where: { $0.hasSuffix(told) }) { usleep(10_000) }
        #expect(try daemon.log().last?.hasSuffix(told) == true)
        #expect(try Self.detections(client) == before)
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
    }
}
