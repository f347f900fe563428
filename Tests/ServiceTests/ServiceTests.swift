import Camera
import Foundation
import Pixels
import TestSupport
import Testing

@testable import Settings
@testable import Service

/// The daemon as a service: what it tells its manager, takes from its configuration, and writes down.
@Suite struct ServiceTests {
    let daemon: RunningDaemon

    init() throws {
        daemon = try RunningDaemon()
        for index in 0..<3 { try daemon.write("pictures/\(index).jpg", try drawnJPEG(seed: UInt64(index))) }
    }

    func configure(_ text: String) throws {
        let start = "[model]\npath = \(try RunningDaemon.model())\n[stream]\nsocket = \(daemon.socket)\n"
        try daemon.write("conf", Array((start + text).utf8))
    }

    func startConfigured(_ arguments: [String] = [], environment: [String: String] = [:]) throws {
        try daemon.start(
            ["--config", daemon.directory + "/conf", "--source", daemon.directory + "/pictures", "--loop"] + arguments,
            environment: environment)
        try daemon.waitForSocket()
    }

    func signal(_ number: Int32) { kill(daemon.process.processIdentifier, number) }

    /// Waits until the log has a line with these words.
    func waitForLog(_ words: String) throws {
        for _ in 0..<60_000 {
            if try daemon.log().contains(where: { $0.contains(words) }) { return }
            usleep(10_000)
        }
        Issue.record("no log line with '\(words)': \(try daemon.log())")
    }

    /// Detections of the frames from one moment on, until a frame fulfils a condition.
    func frame(_ client: LineReader, where condition: ([[String: Any]]) -> Bool) throws -> [[String: Any]] {
        for _ in 0..<10_000 {
            let line = try client.next()
            guard let found = line["detections"] as? [[String: Any]] else { continue }
            if condition(found) { return found }
        }
        Issue.record("no such frame")
        return []
    }

    // MARK: - Configuration

    @Test func theCommandLineOverridesTheConfiguration() throws {
        try configure("[detect]\nthreshold = 0.05\nlimit = 3\n[camera]\nrate = 100\n[zone all]\ninclude = 0 0 1 1\n")
        try startConfigured(["--limit", "2"])
        let client = try LineReader(daemon.socket)
        let hello = try client.next()
        #expect(hello["threshold"] as? Double == 0.05 && hello["filtered"] as? Bool == true)
        #expect(try frame(client) { !$0.isEmpty }.count == 2)
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
    }

    @Test func theHangUpSignalReadsTheConfigurationAnew() throws {
        try configure("[detect]\nthreshold = 0.05\n[camera]\nrate = 100\n")
        try startConfigured()
        let client = try LineReader(daemon.socket)
        let hello = try client.next()
        let found = try frame(client) { Set($0.compactMap { $0["label"] as? String }).count > 1 }
        let label = try #require(found[0]["label"] as? String)
        try configure("[detect]\nthreshold = 0.05\nclasses = \(label)\n[camera]\nrate = 100\n")
        signal(SIGHUP)
        try waitForLog("configuration reloaded")
        let selected = try frame(client) { $0.allSatisfy { $0["label"] as? String == label } && !$0.isEmpty }
        #expect(!selected.isEmpty)
        // A bad file changes nothing and is told once.
        try configure("[detect]\nthreshold = high\nclasses = nobody\n")
        signal(SIGHUP)
        try waitForLog("keeping the previous configuration")
        for _ in 0..<10 {
            #expect(try frame(client) { _ in true }.allSatisfy { $0["label"] as? String == label })
        }
        try configure("[zone none]\ninclude = 0 0 0.001 0.001\n[metrics]\nfile = /nowhere/else\n")
        signal(SIGHUP)
        try waitForLog("restart the daemon for [metrics] file")
        _ = try frame(client) { $0.isEmpty }
        #expect(hello["type"] as? String == "hello" && hello["filtered"] == nil)
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        let log = try daemon.log()
        #expect(log.count == 5, "\(log)")
        #expect(log[2].contains("conf:6: [detect] threshold: ") && log[2].contains("and 1 more"), "\(log)")
    }

    /// The old rate would let the client wait for longer than it does.
    @Test func aHigherRateHoldsAtOnce() throws {
        try configure("[camera]\nrate = 0.001\n")
        try startConfigured()
        // The first frame may have come before the client; the second would take a thousand seconds.
        let client = try LineReader(daemon.socket)
        try configure("[camera]\nrate = 100\n")
        signal(SIGHUP)
        for _ in 0..<5 { _ = try frame(client) { _ in true } }
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
    }

    /// Cut by a full disk, or caught while it was written.
    @Test func anUnfinishedFileDoesNotReplaceTheConfiguration() throws {
        let path = daemon.directory + "/conf"
        let whole = "[zone all]\nexclude = 0 0 1 1\n\n[detect]\nthreshold = 1\nlimit = 100\n"
        try daemon.write("conf", Array(whole.utf8))
        let given = ["--model", try RunningDaemon.model(), "--socket", daemon.socket, "--rate", "100"]
        try startConfigured(given)
        let client = try LineReader(daemon.socket)
        let contents = ["", "\n \n", String(whole.prefix(11)), String(whole.dropLast(3)), "# nothing\n"]
        for (index, content) in contents.enumerated() {
            try daemon.write("conf", Array(content.utf8))
            #expect(try ToolOutcome(of: ["check", path], daemon).code == 78)
            signal(SIGHUP)
            for _ in 0..<60_000 where try daemon.log().count < index + 2 { usleep(10_000) }
            #expect(try daemon.log().last?.contains("keeping the previous configuration: ") == true)
        }
        _ = try client.next()
        for _ in 0..<20 { #expect(try frame(client) { _ in true }.isEmpty) }
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        // Where nothing runs yet there is nothing to lose: an empty file is said, and the defaults hold.
        let other = try RunningDaemon()
        try other.write("conf", [])
        try other.start(
            [
                "--config", other.directory + "/conf", "--source", daemon.directory + "/pictures", "--wait", "0", "--model",
                try RunningDaemon.model(), "--socket", other.socket,
            ])
        #expect(other.exitCode() == 0)
        #expect(try other.log().first?.contains("no settings, as in a file") == true)
    }

    @Test func mistakesInTheConfigurationEndTheStart() throws {
        try configure("[detect]\nthreshold = 2\nclasses = nobody\nwhat = 1\n")
        try daemon.start(["--config", daemon.directory + "/conf", "--source", daemon.directory + "/pictures"])
        #expect(daemon.exitCode() == 78)
        #expect(try daemon.log().count == 2)
        let other = try RunningDaemon()
        try other.write("conf", Array("[detect]\nclasses = nobody\n".utf8))
        try other.start(
            [
                "--config", other.directory + "/conf", "--source", daemon.directory + "/pictures", "--model",
                try RunningDaemon.model(), "--socket", other.socket,
            ])
        #expect(other.exitCode() == 78)
        #expect(try other.log().first?.contains("conf:2: [detect] classes: unknown class 'nobody'") == true)
        let missing = try RunningDaemon()
        try missing.start(["--config", missing.directory + "/none", "--source", "-"])
        #expect(missing.exitCode() == 66)
    }

    @Test func checkNamesEveryMistakeOrPrintsTheSettings() throws {
        let path = daemon.directory + "/conf"
        try configure("[detect]\nthreshold = 2\nnonsense\nclasses = nobody\n[zone a]\ninclude = 1 1 0 0\n")
        let bad = try ToolOutcome(of: ["check", path], daemon)
        #expect(bad.code == 78 && bad.output.isEmpty)
        #expect(bad.errors.map { $0.split(separator: ":")[2] } == ["6", "7", "8", "10"])
        try configure("[zone a]\ninclude = 0 0 1 1\n[detect]\nthreshold = 0.4\n")
        let good = try ToolOutcome(of: ["check", path], daemon)
        #expect(good.code == 0 && good.errors.isEmpty && good.output.contains("threshold = 0.4"))
        try daemon.write("again", Array(good.output.utf8))
        #expect(try ToolOutcome(of: ["check", daemon.directory + "/again"], daemon).output == good.output)
        #expect(try ToolOutcome(of: ["check", daemon.directory + "/none"], daemon).code == 66)
        #expect(try ToolOutcome(of: ["check", path, path], daemon).code == 64)
        if !FileManager.default.fileExists(atPath: "/etc/swiftlet/swiftlet.conf") {
            let installed = try ToolOutcome(of: ["check"], daemon)
            #expect(installed.code == 66 && installed.errors.first?.contains("/etc/swiftlet/swiftlet.conf") == true)
        }
    }

    @Test func checkFailsWhereTheDaemonWould() throws {
        let path = daemon.directory + "/conf"
        func check(_ text: String) throws -> ToolOutcome {
            try daemon.write("conf", Array(text.utf8))
            return try ToolOutcome(of: ["check", path], daemon)
        }
        let model = try Data(contentsOf: URL(fileURLWithPath: try RunningDaemon.model()))
        try daemon.write("torn.gguf", Array(model.prefix(model.count / 2)))
        for (model, reason) in [
            ("none", "No such file"), ("torn.gguf", "torn.gguf"), ("conf", "conf"), ("pictures", "is a directory"),
        ] {
            let outcome = try check("[detect]\nlimit = 5\n[model]\npath = \(daemon.directory)/\(model)\n")
            #expect(outcome.code == 78 && outcome.output.isEmpty && outcome.errors.count == 1)
            #expect(outcome.errors.first?.contains("conf:4: [model] path: ") == true, "\(outcome.errors)")
            #expect(outcome.errors.first?.contains(reason) == true, "\(outcome.errors)")
        }
        let unknown = try check("[model]\npath = \(try RunningDaemon.model())\n[threshold]\n\"a=b\" = 0.5\n[detekt]\n")
        #expect(unknown.code == 78 && unknown.errors.count == 2)
        #expect(unknown.errors.first?.contains("conf:4: [threshold] a=b: unknown class 'a=b'") == true)
        #expect(unknown.errors.last?.contains("conf:5: [detekt] unknown section") == true)
        let odd = try check("[model]\npath = \(try RunningDaemon.model())\n[stream]\nsocket = \(daemon.directory)/pictures\n")
        #expect(odd.code == 78 && odd.errors.count == 1 && odd.errors.first?.contains("is not a socket") == true)
        let nowhere = try check("[stream]\nsocket = \(daemon.directory)/none/s\n")
        #expect(nowhere.code == 78 && nowhere.errors.first?.contains("none/s: its directory does not exist") == true)
        #expect(try check("[stream]\nsocket = /run/swiftlet-none/s\n").code == 0)
        let below = try check("[stream]\nsocket = \(path)/s\n")
        #expect(below.code == 78 && below.errors.first?.contains("conf/s: cannot listen there: Not a directory") == true)
        // No user makes files in the kernel's own directories.
        let closed = try check("[stream]\nsocket = /proc/self/s\n")
        #expect(closed.code == 78 && closed.errors.first?.contains("/proc/self/s: ") == true, "\(closed.errors)")
        let without = try check("[detect]\nlimit = 5\n")
        #expect(without.code == 0 && without.errors.first?.contains("[model] path is not set") == true)
    }

    @Test func aFormatThatIsNoneIsAnsweredWithAll() throws {
        let outcome = try ToolOutcome(of: ["cameras", "--format", "foo"], daemon)
        #expect(outcome.code == 64)
        for name in PixelFormat.allCases.map(\.name) {
            #expect(outcome.errors.first?.contains("\(name)".lowercased()) == true, "\(outcome.errors)")
        }
    }

    /// Without metrics the daemon does its work, but not with a socket that is to be the file.
    @Test func checkTellsWhereNoMetricsCanBeWritten() throws {
        let path = daemon.directory + "/conf", model = try RunningDaemon.model()
        func check(_ file: String, _ more: String = "") throws -> ToolOutcome {
            try daemon.write("conf", Array("[model]\npath = \(model)\n[metrics]\nfile = \(file)\n\(more)".utf8))
            return try ToolOutcome(of: ["check", path], daemon)
        }
        #expect(mkfifo(daemon.directory + "/pipe", 0o600) == 0)
        for (file, reason) in [
            ("none/m", "create its directory first"), ("conf/m", "Not a directory"), ("pictures", "name a regular file"),
            ("pipe", "is a device, pipe or socket"),
        ] {
            let outcome = try check("\(daemon.directory)/\(file)")
            #expect(outcome.code == 0 && outcome.errors.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.first?.contains("[metrics] file: \(daemon.directory)/\(file): ") == true)
            #expect(outcome.errors.first?.contains(reason) == true, "\(outcome.errors)")
        }
        let good = try check("\(daemon.directory)/m")
        #expect(good.code == 0 && good.errors.isEmpty, "\(good.errors)")
        let socket = try check("\(daemon.directory)/s", "[stream]\nsocket = \(daemon.directory)/s\n")
        #expect(socket.code == 78 && socket.errors.first?.contains("is the stream's socket") == true, "\(socket.errors)")
    }

    // MARK: - The service manager

    @Test func theManagerIsTold() throws {
        let manager = try NotifySocket(daemon.directory + "/notify")
        try configure("[camera]\nrate = 100\n")
        try startConfigured(environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "150000"])
        #expect(try manager.wait(for: "READY=1").contains { $0.hasPrefix("STATUS=") })
        for _ in 0..<5 { _ = try manager.wait(for: "WATCHDOG=1") }
        signal(SIGHUP)
        #expect(try manager.wait(for: "RELOADING=1").contains { $0.hasPrefix("MONOTONIC_USEC=") })
        _ = try manager.wait(for: "READY=1")
        daemon.process.terminate()
        _ = try manager.wait(for: "STOPPING=1")
        #expect(daemon.exitCode() == 0)
    }

    /// No frame, no READY; no new frame, no food for the watchdog; but a pause between images is no fault.
    @Test func theWatchdogIsNotFedFalsely() throws {
        let manager = try NotifySocket(daemon.directory + "/notify")
        let environment = ["NOTIFY_SOCKET": "@" + manager.abstractName, "WATCHDOG_USEC": "60000"]
        try daemon.start(["--source", "-", "--wait", "0"], environment: environment)
        try daemon.waitForSocket()
        let client = try LineReader(daemon.socket)
        #expect(try client.next()["type"] as? String == "hello")
        #expect(manager.messages(for: 500_000).isEmpty)
        try daemon.standardInput.fileHandleForWriting.write(contentsOf: Data(try drawnJPEG(seed: 1)))
        #expect(try client.next()["type"] as? String == "frame")
        _ = try manager.wait(for: "READY=1")
        // One frame is one portion at most, however long the time.
        #expect(manager.messages(for: 1_000_000).count { $0.contains("WATCHDOG=1") } <= 1)
        daemon.process.terminate()
        _ = try manager.wait(for: "STOPPING=1")
        #expect(daemon.exitCode() == 0)

        let slow = try RunningDaemon()
        try slow.start(
            ["--source", daemon.directory + "/pictures", "--loop", "--rate", "0.001"], environment: environment)
        _ = try manager.wait(for: "READY=1")
        for _ in 0..<20 { _ = try manager.wait(for: "WATCHDOG=1") }
        slow.process.terminate()
        #expect(slow.exitCode() == 0)
    }

    // MARK: - Metrics

    @Test func metricsAreWrittenAndShown() throws {
        let path = daemon.directory + "/swiftlet.prom"
        try configure("[metrics]\nfile = \(path)\n[camera]\nrate = 100\n")
        // Others may write to that directory too: what they put there is not waited for, followed or changed.
        try daemon.write("other", Array("mine".utf8))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: daemon.directory + "/other")
        try #require(mkfifo(path + ".tmp", 0o600) == 0)
        try startConfigured()
        let client = try LineReader(daemon.socket)
        for _ in 0..<5 { _ = try client.next() }
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        #expect(try String(contentsOfFile: daemon.directory + "/other", encoding: .utf8) == "mine")
        let names = try FileManager.default.contentsOfDirectory(atPath: daemon.directory).filter { !$0.hasPrefix("s") }
        #expect(Set(names) == ["conf", "log", "other", "pictures"])
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode == S_IFREG | 0o644)
        let json = try #require(try ToolOutcome(of: ["status", "--file", path, "--json"], daemon).objects().first)
        let frames = try #require(json["swiftlet_frames_published_total"] as? Int)
        #expect(frames >= 4 && json["swiftlet_frames_captured_total"] as? Int == frames)
        #expect(json["swiftlet_stage_seconds_count{stage=\"inference\"}"] as? Int == frames)
        #expect(json["swiftlet_clients_accepted_total"] as? Int == 1)
        #expect(try #require(json["swiftlet_resident_bytes"] as? Int) > 1 << 20)
        #expect(try #require(json["age_s"] as? Double) >= 0)
        #expect(try daemon.log().last?.contains("stopped: \(frames) frames") == true)
        let people = try ToolOutcome(of: ["status", "--file", path], daemon)
        #expect(people.code == 0 && people.output.contains("\(frames) published"))

        let text = try String(contentsOfFile: path, encoding: .utf8)
        try daemon.write(
            "old", Array(text.replacing(#/written_time_seconds [0-9.]+/#, with: "written_time_seconds 1.000").utf8))
        let old = try ToolOutcome(of: ["status", "--file", daemon.directory + "/old"], daemon)
        #expect(old.code == 69 && old.errors.count == 1)
        #expect(try ToolOutcome(of: ["status", "--file", daemon.directory + "/none"], daemon).code == 69)
        #expect(try ToolOutcome(of: ["status", "--file", daemon.directory + "/conf"], daemon).code == 65)
    }

    /// `swiftlet status` asks the daemon itself: no file is needed, and what it says is of the moment.
    @Test func theDaemonSaysItsStatus() throws {
        try configure("[camera]\nrate = 100\n")
        try startConfigured()
        let client = try LineReader(daemon.socket)
        for _ in 0..<5 { _ = try client.next() }
        let json = try #require(
            try ToolOutcome(of: ["status", "--socket", daemon.socket, "--json"], daemon).objects().first)
        #expect(try #require(json["swiftlet_frames_published_total"] as? Int) >= 4)
        #expect(json["swiftlet_clients"] as? Int == 2)
        #expect(try #require(json["swiftlet_resident_bytes"] as? Int) > 1 << 20)
        #expect(json.keys.contains("swiftlet_stage_seconds_bucket{stage=\"inference\",le=\"+Inf\"}"))
        let people = try ToolOutcome(of: ["status", "--socket", daemon.socket], daemon)
        #expect(people.code == 0 && people.errors.isEmpty && people.output.contains(" published"))
        // A client continues with its frames.
        client.send("{\"status\":true}\n{\"status\":true}\n{\"status\":1}\n")
        var types: [String] = []
        while types.last != "error" {
            let type = try #require(try client.next()["type"] as? String)
            if type != "frame" { types.append(type) }
        }
        #expect(types == ["status", "status", "error"])
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        #expect(try ToolOutcome(of: ["status", "--socket", daemon.socket], daemon).code == 69)
        // Not a daemon's socket, and a line that no daemon sends.
        for line in ["HTTP/1.1 400 Bad Request\r", "{\"type\":\"status\",\"metrics\":[]}", "{\"type\":\"status\"}"] {
            let path = daemon.directory + "/played"
            let server = try ListeningStub(path, says: Array((line + "\n").utf8))
            let outcome = try ToolOutcome(of: ["status", "--socket", path], daemon)
            #expect(outcome.code == 65 && outcome.errors.count == 1, "\(line): \(outcome.errors)")
            server.close()
        }
    }

    /// The name is taken by a directory that cannot be replaced: one line, and everything else continues.
    @Test func metricsThatCannotBeWrittenAreToldOnce() throws {
        // A directory cannot be replaced by a file.
        let path = daemon.directory + "/metrics"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try configure("[metrics]\nfile = \(path)\n[camera]\nrate = 100\n")
        try startConfigured()
        let client = try LineReader(daemon.socket)
        for _ in 0..<3 { _ = try client.next() }
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
        #expect(try daemon.log().count { $0.contains("keeping the previous metrics") } == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    /// A FIFO there is not waited for.
    @Test func metricsAreNotWrittenToAPipe() throws {
        let path = daemon.directory + "/fifo"
        try #require(mkfifo(path, 0o600) == 0)
        try configure("[metrics]\nfile = \(path)\n[camera]\nrate = 100\n")
        try startConfigured()
        try waitForLog("is a device, pipe or socket")
        daemon.process.terminate()
        #expect(daemon.exitCode() == 0)
    }
}
