import Foundation
import Testing

/// The real `swiftlet-model`, as a process, and a directory for what it reads and writes that goes away with it.
final class ModelTool {
    struct Outcome {
        /// -1 when a signal ended it.
        var code: Int32
        var output: String
        var errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "swiftlet-model-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// The path of a file in the directory.
    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Writes a file into the directory; returns its path.
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func callAsFunction(_ arguments: String...) throws -> Outcome { try self(arguments) }

    func callAsFunction(_ arguments: [String]) throws -> Outcome { try start(Self.program(), arguments) }

    /// With files of at most `blocks` (of 512 or 1024 bytes, as the shell counts), as if the disk were full then.
    func withFileLimit(blocks: Int, _ arguments: String...) throws -> Outcome {
        let script = "ulimit -f \(blocks); exec \"$0\" \"$@\""
        return try start("/bin/sh", ["-c", script, Self.program()] + arguments)
    }

    /// With that many MiB of address space in all.
    func withMemoryLimit(_ mebibytes: Int, _ arguments: String...) throws -> Outcome {
        let script = "ulimit -v \(mebibytes << 10); exec \"$0\" \"$@\""
        return try start("/bin/sh", ["-c", script, Self.program()] + arguments)
    }

    private static func program() throws -> String {
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("swiftlet-model").path
    }

    private func start(_ program: String, _ arguments: [String]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        // Files, not pipes: no reader is needed while the process runs.
        let names = try ["stdout", "stderr"].map { try write($0, []) }
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: names[0]))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: names[1]))
        try process.run()
        process.waitUntilExit()
        let texts = try names.map { try String(contentsOfFile: $0, encoding: .utf8) }
        let code = process.terminationReason == .exit ? process.terminationStatus : -1
        return Outcome(code: code, output: texts[0], errors: texts[1])
    }
}
