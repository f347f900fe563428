import Foundation
import TestSupport
import Testing

/// `swiftlet-model import`, and what `inspect` says of its work.
@Suite struct ImportCommandTests {
    private let tool: ModelTool
    private let checkpoint = fixture("golden/xxs-ssd/model.pt")

    init() throws { tool = try ModelTool() }

    private func labels(_ names: [String]) throws -> String {
        try tool.write("labels.txt", names.joined(separator: "\n").utf8)
    }

    @Test(arguments: [[], ["Background"], ["", "  "]]) func labelFilesAreRead(head: [String]) throws {
        let names = (1...80).map { "label \($0)" }
        let model = tool.path("m.gguf")
        let outcome = try tool("import", checkpoint, "-o", model, "--labels", try labels(head + names + [""]))
        #expect(outcome.code == 0, "\(outcome.errors)")
        let listed = try tool("inspect", model).lines.filter { $0.hasPrefix("  ") }
        let expected = (["background"] + names).enumerated().map { "\($0.offset) \($0.element)" }
        #expect(listed.map { $0.split(separator: " ").joined(separator: " ") } == expected)
    }

    @Test func unfitLabelFilesAreRejected() throws {
        let model = tool.path("m.gguf")
        // 81 with the background first are right: these are not.
        for count in [1, 79, 81] {
            let file = try labels((0..<count).map { "label \($0)" })
            let outcome = try tool("import", checkpoint, "-o", model, "--labels", file)
            #expect(outcome.code == 65)
            #expect(outcome.errors.contains("\(file): \(count) labels, but the network has 80 classes"))
        }
        let missing = try tool("import", checkpoint, "-o", model, "--labels", tool.path("none.txt"))
        #expect(missing.code == 66 && missing.errors.contains("none.txt: No such file"))
        let binary = try tool("import", checkpoint, "-o", model, "--labels", checkpoint)
        #expect(binary.code == 65 && binary.errors.contains("model.pt: is larger than 1024 KiB, the maximum"))
        let long = (1...79).map { "label \($0)" } + [String(repeating: "a", count: 256)]
        let rejected = try tool("import", checkpoint, "-o", model, "--labels", try labels(long))
        #expect(rejected.code == 65 && rejected.errors.contains("line 80 has 256 bytes, but a label has at most 255"))
        #expect(!tool.exists("m.gguf"))
    }

    @Test func precisionChannelOrderSizeAndAnchorsReachTheFile() throws {
        let full = tool.path("full.gguf"), half = tool.path("half.gguf")
        #expect(try tool("import", checkpoint, "-o", full, "--channel-order", "bgr", "--size", "32x2048").code == 0)
        #expect(try tool("import", checkpoint, "-o", half, "--channel-order", "rgb", "--precision", "fp16").code == 0)
        func input(_ model: String) throws -> String? {
            try tool("inspect", model).lines.first { $0.hasPrefix("input") }?.split(separator: " ").dropFirst()
                .joined(separator: " ")
        }
        #expect(try tool("inspect", full).lines.contains("anchors         scales 0.1 to 1.05"))
        let small = tool.path("small.gguf")
        #expect(try tool("import", checkpoint, "-o", small, "--anchor-scales", "0.08,0.7").code == 0)
        #expect(try tool("inspect", small).lines.contains("anchors         scales 0.08 to 0.7"))
        #expect(try input(full) == "32x2048, bgr")
        #expect(try input(half) == "320x320, rgb")
        func size(_ model: String) throws -> Double {
            try #require(try FileManager.default.attributesOfItem(atPath: model)[.size] as? Double)
        }
        #expect((0.5...0.52).contains(try size(half) / size(full)))
        // Weights are stored in half precision and named so; biases are not.
        #expect(try tool("inspect", half).lines.contains { $0.contains(" fp16 ") })
        #expect(try !tool("inspect", full).lines.contains { $0.contains(" fp16 ") })
    }

    @Test(arguments: [
        ["--precision", "fp8"], ["--channel-order", "gbr"], ["--size", "31x320"], ["--size", "320x2049"],
        ["--size", "320"], ["--size", "-1x320"], ["--size", "320x320x3"],
        ["--anchor-scales", "0.7,0.08"], ["--anchor-scales", "0,1"], ["--anchor-scales", "0.1"],
        ["--anchor-scales", "0.1,nan"], ["--anchor-scales", "0.1,9"], ["--architecture", "yolo"],
        ["--output-stride", "7"], ["--output-stride", "16"], ["--patch-size", "2,2"], ["--aspp-rates", "0,1,2"],
        ["--aspp-rates", "6,12,18"],
    ])
    func mistakesOnTheCommandLineAreExplained(option: [String]) throws {
        let outcome = try tool("import", checkpoint, "-o", tool.path("m.gguf"), option[0], option[1])
        #expect(outcome.code == 64)
        let expected = option[0] == "--architecture" ? "--list names" : option[0]
        #expect(outcome.errors.contains(expected), "\(outcome.errors)")
        #expect(!tool.exists("m.gguf"))
    }

    @Test func networksAreListed() throws {
        let list = try tool("import", "--list")
        #expect(list.code == 0)
        let rows = list.output.split(separator: "\n")
        #expect(rows.contains { $0.hasPrefix("mobilevitv3-xxs-ssdlite ") && $0.hasSuffix("upstream") })
        #expect(rows.contains { $0.hasPrefix("mobilevitv2-1.75 ") && $0.hasSuffix("upstream, timm, transformers") })
    }

    @Test func unfitCheckpointsAreExplained() throws {
        let model = tool.path("m.gguf")
        let missing = try tool("import", tool.path("none.pt"), "-o", model)
        #expect(missing.code == 66 && missing.errors.contains("none.pt: No such file"))
        let noise = try tool.write("noise.pt", "not a checkpoint".utf8)
        let unknown = try tool("import", noise, "-o", model)
        #expect(unknown.code == 65 && unknown.errors.contains("noise.pt: is a text file, not a checkpoint"))
        let cut = try tool.write("cut.pt", try fixtureBytes("golden/xxs-ssd/model.pt").prefix(100_000))
        #expect(try tool("import", cut, "-o", model).code == 65)
        let other = try tool("import", fixture("checkpoints/zip_torch2.pt"), "-o", model)
        #expect(other.code == 65 && other.errors.contains("contains no known network"))
        let wrong = try tool("import", checkpoint, "-o", model, "--architecture", "mobilevitv3-0.5-ssdlite")
        #expect(wrong.code == 65 && wrong.errors.contains("does not fit mobilevitv3-0.5-ssdlite"))
        #expect(!tool.exists("m.gguf"))
    }

    @Test func unwritableOutputsAreExplained() throws {
        let directory = try tool("import", checkpoint, "-o", tool.path("none/m.gguf"))
        #expect(directory.code == 73 && directory.errors.contains("none/m.gguf: No such file"))
        let device = try tool("import", checkpoint, "-o", "/dev/full")
        #expect(device.code == 73 && device.errors.contains("/dev/full: is a device"))
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    /// The disk fills up half-way: the old model stays, and nothing lies beside it.
    @Test func aFullDiskLeavesTheOldModel() throws {
        let model = try tool.write("m.gguf", "old".utf8)
        let outcome = try tool.withFileLimit(blocks: 100, "import", checkpoint, "-o", model)
        #expect(outcome.code == 73 && outcome.errors.contains("m.gguf: File too large"))
        #expect(try String(contentsOfFile: model, encoding: .utf8) == "old")
        let names = try FileManager.default.contentsOfDirectory(atPath: tool.directory).sorted()
        #expect(names == ["m.gguf", "stderr", "stdout"])
    }

    @Test func inspectNamesLayersAndCosts() throws {
        let outcome = try tool("inspect", try GoldenModel.xxs.path())
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        let rows = outcome.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains(["labels", "81", "with", "background"]))
        #expect(rows.contains(["0", "background"]) && rows.contains(["1", "person"]))
        // 3x3 kernels of 16 channels out of 3, at half the size: 160 * 160 * 16 * 27 products.
        let first = try #require(rows.first { $0.first == "encoder.conv_1" })
        #expect(first.dropFirst().prefix(5) == ["160", "x", "160", "x", "16"])
        #expect(first.last == "\(160 * 160 * 16 * 27)")
        let layers = try #require(rows.firstIndex { $0.first == "layer" })
        let costs = rows[(layers + 1)...].dropLast().compactMap { $0.last.flatMap { Int($0) } }
        #expect(rows.last?.first == "total" && rows.last?.last == "725055360")
        #expect(costs.reduce(0, +) == 725_055_360)

        #expect(try tool("inspect", tool.path("none.gguf")).code == 66)
        #expect(try tool("inspect", checkpoint).code == 65)
    }
}
