import Files
import Camera
import Foundation
import Pixels
import TestSupport
import Testing
import Vision

@testable import Settings
@testable import Service

@Suite struct ConfigurationTests {
    func read(_ text: String) -> ConfigurationReader { Self.read(Array(text.utf8)) }

    static func read(_ bytes: [UInt8]) -> ConfigurationReader {
        bytes.withUnsafeBytes { ConfigurationReader.read($0) }
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
        format = mjpeg
        timeout = 7.5
        rotate = 270
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
        let reader = read(Self.everything)
        #expect(reader.mistakes.isEmpty)
        let all = reader.configuration
        #expect(all.modelPath == Array("/var/lib/swiftlet/a model.gguf".utf8) && all.threads == 3)
        #expect(all.cameraName == Array("usb-Cam = 1".utf8) && all.rate == 12.5)
        #expect(all.cameraSize == ImageSize(width: 640, height: 480))
        #expect(all.cameraFormat == .mjpeg && all.cameraTimeout == 7.5 && all.rotation == 270)
        #expect(all.threshold == 0.25 && all.limit == 7 && all.resizesAsUpstream)
        #expect(all.classes?.map { text($0.label) } == ["king", "stop sign", "ace"])
        #expect(all.classThresholds.map { text($0.name.label) } == ["king", "stop sign"])
        #expect(all.classThresholds.map(\.threshold) == [0.75, 1] && all.classThresholds.map(\.name.line) == [18, 19])
        #expect(all.zones.map { text($0.name) } == ["front door", "hedge"])
        #expect(all.zones[0].include == .init(left: 0, top: 0.25, right: 0.5, bottom: 1) && all.zones[0].exclude == nil)
        #expect(all.zones[1].exclude == .init(left: 0.1, top: 0, right: 1, bottom: 0.5))
        #expect(!all.allowsSnapshots && Configuration().allowsSnapshots)
        #expect(all.socketPath == Array("/run/x.sock".utf8) && all.metricsPath == Array("/run/x.prom".utf8))
    }

    @Test func anEmptyFileHasTheDefaults() throws {
        for text in ["", "\n\n# nothing\n;\n[model]\n", "\u{FEFF}[detect]\n"] {
            let reader = read(text)
            #expect(reader.mistakes.isEmpty && reader.configuration.text == Configuration().text)
        }
        #expect(Configuration().threshold == 0.3 && Configuration().limit == 100)
        #expect(text(Configuration().socketPath) == "/run/swiftlet/swiftlet.sock")
    }

    /// What the text of the settings says when it is read again.
    @Test func theTextOfSettingsIsAConfigurationThatSaysTheSame() throws {
        for original in [Self.everything, ""] {
            let first = read(original).configuration.text
            let again = read(first)
            #expect(again.mistakes.isEmpty && again.configuration.text == first)
        }
    }

    @Test(arguments: [
        ("key = 1", 1, "", "key", INIDiagnostic.Reason.noSection),
        ("[detect]\n\nnonsense", 3, "", "", .notINI),
        ("[detect", 1, "", "", .notINI),
        ("[detekt]\nlimit = 1\nlimit = 2", 1, "detekt", "", .unknownSection),
        ("[detect]\n[detekt]", 2, "detekt", "", .unknownSection),
        ("[detect it]", 1, "detect it", "", .unknownSection),
        ("[detect] threshold = 0.9", 1, "", "", .behindSection),
        ("[zone a] include = 0 0 0.5 1", 1, "", "", .behindSection),
        ("[zone a]b]\ninclude = 0 0 1 1\n[detect]\nlimit = 1\n", 1, "", "", .behindSection),
        ("[\"zone a\"", 1, "", "", .notINI),
        ("[detect] # comment", 1, "", "", .hashComment),
        ("[camera]\nname = usb # hall", 2, "camera", "name", .hashComment),
        ("[camera]\nname = usb // hall", 2, "camera", "name", .hashComment),
        ("[camera]\nname = usb; hall", 2, "camera", "name", .tightComment),
        ("[detect]\nclasses = king; queen", 2, "detect", "classes", .tightComment),
        ("[camera]\nname = usb;", 2, "camera", "name", .tightComment),
        ("[camera]\nname = 'usb'", 2, "camera", "name", .foreignQuotes),
        ("[camera]\nname = `usb`", 2, "camera", "name", .foreignQuotes),
        ("[camera]\nname = \u{201C}usb\u{201D}", 2, "camera", "name", .foreignQuotes),
        ("[detect]\nclasses = king, 'queen'", 2, "detect", "classes", .foreignQuotes),
        ("[zone 'a b']\ninclude = 0 0 1 1", 1, "", "", .foreignQuotes),
        ("[camera]\rname = usb\r", 1, "", "", .carriageReturn),
        ("[camera]\nname = usb\rrate = 5\r\n", 2, "camera", "name", .carriageReturn),
        ("[camera]\nname = #1", 2, "camera", "name", .hashComment),
        ("[detect]\nlimit = 5\t# five", 2, "detect", "limit", .hashComment),
        ("[detect]\nclasses = \"a\" # b", 2, "detect", "classes", .hashComment),
        ("[threshold]\na # b = 1", 2, "", "", .hashComment),
        ("[threshold]\na ; b = 1", 2, "", "", .notINI),
        ("[threshold]\n= 1", 2, "", "", .notINI),
        ("[threshold]\nlight: red = 1", 2, "threshold", "light", .value(.notANumber(from: 0, to: 1))),
        ("[threshold]\n\"light: red\"", 2, "", "", .notINI),
        ("[threshold]\na = 1\nb = 1\n\"a\" = 0.5", 4, "threshold", "a", .repeated(line: 2)),
        ("[camera]\nname = \"usb", 2, "camera", "name", .quote),
        ("[camera]\nname = \"usb\\\"", 2, "camera", "name", .quote),
        ("[camera]\nname = \"usb\" cam", 2, "camera", "name", .quote),
        ("[camera]\nname = 5\" cam", 2, "camera", "name", .quote),
        ("[camera]\nname = \"a\\b\"", 2, "camera", "name", .escape),
        ("[camera]\nname = \"a\\x0\"", 2, "camera", "name", .escape),
        ("[camera]\nname = \"a\\x00\"", 2, "camera", "name", .escape),
        ("[camera]\nname = \"\\xe9\"", 2, "camera", "name", .notUTF8),
        ("[camera]\nname = \"\"", 2, "camera", "name", .empty),
        ("[camera]\nname =;abc", 2, "camera", "name", .empty),
        ("[detect]\nclasses = a,;b", 2, "detect", "classes", .empty),
        ("[zone a]\n[zone b]\ninclude = 0 0 1 1", 1, "zone a", "", .emptyZone),
        ("[stream]\nsocket = /\(String(repeating: "s", count: 120))", 2, "stream", "socket", .value(.pathTooLong(limit: 107))),
        ("[detect]\nlimits = 1", 2, "detect", "limits", .unknownKey),
        ("[detect]\nsize = 1x1", 2, "detect", "size", .unknownKey),
        ("[detect]\nlimit = 1\n[model]\nthreads = 1\n[detect]\nlimit = 1", 6, "detect", "limit", .repeated(line: 2)),
        ("[detect]\nlimit =", 2, "detect", "limit", .empty),
        ("[detect]\nlimit = ; none", 2, "detect", "limit", .empty),
        ("[detect]\nlimit = 0", 2, "detect", "limit", .value(.notAnInteger(from: 1, to: 1000))),
        ("[detect]\nlimit = 1.5", 2, "detect", "limit", .value(.notAnInteger(from: 1, to: 1000))),
        ("[detect]\nthreshold = 0,3", 2, "detect", "threshold", .value(.notANumber(from: 0, to: 1))),
        ("[detect]\nthreshold = nan", 2, "detect", "threshold", .value(.notANumber(from: 0, to: 1))),
        ("[threshold]\nking = 2", 2, "threshold", "king", .value(.notANumber(from: 0, to: 1))),
        ("[detect]\nclasses = a,,b", 2, "detect", "classes", .empty),
        ("[camera]\nformat = h264", 2, "camera", "format", .value(.notAFormat)),
        ("[camera]\nrotate = 360", 2, "camera", "rotate", .value(.notAChoice(.rotation))),
        ("[camera]\nrotate = 90\u{B0}", 2, "camera", "rotate", .value(.notAChoice(.rotation))),
        ("[camera]\nsize = 1x1", 2, "camera", "size", .value(.notASize)),
        ("[camera]\nrate = 10 fps", 2, "camera", "rate", .value(.notANumber(from: 0.001, to: 1000))),
        ("[camera]\nrotate = 45", 2, "camera", "rotate", .value(.notAChoice(.rotation))),
        ("[camera]\ntimeout = 0.5", 2, "camera", "timeout", .value(.notANumber(from: 1, to: 3600))),
        ("[detect]\nresize = best", 2, "detect", "resize", .value(.notAChoice(.resize))),
        ("[stream]\nsnapshots = true", 2, "stream", "snapshots", .value(.notAChoice(.yesOrNo))),
        ("[camera]\nsize = 640*480", 2, "camera", "size", .value(.notASize)),
        ("[camera]\nsize = 640x", 2, "camera", "size", .value(.notASize)),
        ("[camera]\nsize = 99999x1", 2, "camera", "size", .value(.notASize)),
        ("[camera]\nrate = 0", 2, "camera", "rate", .value(.notANumber(from: 0.001, to: 1000))),
        ("[model]\npath = model.gguf", 2, "model", "path", .value(.notAbsolute)),
        ("[zone a]\ninclude = 0 0 1", 2, "zone a", "include", .value(.notARectangle)),
        ("[zone a]\ninclude = 0 0 1 1.1", 2, "zone a", "include", .value(.notARectangle)),
        ("[zone a]\nexclude = 0.5 0 0.5 1", 2, "zone a", "exclude", .value(.emptyRectangle)),
        ("[zone a]\nexclude = 0 1 1 0", 2, "zone a", "exclude", .value(.emptyRectangle)),
        ("[zone a]\nexcept = 0 0 1 1", 2, "zone a", "except", .unknownKey),
        ("[zone]\ninclude = 0 0 1 1", 1, "zone", "", .unnamedZone),
        ("[detect]\nlimit = \0", 2, "", "", .nullByte),
    ])
    func mistakesAreFound(
        text: String, line: Int, section: String, key: String, reason: INIDiagnostic.Reason
    ) throws {
        let expected = INIDiagnostic(
            line: line, section: Array(section.utf8), key: Array(key.utf8), reason: reason)
        #expect(read(text).mistakes == [expected])
        let message = expected.message(file: "F")
        let place = (section.isEmpty ? "" : "[\(section)] ") + (key.isEmpty ? "" : "\(key): ")
        #expect(message.hasPrefix("F:\(line): \(place)") && message.count > place.count + 20)
    }

    @Test func allMistakesAreFoundInOrder() throws {
        let reader = read("a = 1\n[detect]\nbroken\nlimit = 0\n\u{0}\n[model]\npath = x\nbroken\n")
        #expect(reader.mistakes.map(\.line) == [1, 3, 4, 5, 7, 8])
        let garbage = read(String(repeating: "garbage\n", count: 1000))
        #expect(garbage.mistakes.count == ConfigurationReader.maximumDiagnostics + 1)
        #expect(garbage.mistakes.last?.reason == .tooManyDiagnostics(limit: ConfigurationReader.maximumDiagnostics))
        let zones = (0...Configuration.maximumZones).map { "[zone \($0)]\ninclude = 0 0 1 1\n" }.joined()
        #expect(read(zones).mistakes.map(\.reason) == [.tooManyZones(limit: Configuration.maximumZones)])
    }

    @Test func linesMayBeAsLongAsTheFile() throws {
        let name = String(repeating: "n", count: 100_000)
        let reader = read("[camera]\nname=\(name)\n[zone \(name)]\ninclude = 0 0 1 1\n")
        #expect(reader.mistakes.isEmpty && reader.configuration.cameraName == Array(name.utf8))
        #expect(reader.configuration.zones.map(\.name) == [Array(name.utf8)])
    }

    @Test func whatIsNotUTF8IsRejected() throws {
        for (before, after) in [("[camera]\nname = ", ""), ("[threshold]\n", " = 1"), ("[threshold]\na = 1\n[zone ", "]")] {
            let reader = Self.read(Array(before.utf8) + [0xE9] + Array(after.utf8))
            #expect(reader.mistakes.map(\.reason) == [.notUTF8])
        }
        #expect(Self.read(Array("[camera]\n; ".utf8) + [0xE9]).mistakes.isEmpty)
        for mark: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF]] {
            let reader = Self.read(mark + "[camera]\n[x]\n".utf8.flatMap { [$0, 0] })
            #expect(reader.mistakes == [.init(line: 1, reason: .notUTF8)])
        }
    }

    @Test func windowsLineEndsAreRead() throws {
        let reader = read(Self.everything.replacingOccurrences(of: "\n", with: "\r\n"))
        #expect(reader.mistakes.isEmpty && reader.configuration.text == read(Self.everything).configuration.text)
    }

    // MARK: - Labels with signs of their own

    /// Six labels that users have, and others that a model can have.
    static let odd = [
        "cat, tabby", "light: red", "a=b", "semi ; colon", "#1", "\"quoted\"", "", " ", " a", "a ", "\t", "[x]", "]", "x]y",
        ";", "# a", "a # b", "\\", "\\n", "a\\\"b", "\n", "a\r\nb", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}a",
        "bow_(decorative_ribbons)", "Human eye", "it's", "100 % wool", "玄関 猫", "e\u{301}", "👨‍👩‍👧", "a\u{202E}b", "=", ":", ",",
        "'cat'", "`cat`", "'", "“cat”", "‘cat", "a // b", "//", "a;b", "a; b", "a;",
        String(repeating: "長", count: 2000),
    ]

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    @Test func everyLabelCanBeWrittenInQuotes() throws {
        let labels = Self.odd.map { Array($0.utf8) }
        let list = Self.odd.map { Self.quoted($0) }.joined(separator: " ,")
        let thresholds = Self.odd.map { "\(Self.quoted($0))=0.5 ; comment\n" }.joined()
        let zones = Self.odd.filter { !$0.isEmpty }.map { "[zone \(Self.quoted($0))] ; comment\ninclude: 0 0 1 1\n" }.joined()
        let reader = read("[detect]\nclasses = \(list) ; comment\n[threshold]\n\(thresholds)\(zones)")
        #expect(reader.mistakes == [])
        let all = reader.configuration
        #expect(all.classes?.map(\.label) == labels)
        #expect(all.classThresholds.map(\.name.label) == labels)
        #expect(all.zones.map(\.name) == labels.filter { !$0.isEmpty })
        #expect(all.mistakes(for: [[]] + labels.map { $0[...] }).isEmpty)
        #expect(!all.text.contains("\u{1B}") && !all.text.contains("\u{85}"))
    }

    @Test func plainLabelsAreWrittenAsTheyAre() throws {
        let text = "[detect]\nclasses = Human eye, bow_(decorative_ribbons), it's, 玄関, a;b, c#d\n"
        let printed = read(text).configuration.text
        #expect(printed.contains("classes = Human eye, bow_(decorative_ribbons), it's, 玄関, \"a;b\", \"c#d\"\n"))
        #expect(iniText(Array("a\\b\"\n\u{85}é".utf8)) == #""a\\b\"\x0a\xc2\x85é""#)
    }

    // MARK: - Files that are not written whole

    @Test func unfinishedFilesAreRecognised() throws {
        let whole = "[zone all]\nexclude = 0 0 1 1\n\n[detect]\nthreshold = 0.05\nlimit = 100\n"
        #expect(read(whole).unfinished == nil)
        for empty in ["", "\n \n", "# comments\n; only\n", "[detect]\n", "[model]\n[camera]\n"] {
            #expect(read(empty).unfinished?.reason == .noSetting && read(empty).mistakes.isEmpty)
        }
        #expect(read(String(whole.prefix(11))).mistakes.map(\.reason) == [.emptyZone])
        for length in 1..<whole.utf8.count {
            let cut = read(String(whole.prefix(length)))
            // Between two lines nothing shows, unless a zone is empty.
            let showsNothing = whole.dropFirst(length - 1).first == "\n" && length > 11
            #expect((cut.unfinished == nil && cut.mistakes.isEmpty) == showsNothing, "\(length)")
        }
    }

    // MARK: - What grows

    @Test func asManyClassesAsAModelMayHave() throws {
        func thresholds(_ count: Int) -> String { "[threshold]\n" + (0..<count).map { "c\($0)=1\n" }.joined() }
        let limit = 4096
        let full = read(thresholds(limit) + "[detect]\nclasses=" + (0..<limit).map { "c\($0)" }.joined(separator: ","))
        #expect(full.mistakes.isEmpty && full.configuration.classThresholds.count == limit)
        let labels = (0..<limit).map { ArraySlice("c\($0)".utf8) }
        #expect(full.configuration.mistakes(for: labels).map(\.line) == [limit + 3, 2], "the background is no class")
        let filter = DetectionFilter(full.configuration, labels: labels)
        #expect(filter.thresholds.allSatisfy { $0 == 1 })
        let more = read(thresholds(37_000))
        #expect(more.mistakes.first?.reason == .tooManyNames(limit: limit))
        #expect(more.mistakes.count == ConfigurationReader.maximumDiagnostics + 1)
        let names = (0...limit).map { "c\($0)" }.joined(separator: ",")
        #expect(read("[detect]\nclasses=\(names)").mistakes.map(\.reason) == [.tooManyNames(limit: limit)])
    }

    @Test func classesAreComparedWithTheModels() throws {
        let text = "[detect]\nclasses = ace, prince\n[threshold]\nbackground = 1\nking = 1"
        let configuration = read(text).configuration
        let labels = ["background", "ace", "king"].map { ArraySlice($0.utf8) }
        let mistakes = configuration.mistakes(for: labels)
        #expect(mistakes.map(\.line) == [2, 4])
        #expect(mistakes.map(\.reason) == ["prince", "background"].map { .unknownClass(Array($0.utf8), nearest: nil) })
    }

    @Test(
        arguments: [
            ("King", "king"), ("kign", "king"), ("ing", "king"), ("kings", "king"), ("stopsign", "stop sign"), ("ring", "king"),
            ("stop-signs", "stop sign"), ("kig g", nil), ("a", nil), ("", nil), ("queen", nil), ("backgroun", nil),
        ] as [(String, String?)])
    func aClassThatIsSpeltAlmostSoIsNamed(name: String, meant: String?) {
        let labels = ["background", "king", "stop sign"].map { ArraySlice($0.utf8) }
        let mistakes = read("[threshold]\n\"\(name)\" = 1\n").configuration.mistakes(for: labels)
        let nearest = meant.map { Array($0.utf8) }
        #expect(mistakes.map(\.reason) == [.unknownClass(Array(name.utf8), nearest: nearest)])
    }

    @Test func aCommentThatIsTheLabelOfAClassIsAMistake() {
        let labels = ["background", "#1", "; x", "king"].map { ArraySlice($0.utf8) }
        let reader = read("[threshold]\n#1 = 0.5\n ; x=1\n# king = 0.5\n#1 is not looked for\n#1 = much\n[camera]\n#1 = 0.5\n")
        #expect(reader.mistakes.isEmpty && reader.configuration.classThresholds.isEmpty)
        let mistakes = reader.configuration.mistakes(for: labels)
        #expect(mistakes.map(\.line) == [2, 3] && mistakes.allSatisfy { $0.reason == .commentedClass })
        #expect(reader.configuration.mistakes(for: [[]]).isEmpty)
    }

    @Test func aKeyOfAnotherSectionIsSentThere() {
        let mistakes = read("[detect]\nrate = 5\nLimit = 5\n").mistakes.map { $0.message(file: "F") }
        #expect(mistakes.first?.hasSuffix("classes; it belongs in [camera]") == true, "\(mistakes)")
        #expect(mistakes.last?.hasSuffix("has threshold, limit, resize, classes") == true, "\(mistakes)")
    }

    @Test func filesThatCannotBeReadAreErrors() throws {
        #expect(throws: FileError.system(ENOENT)) { try ConfigurationReader.read(path: "/nonexistent") }
        #expect(throws: FileError.directory) { try ConfigurationReader.read(path: "/") }
        let path = NSTemporaryDirectory() + "swiftlet-\(UUID().uuidString).conf"
        defer { unlink(path) }
        try Data(count: ConfigurationReader.sizeLimit + 1).write(to: URL(fileURLWithPath: path))
        #expect(throws: FileError.tooLarge(limit: ConfigurationReader.sizeLimit)) {
            try ConfigurationReader.read(path: path)
        }
    }
}

@Suite struct RandomConfigurationTests {
    /// What the text of random settings says when it is read: each setting by itself, not by its text.
    @Test func theTextOfRandomSettingsSaysTheSame() throws {
        var random = SeededGenerator(seed: 23)
        let signs: [Unicode.Scalar] = Array("ab,:=;#/'`“[]\"\\ \t\n\r\u{1}\u{7F}\u{85}é玄\u{202E}😀".unicodeScalars)
        func name(_ least: Int) -> [UInt8] {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: least...6, using: &random) { text.append(signs.randomElement(using: &random)!) }
            return Array(String(text).utf8)
        }
        func share() -> Float { Float.random(in: 0...1, using: &random) }
        func rectangle() -> Box? {
            let (x, y) = ([share(), share()].sorted(), [share(), share()].sorted())
            return x[0] < x[1] && y[0] < y[1] && Bool.random(using: &random)
                ? .init(left: x[0], top: y[0], right: x[1], bottom: y[1]) : nil
        }
        for _ in 0..<2000 {
            var all = Configuration()
            func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
            all.modelPath = maybe(Array("/".utf8) + name(0))
            all.threads = Int.random(in: 1...64, using: &random)
            all.cameraName = maybe(name(1))
            all.cameraSize = maybe(ImageSize(width: Int.random(in: 8...16384, using: &random), height: 8))
            all.cameraFormat = PixelFormat.allCases.randomElement(using: &random)
            all.cameraTimeout = Double.random(in: Configuration.timeoutRange, using: &random)
            all.rotation = 90 * Int.random(in: 0...3, using: &random)
            all.rate = maybe(Double.random(in: 0.001...1000, using: &random))
            (all.givenThreshold, all.givenLimit) = (share(), Int.random(in: 1...1000, using: &random))
            (all.resizesAsUpstream, all.allowsSnapshots) = (.random(using: &random), .random(using: &random))
            all.classes = maybe((0...3).map { _ in .init(label: name(0), line: 0) })
            for label in Set((0...3).map { _ in name(0) }) {
                all.classThresholds.append(.init(name: .init(label: label, line: 0), threshold: share()))
            }
            for zone in Set((0...3).map { _ in name(1) }) {
                let (include, exclude) = (rectangle(), rectangle())
                if include != nil || exclude != nil { all.zones.append(.init(name: zone, include: include, exclude: exclude)) }
            }
            (all.socketPath, all.metricsPath) = (Array("/".utf8) + name(0), maybe(Array("/".utf8) + name(0)))
            let reader = ConfigurationTests.read(Array(all.text.utf8))
            try #require(reader.mistakes == [] && reader.unfinished == nil, "\(all.text)")
            let again = reader.configuration
            #expect(again.modelPath == all.modelPath && again.threads == all.threads && again.cameraName == all.cameraName)
            #expect(again.cameraSize == all.cameraSize && again.rate == all.rate && again.threshold == all.threshold)
            #expect(again.cameraFormat == all.cameraFormat && again.cameraTimeout == all.cameraTimeout)
            #expect(again.rotation == all.rotation)
            #expect(again.limit == all.limit && again.resizesAsUpstream == all.resizesAsUpstream)
            #expect(again.classes?.map(\.label) == all.classes?.map(\.label))
            #expect(again.classThresholds.map(\.name.label) == all.classThresholds.map(\.name.label))
            #expect(again.classThresholds.map(\.threshold) == all.classThresholds.map(\.threshold))
            #expect(again.zones.map(\.name) == all.zones.map(\.name))
            #expect(again.zones.map(\.include) == all.zones.map(\.include))
            #expect(again.zones.map(\.exclude) == all.zones.map(\.exclude))
            #expect(again.socketPath == all.socketPath && again.metricsPath == all.metricsPath)
            #expect(again.allowsSnapshots == all.allowsSnapshots && again.text == all.text)
        }
    }
}

@Suite struct ConfigurationMutationTests {
    /// Whatever the bytes are, reading ends; what is accepted is within its bounds and survives being written down.
    @Test func mutatedFilesAreReadOrRejected() throws {
        let original = Array(ConfigurationTests.everything.utf8)
        let mutator = Mutator(seed: 11)
        var accepted = 0
        for index in 0..<4000 {
            let bytes = mutator.mutation(index, of: original)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { memory.deallocate() }
            memory.copyBytes(from: bytes)
            let reader = ConfigurationReader.read(UnsafeRawBufferPointer(memory))
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
            let again = ConfigurationTests.read(Array(all.text.utf8))
            #expect(again.mistakes.isEmpty && again.unfinished == nil && again.configuration.text == all.text)
            #expect(again.configuration.classes?.map(\.label) == all.classes?.map(\.label))
        }
        #expect(accepted > 100)
    }
}
