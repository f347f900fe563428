/// Reads a configuration file: INI, as `INIScanner` has it. It collects every mistake; a file with one is not to be used.
public struct ConfigurationReader: INIReader {
    /// Bytes of the largest file.
    public static let sizeLimit = 256 << 10
    /// Mistakes of a file before the rest is left unread.
    static let maximumDiagnostics = 50

    /// Only to be used where `mistakes` is empty.
    public private(set) var configuration = Configuration()
    /// In the order of the lines.
    public private(set) var mistakes: [INIDiagnostic] = []
    /// What tells that the file was caught before it was written whole: it must not replace settings that are in use.
    public private(set) var unfinished: INIDiagnostic?
    private var keys = INIKeys(Setting.all.map { $0.entry })
    /// By the place of the zone.
    private var zoneLines: [ZoneLines] = []
    private var section = Section.none

    private enum Section {
        case none, unknown, threshold
        case keys([UInt8])
        case zone(Int)
    }

    private struct ZoneLines {
        /// Where the zone begins.
        var start: Int
        var hasKey = false
        var keys = INIKeys<Configuration.Zone>([
            .init("zone", "include", .rectangle) { $0.include = $1.rectangle },
            .init("zone", "exclude", .rectangle) { $0.exclude = $1.rectangle },
        ])
    }

    private init() {}

    /// Reads the whole text; what is wrong with it stands in `mistakes`.
    public static func read(_ text: UnsafeRawBufferPointer) -> ConfigurationReader {
        var reader = ConfigurationReader()
        var scanner = INIScanner(text)
        var hasKey = false
        while reader.mistakes.count < maximumDiagnostics {
            do throws(INIDiagnostic.Problem) {
                guard let item = try scanner.next() else { break }
                switch item {
                case .section(let word, let name): reader.begin(word, name, scanner.line)
                case .entry(let key, let value):
                    hasKey = true
                    reader.take(key, value, scanner.line)
                case .comment(let text): reader.takeComment(text, scanner.line)
                }
            } catch {
                reader.mistakes.append(.init(line: scanner.line, reason: error.reason))
                hasKey = true
                if scanner.isAtSection { reader.section = .unknown }
            }
        }
        if reader.mistakes.count == maximumDiagnostics {
            reader.mistakes.append(.init(line: scanner.line, reason: .tooManyDiagnostics(limit: maximumDiagnostics)))
        } else {
            reader.findEmptyZones()
            reader.findRepeatedThresholds()
        }
        if !hasKey {
            reader.unfinished = .init(line: max(1, scanner.line), reason: .noSetting)
        } else if text.last != 0x0A {
            reader.unfinished = .init(line: scanner.line, reason: .noLineEnd)
        }
        return reader
    }

    // MARK: - Lines

    private mutating func begin(_ word: [UInt8], _ name: [UInt8]?, _ line: Int) {
        do throws(INIDiagnostic.Problem) {
            section = .unknown
            if word == bytes("zone") {
                guard let name, !name.isEmpty else { throw .init(.unnamedZone) }
                section = .zone(try zone(name, line))
            } else if name != nil {
                throw .init(.unknownSection)
            } else if word == bytes("threshold") {
                section = .threshold
            } else if keys.hasSection(word) {
                section = .keys(word)
            } else {
                throw .init(.unknownSection)
            }
        } catch {
            let whole = word + (name.map { bytes(" ") + $0 } ?? [])
            mistakes.append(.init(line: line, section: whole, reason: error.reason))
        }
    }

    private mutating func take(_ key: [UInt8], _ value: INICursor, _ line: Int) {
        do throws(INIDiagnostic.Problem) {
            switch section {
            case .none: throw .init(.noSection)
            // Reported where the section begins.
            case .unknown: return
            case .threshold:
                guard configuration.classThresholds.count < ModelDescription.largestClassCount else {
                    throw .init(.tooManyNames(limit: ModelDescription.largestClassCount))
                }
                configuration.classThresholds.append(
                    .init(name: .init(label: key, line: line), threshold: try Self.threshold(value)))
            case .keys(let section): try keys.take(key, in: section, value, line, into: &configuration)
            case .zone(let index):
                zoneLines[index].hasKey = true
                try zoneLines[index].keys.take(key, in: bytes("zone"), value, line, into: &configuration.zones[index])
            }
        } catch {
            mistakes.append(.init(line: line, section: sectionName, key: key, reason: error.reason))
        }
    }

    /// A line of [threshold] that would be a setting if its label did not begin like a comment.
    private mutating func takeComment(_ text: INICursor, _ line: Int) {
        guard case .threshold = section, configuration.commentedThresholds.count < Self.maximumDiagnostics else { return }
        var cursor = text
        let label = cursor.line(before: UInt8(ascii: "="))
        guard cursor.current != nil else { return }
        cursor.advance()
        if (try? Self.threshold(cursor)) != nil {
            configuration.commentedThresholds.append(.init(label: label, line: line))
        }
    }

    private static func threshold(_ text: INICursor) throws(INIDiagnostic.Problem) -> Float {
        Given(try ValueKind.score.value(of: text)).score
    }

    private var sectionName: [UInt8] {
        switch section {
        case .none, .unknown: []
        case .threshold: bytes("threshold")
        case .keys(let name): name
        case .zone(let index): bytes("zone ") + configuration.zones[index].name
        }
    }

    /// The place of the zone that is called so.
    private mutating func zone(_ name: [UInt8], _ line: Int) throws(INIDiagnostic.Problem) -> Int {
        if let index = configuration.zones.firstIndex(where: { $0.name == name }) { return index }
        guard configuration.zones.count < Configuration.maximumZones else {
            throw .init(.tooManyZones(limit: Configuration.maximumZones))
        }
        configuration.zones.append(.init(name: name, line: line))
        zoneLines.append(.init(start: line))
        return configuration.zones.count - 1
    }

    // MARK: - What shows at the end

    private mutating func findEmptyZones() {
        for (index, lines) in zoneLines.enumerated() where !lines.hasKey {
            let name = bytes("zone ") + configuration.zones[index].name
            mistakes.append(.init(line: lines.start, section: name, reason: .emptyZone))
        }
        mistakes.sort { $0.line < $1.line }
    }

    private mutating func findRepeatedThresholds() {
        let settings = configuration.classThresholds
        let order = SortedLabels(settings.map { $0.name.label[...] }).order
        for (earlier, later) in zip(order, order.dropFirst()) where settings[earlier].name.label == settings[later].name.label {
            guard mistakes.count < Self.maximumDiagnostics else { break }
            let name = settings[later].name
            mistakes.append(
                .init(
                    line: name.line, section: bytes("threshold"), key: name.label,
                    reason: .repeated(line: settings[earlier].name.line)))
        }
        mistakes.sort { $0.line < $1.line }
    }
}
