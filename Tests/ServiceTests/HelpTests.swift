import Foundation
import Testing

/// `--help` of every command: it fits a screen, ends with examples and exit codes, and the same option is called the
/// same everywhere.
@Suite struct HelpTests {
    static let commands = ["watch", "snapshot", "status", "check", "cameras", "detect", "bench", "plan"]

    private func help(_ program: String, _ arguments: [String]) throws -> [String] {
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: bundle).deletingLastPathComponent()
            .appendingPathComponent(program)
        process.arguments = arguments + ["--help"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.last == "")
        lines.removeLast()
        return lines
    }

    private var pages: [(name: String, lines: [String])] {
        get throws {
            try Self.commands.map { ($0, try help("swiftlet", [$0])) }
                + [("swiftlet", try help("swiftlet", [])), ("swiftletd", try help("swiftletd", []))]
        }
    }

    @Test func everyPageFitsAScreenAndEndsWithExamplesAndExitCodes() throws {
        for (name, lines) in try pages {
            // A few more than a screen has, for the daemon alone.
            #expect(lines.count <= (name == "swiftletd" ? 34 : 24), "\(name): \(lines.count) lines")
            for line in lines { #expect(line.count <= 80, "\(name): \(line)") }
            let examples = try #require(lines.firstIndex { $0.hasPrefix("example") }, "\(name)")
            let codes = try #require(lines.firstIndex { $0.hasPrefix("exit codes: 0") }, "\(name)")
            #expect(lines[0].hasPrefix("usage: ") && examples < codes && codes >= lines.count - 3, "\(name)")
            #expect(lines[examples + 1].contains(name == "swiftletd" ? "swiftletd " : "swiftlet "), "\(name)")
        }
    }

    @Test func theToolListsItsCommands() throws {
        let lines = try help("swiftlet", [])
        for command in Self.commands { #expect(lines.contains { $0.hasPrefix("  \(command) ") }, "\(command)") }
    }

    @Test func theSameOptionIsCalledTheSameEverywhere() throws {
        var known: [String: (page: String, synopsis: String)] = [:]
        var shared = 0
        for (name, lines) in try pages {
            for line in lines {
                guard let match = line.wholeMatch(of: #/  (-[a-z], |    )--([a-z-]+)( [^ ]+)?  .*/#) else { continue }
                let option = String(match.2), synopsis = "\(match.1)\(match.3 ?? "")"
                if let other = known[option] {
                    #expect(other.synopsis == synopsis, "--\(option) of \(name) and \(other.page)")
                    shared += 1
                }
                known[option] = (name, synopsis)
            }
        }
        for option in ["model", "socket", "json", "limit", "threshold"] { #expect(known[option] != nil) }
        #expect(shared > 20)
    }
}
