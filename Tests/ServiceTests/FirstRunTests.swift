import Foundation
import Testing

/// What people meet who type something wrong, or start the programs in an odd place.
@Suite struct FirstRunTests {
    let files: RunningDaemon

    init() throws { files = try RunningDaemon() }

    @Test(arguments: [
        ("wacth", "did you mean watch?"), ("Status", "did you mean status?"), ("detekt", "did you mean detect?"),
        ("cehck", "did you mean check?"),
    ]) func aCommandThatIsSpeltAlmostSoIsNamed(command: String, words: String) throws {
        let outcome = try ToolOutcome(of: [command], files)
        #expect(outcome.code == 64 && outcome.errors == ["swiftlet: unknown command '\(command)'; \(words); see swiftlet --help"])
    }

    @Test func nothingIsGuessedOfAnotherWord() throws {
        let outcome = try ToolOutcome(of: ["record"], files)
        #expect(outcome.code == 64 && outcome.errors == ["swiftlet: unknown command 'record'; see swiftlet --help"])
    }

    @Test func helpOfACommandIsTheCommandsHelp() throws {
        for command in HelpTests.commands {
            let help = try ToolOutcome(of: ["help", command], files)
            let option = try ToolOutcome(of: [command, "--help"], files)
            #expect(help.code == 0 && help.output == option.output)
            #expect(help.output.hasPrefix("usage: swiftlet \(command)"))
        }
        #expect(try ToolOutcome(of: ["version"], files).errors.first?.contains("did you mean --version?") == true)
    }

    /// A variable of a shell that is not set must not mean the first camera, or a socket without a name.
    @Test func optionsWithoutAWordAreRejected() throws {
        for option in ["--socket", "--source", "--config", "--camera"] {
            let daemon = try RunningDaemon()
            try daemon.start([option, ""])
            #expect(daemon.exitCode() == 64)
            #expect(try daemon.log().first?.contains("\(option) requires an argument") == true)
        }
    }

    /// From the least with which the loader gets through to what suffices: an error, never a trap.
    @Test func tooLittleAddressSpaceIsSaid() throws {
        try files.write("pictures/0.jpg", try drawnJPEG(seed: 1, width: 640, height: 480))
        for kibibytes in stride(from: 16_000, to: 240_000, by: 5_500) {
            let daemon = try RunningDaemon()
            try daemon.start(
                ["--source", files.directory + "/pictures", "--wait", "0"], limits: "ulimit -v \(kibibytes)")
            let code = daemon.exitCode()
            let log = try daemon.log()
            // 127: the loader's.
            #expect([0, 71, 127].contains(code), "\(kibibytes): \(code) \(log)")
        }
    }

    /// A closed descriptor must not become a file or a client, into which a line of the log would be written.
    @Test func closedStandardDescriptorsStayUnused() throws {
        try files.write("pictures/0.jpg", try drawnJPEG(seed: 1))
        try files.start(
            ["--source", files.directory + "/pictures", "--loop", "--rate", "20"], limits: "exec <&- >&- 2>&-")
        try files.waitForSocket()
        let client = try LineReader(files.socket)
        for _ in 0..<3 { _ = try client.next() }
        for descriptor in 0...2 {
            let path = "/proc/\(files.process.processIdentifier)/fd/\(descriptor)"
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/null")
        }
        files.process.terminate()
        #expect(files.exitCode() == 0)
        // Results that have nowhere to go are still a failure, and said.
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        let program = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("swiftlet").path
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/bin/sh")
        tool.arguments = ["-c", #"exec "$@" >&-"#, "sh", program, "--help"]
        tool.standardError = FileHandle.nullDevice
        try tool.run()
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 74)
        let full = try ToolOutcome(of: ["--version"], files, output: "/dev/full")
        #expect(full.code == 74 && full.errors.first?.contains("cannot be written: No space left") == true)
        let daemon = try RunningDaemon()
        try daemon.start(["--version"], limits: "exec >/dev/full")
        #expect(daemon.exitCode() == 74)
    }

    /// A reader that has enough is not told that something failed.
    @Test func aReaderThatLeavesIsNoNews() throws {
        try files.write("pictures/0.jpg", try drawnJPEG(seed: 1))
        try files.start(["--source", files.directory + "/pictures", "--loop", "--rate", "50", "--threshold", "0.01"])
        try files.waitForSocket()
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        let program = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("swiftlet").path
        let (pipe, errors, tool) = (Pipe(), Pipe(), Process())
        tool.executableURL = URL(fileURLWithPath: program)
        tool.arguments = ["watch", "--socket", files.socket]
        (tool.standardOutput, tool.standardError) = (pipe, errors)
        try tool.run()
        #expect(!pipe.fileHandleForReading.availableData.isEmpty)
        try pipe.fileHandleForReading.close()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        tool.waitUntilExit()
        #expect(said.isEmpty && tool.terminationStatus == 74, "\(String(decoding: said, as: UTF8.self))")
    }

    /// A daemon that hangs, as one that was stopped: neither question waits for ever, and both say what is wrong.
    @Test func aDaemonThatHangsIsSaid() throws {
        try files.write("pictures/0.jpg", try drawnJPEG(seed: 1))
        try files.start(["--source", files.directory + "/pictures", "--loop", "--rate", "5"])
        try files.waitForSocket()
        kill(files.process.processIdentifier, SIGSTOP)
        defer { kill(files.process.processIdentifier, SIGCONT) }
        let arguments = ["snapshot", "--socket", files.socket, "--wait", "0.1", "-o", files.directory + "/o.jpg"]
        for arguments in [arguments, ["status", "--socket", files.socket]] {
            let outcome = try ToolOutcome(of: arguments, files)
            #expect(outcome.code == 69 && outcome.errors.first?.hasSuffix("swiftletd does not answer") == true)
        }
    }
}
