import Foundation
import TestSupport
import Testing

/// No command of swiftlet-model replaces what it reads, under whatever name, nor waits for a pipe where a file belongs.
@Suite struct OutputOverInputTests {
    private let tool: ModelTool

    init() throws { tool = try ModelTool() }

    /// Runs the command with each name of `input` as its output.
    private func expectRejections(_ input: String, _ arguments: String...) throws {
        let before = try Data(contentsOf: URL(fileURLWithPath: input))
        let manager = FileManager.default
        let name = URL(fileURLWithPath: input).lastPathComponent
        let (soft, hard) = (tool.path("soft-" + name), tool.path("hard-" + name))
        try manager.createSymbolicLink(atPath: soft, withDestinationPath: name)
        try manager.linkItem(atPath: input, toPath: hard)
        for output in [input, tool.path("./" + name), soft, hard] {
            let outcome = try tool(arguments + ["-o", output])
            #expect(outcome.code == 64, "\(output): \(outcome.errors)")
            #expect(outcome.errors.contains("is an input of this command: choose another output file"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: input)) == before)
        }
        #expect(try manager.contentsOfDirectory(atPath: tool.directory).allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func importSparesCheckpointAndLabels() throws {
        let checkpoint = tool.path("model.pt")
        try FileManager.default.copyItem(atPath: fixture("golden/xxs-ssd/model.pt"), toPath: checkpoint)
        let labels = try tool.write("labels.txt", (1...80).map { "label \($0)" }.joined(separator: "\n").utf8)
        try expectRejections(checkpoint, "import", checkpoint, "--labels", labels)
        try expectRejections(labels, "import", checkpoint, "--labels", labels)
    }

    @Test func runAndQuantizeSpareModelAndImages() throws {
        let model = tool.path("model.gguf"), image = tool.path("photo.jpg")
        try FileManager.default.copyItem(atPath: try GoldenModel.xxs.path(), toPath: model)
        try FileManager.default.copyItem(atPath: fixture("jpeg/drawn-61x47.jpg"), toPath: image)
        let list = try tool.write("list.txt", "photo.jpg\n".utf8)
        try expectRejections(model, "run", model, "--input", image)
        try expectRejections(image, "run", model, "--input", image)
        for file in [
            tool.path("soft-model.gguf"), tool.path("hard-model.gguf"), tool.path("soft-photo.jpg"), tool.path("hard-photo.jpg"),
        ] {
            try FileManager.default.removeItem(atPath: file)
        }
        try expectRejections(image, "quantize", model, "--calibrate", list)
        try expectRejections(list, "quantize", model, "--calibrate", list)
    }

    @Test func pipesAreRejectedAtOnce() throws {
        let fifo = tool.path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        let outcome = try tool("import", fifo, "-o", tool.path("m.gguf"))
        #expect(outcome.code == 66 && outcome.errors.contains("is a pipe, device or socket"))
        #expect(!tool.exists("m.gguf"))
    }

    /// Address space that is short is an error, never a trap. With the least of them not even libraries can be loaded.
    @Test(arguments: [60, 80, 100, 150, 250, 350, 400, 430, 450]) func shortMemoryIsAnError(mebibytes: Int) throws {
        let model = try GoldenModel.xxs.path(), image = fixture("jpeg/drawn-61x47.jpg")
        let list = try tool.write("list.txt", image.utf8)
        let outcomes = [
            try tool.withMemoryLimit(
                mebibytes, "import", fixture("golden/xxs-ssd/model.pt"), "-o", tool.path("m.gguf"), "--labels", "coco"),
            try tool.withMemoryLimit(mebibytes, "run", model, "--input", image, "-o", tool.path("o.safetensors")),
            try tool.withMemoryLimit(mebibytes, "quantize", model, "--calibrate", list, "-o", tool.path("q.gguf")),
        ]
        for outcome in outcomes { #expect([0, 71, 127].contains(outcome.code), "\(outcome.code): \(outcome.errors)") }
    }

    /// A list of problems keeps its lines and ends after twenty.
    @Test func longMessagesKeepTheirLines() throws {
        let outcome = try tool(
            "import", fixture("golden/v2-0.5-ssd/model.pt"), "-o", tool.path("m.gguf"), "--architecture", "xxs")
        #expect(outcome.code == 65)
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 22 && !outcome.errors.contains("?"))
        #expect(lines.last?.hasPrefix("  and ") == true && lines.last?.hasSuffix(" more") == true)
    }
}
