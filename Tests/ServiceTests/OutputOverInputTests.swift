import Foundation
import TestSupport
import Testing

/// No program of the board replaces what it reads, under whatever name, nor waits for a pipe where a file belongs.
@Suite struct OutputOverInputTests {
    private let files: RunningDaemon
    private let model: String

    init() throws {
        files = try RunningDaemon()
        model = files.directory + "/model.gguf"
        try FileManager.default.copyItem(atPath: try GoldenModel.xxs.path(), toPath: model)
    }

    private func expectModelIsWhole() throws {
        let original = try Data(contentsOf: URL(fileURLWithPath: try GoldenModel.xxs.path()))
        #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == original)
    }

    @Test func aDrawingNeverReplacesItsModel() throws {
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: files.directory + "/link.svg", withDestinationPath: "model.gguf")
        try manager.linkItem(atPath: model, toPath: files.directory + "/hard.svg")
        for name in ["model.gguf", "./model.gguf", "pictures/../model.gguf", "link.svg", "hard.svg"] {
            let outcome = try ToolOutcome(of: ["plan", "--model", model, "--svg", "\(files.directory)/\(name)"], files)
            #expect(outcome.code == 64 && outcome.errors.last?.contains("is an input of this command") == true)
        }
        try expectModelIsWhole()
        let names = try manager.contentsOfDirectory(atPath: files.directory).filter { $0.hasPrefix(".") }
        #expect(names.isEmpty)
    }

    @Test func metricsNeverReplaceWhatTheDaemonReads() throws {
        let image = files.directory + "/pictures/0.jpg"
        try files.write("pictures/0.jpg", try drawnJPEG(seed: 1))
        let configuration = files.directory + "/swiftlet.conf"
        try files.write("swiftlet.conf", Array("[model]\npath = \(model)\n[metrics]\nfile = \(model)\n".utf8))
        let check = try ToolOutcome(of: ["check", configuration], files)
        #expect(check.code == 78 && check.errors.last?.contains("is an input of this command") == true, "\(check.errors)")
        for metrics in [model, image, files.directory + "/pictures"] {
            let daemon = try RunningDaemon()
            try daemon.start(["--model", model, "--source", files.directory + "/pictures", "--metrics", metrics])
            #expect(daemon.exitCode() == 64)
            #expect(try daemon.log().last?.contains("is an input of this command") == true)
        }
        try expectModelIsWhole()
        #expect(try Data(contentsOf: URL(fileURLWithPath: image)) == Data(try drawnJPEG(seed: 1)))
    }

    @Test func benchDoesNotWaitForAPipe() throws {
        let fifo = files.directory + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let outcome = try ToolOutcome(of: ["bench", "--model", model, "--runs", "1", "--frames", fifo], files)
        #expect(outcome.code == 66 && outcome.errors.last?.contains("is a pipe") == true, "\(outcome.errors)")
    }
}
