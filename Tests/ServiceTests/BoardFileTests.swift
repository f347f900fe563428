import Camera
import Engine
import Files
import Foundation
import TestSupport
import Testing
import Vision

@testable import Settings
@testable import Service

/// The files of boards/, and what is rejected in their place.
@Suite struct BoardFileTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("boards").path)
            .filter { $0.hasSuffix(".ini") }.sorted()
    }

    static func text(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent("boards/\(name)"), encoding: .utf8)
    }

    static func read(_ text: String) throws -> BoardReader {
        Array(text.utf8).withUnsafeBytes { BoardReader.read($0) }
    }

    @Test func everyFileIsComplete() throws {
        let names = try Self.names()
        #expect(
            names
                == [
                    "generic-arm64", "raspberry-pi-3b-plus", "raspberry-pi-4", "raspberry-pi-5",
                    "raspberry-pi-zero-2-w",
                ].map { $0 + ".ini" })
        for name in names {
            let reader = try Self.read(try Self.text(name))
            #expect(reader.mistakes.map { $0.message(file: name) } == [])
            #expect(reader.profile.threads <= reader.profile.coreCount)
            #expect(reader.profile.memoryBudget < reader.profile.memory << 20)
        }
    }

    /// What the makers' data sheets say of the processors.
    @Test func theBoardsAreThese() throws {
        func profile(_ name: String) throws -> BoardProfile { try Self.read(try Self.text(name + ".ini")).profile }
        for (name, core, clock, memory, deviceTree) in [
            ("raspberry-pi-3b-plus", ProcessorCore.cortexA53, 1400, 1024, "Raspberry Pi 3 Model B Plus Rev 1.3"),
            ("raspberry-pi-zero-2-w", .cortexA53, 1000, 512, "Raspberry Pi Zero 2 W Rev 1.0"),
            ("raspberry-pi-4", .cortexA72, 1800, 1024, "Raspberry Pi 4 Model B Rev 1.5"),
            ("raspberry-pi-5", .cortexA76, 2400, 2048, "Raspberry Pi 5 Model B Rev 1.0"),
        ] {
            let board = try profile(name)
            #expect(board.core == core && board.emulator == core && board.clock == clock && board.memory == memory)
            #expect(board.coreCount == 4)
            #expect(deviceTree.hasPrefix(Service.text(try #require(board.deviceTree))))
            #expect(board.int8Path == (core == .cortexA76 ? .neondot : .neon))
            #expect(board.halfPath == (core == .cortexA76 ? .neonfp16 : .neon))
        }
        let generic = try profile("generic-arm64")
        #expect(generic.core == nil && generic.deviceTree == nil && generic.int8Path == nil)
    }

    /// The emulator's models are those that the arm64 tests run.
    @Test func everyCoreIsTested() throws {
        let script = try String(contentsOf: Self.root.appendingPathComponent("toolchains/steps/arm64"), encoding: .utf8)
        let line = try #require(script.split(separator: "\n").first { $0.contains("cores=(") })
        let cores = line.split { " ()".contains($0) }.filter { $0.hasPrefix("cortex-") }.map(String.init)
        #expect(cores.count == 3)
        for name in try Self.names() {
            #expect(cores.contains("\(try Self.read(try Self.text(name)).profile.emulator.name)"))
        }
    }

    /// Estimates follow from the instructions, as boards/README.md has it.
    @Test func estimatesAreDerived() throws {
        for name in try Self.names() {
            let board = try Self.read(try Self.text(name)).profile
            guard !board.isMeasured else { continue }
            let perMillisecond =
                board.instructionsPerCycle * Double(board.clock) * Double(board.threads)
                * board.threadEfficiency / 1000
            for model in BoardProfile.Model.allCases {
                let budget = board.budget(model)
                #expect(abs(budget.latency * perMillisecond / budget.instructions - 1) < 0.02, "\(name) \(model)")
            }
        }
    }

    @Test(arguments: [
        ("cores = 4", "cores = four", "must be an integer"), ("cores = 4", "cores =", "missing value"),
        ("cores = 4", "kernels = 4", "unknown key"), ("[camera]", "[kamera]", "unknown section"),
        ("int8_path = neon", "int8_path = neonfp16", "must be any, scalar, neon or neondot"),
        ("fp16_path = neon", "fp16_path = avx2", "must be any, scalar, neon or neonfp16"),
        ("core = cortex-a72", "core = cortex-a99", "must be any, cortex-a7, cortex-a35, cortex-a53"),
        ("format = YUYV", "format = yuv9", "must be mjpeg, yuyv"),
        ("size = 640x480", "size = large", "must be WIDTHxHEIGHT"),
        ("architecture = arm64", "architecture = mips", "must be arm64 or armhf"),
        ("latencies = estimated", "latencies = guessed", "must be estimated or measured"),
        ("thread_efficiency = 0.75", "thread_efficiency = 1.75", "must be a number from 0.01 to 1"),
        ("[budget xxs-int8]", "[budget xxl-int8]", "unknown section"),
        ("[camera]", "[camera] size = 640x480", "text after the section's bracket"),
        ("[notes]", "[notes", "neither [SECTION] nor KEY"),
        ("core = cortex-a72", "core = cortex-a72 # of 2016", "starts with a space and ;, not with # or //"),
        ("core = cortex-a72", "core = \"cortex-a72", "double quotes must enclose the whole"),
        ("clock_mhz = 1800", "clock_mhz 1800", "neither [SECTION] nor KEY"),
    ])
    func mistakesAreNamedWithTheirLine(original: String, replacement: String, words: String) throws {
        let text = try Self.text("raspberry-pi-4.ini")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0 == original }) + 1
        let changed = lines.map { $0 == original ? Substring(replacement) : $0 }.joined(separator: "\n")
        let messages = try Self.read(changed).mistakes.map { $0.message(file: "F") }
        let first = try #require(messages.first)
        #expect(first.hasPrefix("F:\(line):") && first.contains(words), "\(messages)")
    }

    @Test func everyKeyIsNeededOnce() throws {
        let lines = try Self.text("raspberry-pi-4.ini").split(separator: "\n").map(String.init)
        var section = ""
        var keys = 0
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("[") { section = line }
            guard let equals = line.range(of: " = "), !line.hasPrefix(";") else { continue }
            keys += 1
            let key = String(line[..<equals.lowerBound])
            let without = (lines[..<index] + lines[(index + 1)...]).joined(separator: "\n")
            let missing = try Self.read(without).mistakes.map { $0.message(file: "F") }
            #expect(missing == ["F: \(section) \(key): is missing: boards/README.md describes it"])
            let twice = (lines[...index] + lines[index...]).joined(separator: "\n")
            let repeated = try Self.read(twice).mistakes.map { $0.message(file: "F") }
            #expect(repeated.count == 1)
            #expect(repeated.first?.contains("duplicate key (first on line \(index + 1))") == true)
        }
        #expect(keys == BoardProfile.keys.count + 4 * BoardProfile.Budget.keys.count)
    }

    @Test func filesThatCannotBeReadAreErrors() throws {
        #expect(throws: FileError.system(ENOENT)) { try BoardReader.read(path: "/nonexistent") }
        #expect(throws: FileError.tooLarge(limit: BoardReader.sizeLimit)) {
            let path = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString).ini"
            defer { unlink(path) }
            try Data(count: BoardReader.sizeLimit + 1).write(to: URL(fileURLWithPath: path))
            _ = try BoardReader.read(path: path)
        }
        let many = String(repeating: "nonsense\n", count: 100)
        let mistakes = try Self.read(many).mistakes
        #expect(mistakes.last?.reason == .tooManyDiagnostics(limit: ConfigurationReader.maximumDiagnostics))
    }
}

@Suite struct BoardFileMutationTests {
    /// Whatever the bytes are, reading ends; what is accepted is within its bounds.
    @Test func mutatedFilesAreReadOrRejected() throws {
        let original = Array(try BoardFileTests.text("raspberry-pi-5.ini").utf8)
        let mutator = Mutator(seed: 17)
        var accepted = 0
        for index in 0..<4000 {
            let bytes = mutator.mutation(index, of: original)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { memory.deallocate() }
            memory.copyBytes(from: bytes)
            let reader = BoardReader.read(UnsafeRawBufferPointer(memory))
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).count
            #expect(reader.mistakes.allSatisfy { (0...lines).contains($0.line) })
            for mistake in reader.mistakes { #expect(!mistake.message(file: "F").isEmpty) }
            guard reader.mistakes.isEmpty else { continue }
            accepted += 1
            let board = reader.profile
            #expect((1...Engine.maximumThreadCount).contains(board.threads) && board.memoryBudget <= 1 << 30)
            #expect((0.01...1).contains(board.threadEfficiency) && board.clock > 0)
            for model in BoardProfile.Model.allCases { #expect(board.budget(model).arena <= 1 << 30) }
        }
        // Most edits hit notes and comments, or digits.
        #expect(accepted > 100 && accepted < 4000)
    }
}
