import Model
import Foundation
import Pixels
import TestSupport
import Testing
import Vision

/// The real swiftletd, as a process of its own, with what it needs in a directory that goes away with it.
final class RunningDaemon {
    let directory: String
    let process = Process()
    let standardInput = Pipe()
    var socket: String { directory + "/s" }

    init() throws {
        directory = NSTemporaryDirectory() + "swiftletd-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory + "/pictures", withIntermediateDirectories: true)
    }

    deinit {
        if process.isRunning { process.terminate() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// In a directory below, which is made.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = URL(fileURLWithPath: directory + "/" + name)
        try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: directory + "/" + name))
    }

    /// Starts the daemon with its model and socket, unless the arguments name others or a configuration.
    /// - Parameters:
    ///   - limits: commands of a shell that precede the program.
    ///   - standardError: in place of the file that `log` reads.
    func start(
        _ arguments: [String], environment: [String: String] = [:], limits: String? = nil,
        standardError: FileHandle? = nil
    ) throws {
        let program = try Self.program()
        process.executableURL = URL(fileURLWithPath: limits == nil ? program : "/bin/sh")
        var all = arguments
        if !all.contains("--model"), !all.contains("--config") { all += ["--model", try Self.model()] }
        if !all.contains("--socket"), !all.contains("--config") { all += ["--socket", socket] }
        process.arguments = (limits.map { ["-c", "\($0); exec \"$0\" \"$@\"", program] } ?? []) + all
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = standardInput
        let log = directory + "/log"
        try Data().write(to: URL(fileURLWithPath: log))
        process.standardError = try standardError ?? FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try process.run()
    }

    /// The exit code, once the process has ended; -1 when a signal killed it or it took more than ten minutes.
    func exitCode() -> Int32 {
        for _ in 0..<60_000 where process.isRunning { usleep(10_000) }
        guard !process.isRunning, process.terminationReason == .exit else { return -1 }
        return process.terminationStatus
    }

    func log() throws -> [String] {
        try String(contentsOfFile: directory + "/log", encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// How many descriptors the process has.
    func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.processIdentifier)/fd").count
    }

    func waitForSocket() throws {
        for _ in 0..<60_000 where process.isRunning {
            if FileManager.default.fileExists(atPath: socket) { return }
            usleep(10_000)
        }
        Issue.record("no socket: \(try log())")
    }

    /// Beside the test bundle, whose path is among this process's arguments.
    private static func program() throws -> String {
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("swiftletd").path
    }

    /// A small network with the goldens' weights.
    static func model() throws -> String { try GoldenModel.xxs.path(size: ImageSize(width: 128, height: 96)) }
}

/// Coloured rectangles as a JPEG.
func drawnJPEG(seed: UInt64, width: Int = 160, height: Int = 120) throws -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    let image = Image(size: ImageSize(width: width, height: height))
    image.pixels.update(repeating: 128)
    for _ in 0..<12 {
        let colour = (0..<3).map { _ in UInt8.random(in: 0...255, using: &random) }
        let (left, top) = (Int.random(in: 0..<width, using: &random), Int.random(in: 0..<height, using: &random))
        for y in top..<height {
            for x in left..<width {
                for channel in 0..<3 { image.pixels[(y * width + x) * 3 + channel] = colour[channel] }
            }
        }
    }
    var encoder = JPEGEncoder()
    return Array(try encoder.encode(image))
}

/// Reads lines of JSON from the daemon as a client would.
final class DaemonClient {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 600, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        var result: Int32 = -1
        // A socket's file is there a moment before it listens.
        for _ in 0..<60_000 where result != 0 {
            result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
            }
            if result != 0 { usleep(10_000) }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    /// All lines up to the end of the connection.
    func lines() throws -> [[String: Any]] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = recv(descriptor, &buffer, buffer.count, 0)
            try #require(got >= 0)
            if got == 0 { break }
            bytes += buffer[..<got]
        }
        #expect((bytes.last ?? 0x0A) == 0x0A)
        return try bytes.split(separator: 0x0A).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }

    /// Until at least this many lines have come.
    func wait(lines wanted: Int) throws {
        var lines = 0
        var byte: UInt8 = 0
        while lines < wanted {
            try #require(recv(descriptor, &byte, 1, 0) == 1)
            if byte == 0x0A { lines += 1 }
        }
    }

    func send(_ text: String) {
        _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }

    /// The next line for which `isWanted`. Descriptors are not received: such a client loses nothing.
    func line(where isWanted: ([String: Any]) -> Bool) throws -> [String: Any] {
        while true {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            repeat {
                try #require(recv(descriptor, &byte, 1, 0) == 1)
                bytes.append(byte)
            } while byte != 0x0A
            let line = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            if isWanted(line) { return line }
        }
    }
}
