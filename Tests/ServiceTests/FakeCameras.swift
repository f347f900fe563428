import Foundation
import Testing

/// What stands for /dev to a program: cameras in software (Tests/CFakeCamera), described in a directory of the daemon's.
struct FakeCameras {
    private let daemon: RunningDaemon
    private var directory: String { daemon.directory + "/dev" }

    init(_ daemon: RunningDaemon) throws {
        self.daemon = daemon
        try FileManager.default.createDirectory(atPath: daemon.directory + "/dev", withIntermediateDirectories: true)
    }

    /// A camera /dev/`node`: its settings, a line each, and frames that come in turn.
    func add(_ node: String, _ settings: [String], format: String = "MJPG", frames: [[UInt8]] = []) throws {
        var lines = ["card Camera \(node)", "driver uvcvideo", "bus usb-\(node)"] + settings
        for (index, frame) in frames.enumerated() {
            try daemon.write("dev/\(node)-\(index)", frame)
            lines.append("frame \(format) \(node)-\(index)")
        }
        try daemon.write("dev/\(node)", Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// What makes a program see them.
    func environment() throws -> [String: String] {
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
        let library = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("libFakeCamera.so")
        try #require(FileManager.default.fileExists(atPath: library.path))
        return ["LD_PRELOAD": library.path, "FAKE_DEV": directory]
    }

    /// What was set and started, a line each: the camera's settings have "log calls".
    func calls() throws -> [String] {
        try String(contentsOfFile: directory + "/calls", encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
