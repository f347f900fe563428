import Foundation
import TestSupport
import Testing
import Vision

@testable import Service

@Suite struct ConfigurationTests {
    func read(_ text: String) throws -> ConfigurationReader {
        try Array(text.utf8).withUnsafeBytes { try ConfigurationReader.read($0) }
    }

    static let everything = """
        ; All there is.
        [model]
        path = /var/lib/swiftlet/a model.gguf ; where it is
        threads=3
        [camera]
        name: usb-Cam = 1
        size = 640x480
        rate = 12.5
        [detect]
        threshold = 0.25
        limit = 7
        classes = king, stop sign,ace
        resize = upstream
        [threshold]
        king = 0.75
        stop sign = 1
        [zone front door]
        include = 0 0.25 0.5 1
        [zone hedge]
        exclude = 0.1\t0 1   0.5
        include = 0 0 1 1
        [stream]
        socket = /run/x.sock
        snapshots = no
        [metrics]
        file = /run/x.prom
        """

    @Test func everyKeyIsRead() throws {
        let reader = try read(Self.everything)
        #expect(reader.mistakes.isEmpty)
        let all = reader.configuration
        #expect(all.modelPath == Array("/var/lib/swiftlet/a model.gguf".utf8) && all.threads == 3)
        #expect(all.cameraName == Array("usb-Cam = 1".utf8) && all.rate == 12.5)
        #expect(all.cameraSize == PictureSize(width: 640, height: 480))
        #expect(all.threshold == 0.25 && all.limit == 7 && all.resizesAsUpstream)
        #expect(all.classes?.map { text($0.label) } == ["king", "stop sign", "ace"])
        #expect(all.classThresholds.map { text($0.name.label) } == ["king", "stop sign"])
        #expect(all.classThresholds.map(\.threshold) == [0.75, 1] && all.classThresholds.map(\.name.line) == [15, 16])
        #expect(all.zones.map { text($0.name) } == ["front door", "hedge"])
        #expect(all.zones[0].include == .init(left: 0, top: 0.25, right: 0.5, bottom: 1) && all.zones[0].exclude == nil)
        #expect(all.zones[1].exclude == .init(left: 0.1, top: 0, right: 1, bottom: 0.5))
        #expect(!all.allowsSnapshots && Configuration().allowsSnapshots)
        #expect(all.socketPath == Array("/run/x.sock".utf8) && all.metricsPath == Array("/run/x.prom".utf8))
    }

    @Test func anEmptyFileHasTheDefaults() throws {
        for text in ["", "\n\n# nothing\n;\n[model]\n", "\u{FEFF}[detect]\n"] {
            let reader = try read(text)
            #expect(reader.mistakes.isEmpty && reader.configuration.text == Configuration().text)
        }
        #expect(Configuration().threshold == 0.3 && Configuration().limit == 100)
        #expect(text(Configuration().socketPath) == "/run/swiftlet/swiftlet.sock")
    }

    /// What the text of the settings says when it is read again.
    @Test func theTextOfSettingsIsAConfigurationThatSaysTheSame() throws {
        for original in [Self.everything, ""] {
            let first = try read(original).configuration.text
            let again = try read(first)
            #expect(again.mistakes.isEmpty && again.configuration.text == first)
        }
    }

    @Test(arguments: [
        ("key = 1", 1, "", "key", ConfigurationMistake.Reason.noSection),
        ("[detect]\n\nnonsense", 3, "", "", .notINI),
        ("[detect", 1, "", "", .notINI),
        ("[detekt]\nlimit = 1\nlimit = 2", 2, "detekt", "limit", .unknownSection),
        ("[detect]\nlimits = 1", 2, "detect", "limits", .unknownKey),
        ("[detect]\nsize = 1x1", 2, "detect", "size", .unknownKey),
        ("[detect]\nlimit = 1\n[model]\nthreads = 1\n[detect]\nlimit = 1", 6, "detect", "limit", .repeated(line: 2)),
        ("[detect]\nlimit =", 2, "detect", "limit", .empty),
        ("[detect]\nlimit = ; none", 2, "detect", "limit", .empty),
        ("[detect]\nlimit = 0", 2, "detect", "limit", .notAnInteger(from: 1, to: 1000)),
        ("[detect]\nlimit = 1.5", 2, "detect", "limit", .notAnInteger(from: 1, to: 1000)),
        ("[detect]\nthreshold = 0,3", 2, "detect", "threshold", .notANumber(from: 0, to: 1)),
        ("[detect]\nthreshold = nan", 2, "detect", "threshold", .notANumber(from: 0, to: 1)),
        ("[threshold]\nking = 2", 2, "threshold", "king", .notANumber(from: 0, to: 1)),
        ("[detect]\nclasses = a,,b", 2, "detect", "classes", .empty),
        ("[detect]\nresize = best", 2, "detect", "resize", .notAResize),
        ("[stream]\nsnapshots = true", 2, "stream", "snapshots", .notYesOrNo),
        ("[camera]\nsize = 640*480", 2, "camera", "size", .notASize),
        ("[camera]\nsize = 640x", 2, "camera", "size", .notASize),
        ("[camera]\nsize = 99999x1", 2, "camera", "size", .notASize),
        ("[camera]\nrate = 0", 2, "camera", "rate", .notANumber(from: 0.001, to: 1000)),
        ("[model]\npath = model.gguf", 2, "model", "path", .notAbsolute),
        ("[zone a]\ninclude = 0 0 1", 2, "zone a", "include", .notARectangle),
        ("[zone a]\ninclude = 0 0 1 1.1", 2, "zone a", "include", .notARectangle),
        ("[zone a]\nexclude = 0.5 0 0.5 1", 2, "zone a", "exclude", .emptyRectangle),
        ("[zone a]\nexclude = 0 1 1 0", 2, "zone a", "exclude", .emptyRectangle),
        ("[zone a]\nexcept = 0 0 1 1", 2, "zone a", "except", .unknownKey),
        ("[zone]\ninclude = 0 0 1 1", 2, "zone", "include", .unnamedZone),
        ("[zone \(String(repeating: "n", count: 60))]\ninclude = 0 0 1 1", 2,
            "zone " + String(repeating: "n", count: 44), "include", .sectionTooLong(limit: 48)),
        ("[detect]\nlimit = \0", 2, "", "", .nullByte),
        ("; \(String(repeating: "x", count: 1023))", 1, "", "", .lineTooLong(limit: 1024)),
    ])
    func mistakesAreFound(
        text: String, line: Int, section: String, key: String, reason: ConfigurationMistake.Reason
    ) throws {
        let expected = ConfigurationMistake(
            line: line, section: Array(section.utf8), key: Array(key.utf8), reason: reason)
        #expect(try read(text).mistakes == [expected])
        let message = expected.message(file: "F")
        let place = (section.isEmpty ? "" : "[\(section)] ") + (key.isEmpty ? "" : "\(key): ")
        #expect(message.hasPrefix("F:\(line): \(place)") && message.count > place.count + 20)
    }

    @Test func allMistakesAreFoundInOrder() throws {
        let reader = try read("a = 1\n[detect]\nbroken\nlimit = 0\n\u{0}\n[model]\npath = x\nbroken\n")
        #expect(reader.mistakes.map(\.line) == [1, 3, 4, 5, 7, 8])
        let garbage = try read(String(repeating: "garbage\n", count: 1000))
        #expect(garbage.mistakes.count == ConfigurationReader.mostRefusals + 1)
        #expect(garbage.mistakes.last?.reason == .tooManyMistakes(limit: ConfigurationReader.mostRefusals))
        let zones = (0...Configuration.mostZones).map { "[zone \($0)]\ninclude = 0 0 1 1\n" }.joined()
        #expect(try read(zones).mistakes.map(\.reason) == [.tooManyZones(limit: Configuration.mostZones)])
    }

    @Test func aLineOf1024BytesIsRead() throws {
        let name = String(repeating: "n", count: 1024 - "name=".utf8.count)
        let reader = try read("[camera]\nname=\(name)\n[detect]\nlimit = 3\n")
        #expect(reader.mistakes.isEmpty && reader.configuration.cameraName == Array(name.utf8))
        #expect(reader.configuration.limit == 3)
    }

    @Test func valuesThatAreNotUTF8AreRefused() throws {
        let reader = try (Array("[camera]\nname = ".utf8) + [0xFF, 0x0A]).withUnsafeBytes {
            try ConfigurationReader.read($0)
        }
        #expect(reader.mistakes.map(\.reason) == [.notUTF8])
    }

    @Test func classesAreComparedWithTheModels() throws {
        let text = "[detect]\nclasses = ace, prince\n[threshold]\nbackground = 1\nking = 1"
        let configuration = try read(text).configuration
        let labels = ["background", "ace", "king"].map { Array($0.utf8) }
        let mistakes = configuration.mistakes(for: labels)
        #expect(mistakes.map(\.line) == [2, 4])
        #expect(mistakes.map(\.reason) == ["prince", "background"].map { .unknownClass(Array($0.utf8)) })
    }

    @Test func filesThatCannotBeReadAreErrors() throws {
        #expect(throws: ConfigurationError.cannotOpen(ENOENT)) { try ConfigurationReader.read(path: "/nonexistent") }
        #expect(throws: ConfigurationError.cannotOpen(EISDIR)) { try ConfigurationReader.read(path: "/") }
        let path = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString).conf"
        defer { unlink(path) }
        try Data(count: ConfigurationReader.sizeLimit + 1).write(to: URL(fileURLWithPath: path))
        #expect(throws: ConfigurationError.tooLarge(limit: ConfigurationReader.sizeLimit)) {
            try ConfigurationReader.read(path: path)
        }
    }
}

@Suite struct ConfigurationMutationTests {
    /// Whatever the bytes are, reading ends; what is accepted is within its bounds and survives being written down.
    @Test func mutatedFilesAreReadOrRefused() throws {
        let original = Array(ConfigurationTests.everything.utf8)
        let mutator = Mutator(seed: 11)
        var accepted = 0
        for index in 0..<4000 {
            let bytes = mutator.mutation(index, of: original)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { memory.deallocate() }
            memory.copyBytes(from: bytes)
            let reader = try ConfigurationReader.read(UnsafeRawBufferPointer(memory))
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).count
            #expect(reader.mistakes.allSatisfy { (1...lines).contains($0.line) })
            #expect(reader.mistakes.map(\.line) == reader.mistakes.map(\.line).sorted())
            for mistake in reader.mistakes { #expect(!mistake.message(file: "F").isEmpty) }
            guard reader.mistakes.isEmpty else { continue }
            accepted += 1
            let all = reader.configuration
            #expect((0...1).contains(all.threshold) && (1...1000).contains(all.limit) && (1...64).contains(all.threads))
            for zone in all.zones {
                for rectangle in [zone.include, zone.exclude].compactMap({ $0 }) {
                    #expect(0 <= rectangle.left && rectangle.left < rectangle.right && rectangle.right <= 1)
                }
            }
        }
        #expect(accepted > 100)
    }
}
