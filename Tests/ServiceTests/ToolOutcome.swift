import Foundation
import Testing

/// What the real `swiftlet` said when it ran with some arguments.
struct ToolOutcome {
    /// -1 when a signal ended it.
    var code: Int32
    var output: String
    var errors: [String]

    /// - Parameters:
    ///   - input: what standard input reads.
    ///   - output: where standard output goes; nil keeps it.
    ///   - environment: what is added to this process's own.
    init(
        of arguments: [String], _ files: RunningDaemon, input: String = "/dev/null", output: String? = nil,
        environment: [String: String] = [:]
    ) throws {
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        let process = Process()
        process.executableURL = URL(fileURLWithPath: bundle).deletingLastPathComponent()
            .appendingPathComponent("swiftlet")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
        // Files, not pipes: no reader is needed while the process runs.
        let names = [files.directory + "/stdout", files.directory + "/stderr"]
        for name in names { try Data().write(to: URL(fileURLWithPath: name)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output ?? names[0]))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: names[1]))
        try process.run()
        process.waitUntilExit()
        let texts = try names.map { try String(contentsOfFile: $0, encoding: .utf8) }
        code = process.terminationReason == .exit ? process.terminationStatus : -1
        self.output = texts[0]
        errors = texts[1].split(separator: "\n").map(String.init)
    }

    /// Each line of JSON as an object.
    func objects() throws -> [[String: Any]] {
        try output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }
}
