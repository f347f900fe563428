import CLinux
import Camera
import Detector
import Engine
import Files

/// Reads a configuration file: INI, as `INIScanner` has it. It collects every mistake; a file with one is not to be used.
public struct ConfigurationReader {
    /// Bytes of the largest file.
    public static let sizeLimit = 256 << 10
    /// Mistakes of a file before the rest is left unread.
    static let mostMistakes = 50

    /// Only to be used where `mistakes` is empty.
    public private(set) var configuration = Configuration()
    /// In the order of the lines.
    public private(set) var mistakes: [ConfigurationMistake] = []
    /// What tells that the file was caught before it was written whole: it must not replace settings that are in use.
    public private(set) var unfinished: ConfigurationMistake?
    /// By key, the line in which it stands, 0 for none.
    private var lines = [Int](repeating: 0, count: Key.allCases.count)
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
        var include = 0
        var exclude = 0
    }

    private init() {}

    /// Reads the file at `path`. Throws where it cannot be read, is larger than `sizeLimit`, or changes meanwhile; what
    /// is wrong inside it is in `mistakes`.
    public static func read(path: UnsafePointer<CChar>) throws(FileError) -> ConfigurationReader {
        let file = try FileContents(path: path, limit: sizeLimit)
        return withExtendedLifetime(file) { read($0.bytes) }
    }

    /// The same for the text itself.
    public static func read(_ text: UnsafeRawBufferPointer) -> ConfigurationReader {
        var reader = ConfigurationReader()
        var scanner = INIScanner(text)
        var hasKey = false
        while reader.mistakes.count < mostMistakes {
            do throws(ConfigurationMistake.Refusal) {
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
        if reader.mistakes.count == mostMistakes {
            reader.mistakes.append(.init(line: scanner.line, reason: .tooManyMistakes(limit: mostMistakes)))
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
        do throws(ConfigurationMistake.Refusal) {
            section = .unknown
            if word == bytes("zone") {
                guard let name, !name.isEmpty else { throw .init(.unnamedZone) }
                section = .zone(try zone(name, line))
            } else if name != nil {
                throw .init(.unknownSection)
            } else if word == bytes("threshold") {
                section = .threshold
            } else if Key.allCases.contains(where: { bytes($0.place.section) == word }) {
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
        do throws(ConfigurationMistake.Refusal) {
            switch section {
            case .none: throw .init(.noSection)
            // Reported where the section begins.
            case .unknown: return
            case .threshold:
                guard configuration.classThresholds.count < ModelDescription.largestClassCount else {
                    throw .init(.tooManyNames(limit: ModelDescription.largestClassCount))
                }
                configuration.classThresholds.append(
                    .init(name: .init(label: key, line: line), threshold: try Value(value).threshold()))
            case .keys(let section):
                guard
                    let known = Key.allCases.first(where: {
                        bytes($0.place.section) == section && bytes($0.place.key) == key
                    })
                else { throw .init(.unknownKey) }
                try note(line, in: &lines[known.rawValue])
                try take(known, value, line)
            case .zone(let index): try takeZone(index, key, value, line)
            }
        } catch {
            mistakes.append(.init(line: line, section: sectionName, key: key, reason: error.reason))
        }
    }

    /// A line of [threshold] that would be a setting if its label did not begin like a comment.
    private mutating func takeComment(_ text: INICursor, _ line: Int) {
        guard case .threshold = section, configuration.commentedThresholds.count < Self.mostMistakes else { return }
        var cursor = text
        let label = cursor.line(before: UInt8(ascii: "="))
        guard cursor.current != nil else { return }
        cursor.advance()
        if let value = try? Value(cursor), (try? value.threshold()) != nil {
            configuration.commentedThresholds.append(.init(label: label, line: line))
        }
    }

    private func note(_ line: Int, in place: inout Int) throws(ConfigurationMistake.Refusal) {
        guard place == 0 else { throw .init(.repeated(line: place)) }
        place = line
    }

    private var sectionName: [UInt8] {
        switch section {
        case .none, .unknown: []
        case .threshold: bytes("threshold")
        case .keys(let name): name
        case .zone(let index): bytes("zone ") + configuration.zones[index].name
        }
    }

    private mutating func take(_ key: Key, _ text: INICursor, _ line: Int) throws(ConfigurationMistake.Refusal) {
        if key == .classes {
            let names = try Value.list(text)
            guard names.count <= ModelDescription.largestClassCount else {
                throw .init(.tooManyNames(limit: ModelDescription.largestClassCount))
            }
            configuration.classes = names.map { .init(label: $0, line: line) }
            return
        }
        let value = try Value(text)
        switch key {
        case .path:
            configuration.modelPath = try value.path()
            configuration.modelPathLine = line
        case .threads: configuration.threads = try value.integer(in: 1...Int64(Engine.mostThreads))
        case .name: configuration.cameraName = value.bytes
        case .size: configuration.cameraSize = try value.size()
        case .format:
            guard let format = PixelFormat(name: value.bytes) else { throw .init(.notAFormat) }
            configuration.cameraFormat = format
        case .rotate:
            configuration.rotation = try value.rotation()
        case .timeout: configuration.cameraTimeout = try value.number(in: Configuration.timeoutRange)
        case .rate: configuration.rate = try value.number(in: Configuration.rateRange)
        case .threshold: configuration.threshold = try value.threshold()
        case .limit: configuration.limit = try value.integer(in: Configuration.limitRange)
        case .classes: break
        case .resize: configuration.resizesAsUpstream = try value.isUpstream()
        case .socket:
            configuration.socketPath = try value.path()
            guard configuration.socketPath.count <= clinux_unix_path_limit else {
                throw .init(.pathTooLong(limit: clinux_unix_path_limit))
            }
        case .snapshots: configuration.allowsSnapshots = try value.isYes()
        case .file: configuration.metricsPath = try value.path()
        }
    }

    // MARK: - Zones

    /// The place of the zone that is called so.
    private mutating func zone(_ name: [UInt8], _ line: Int) throws(ConfigurationMistake.Refusal) -> Int {
        if let index = configuration.zones.firstIndex(where: { $0.name == name }) { return index }
        guard configuration.zones.count < Configuration.mostZones else {
            throw .init(.tooManyZones(limit: Configuration.mostZones))
        }
        configuration.zones.append(.init(name: name))
        zoneLines.append(.init(start: line))
        return configuration.zones.count - 1
    }

    private mutating func takeZone(
        _ index: Int, _ key: [UInt8], _ value: INICursor, _ line: Int
    ) throws(ConfigurationMistake.Refusal) {
        zoneLines[index].hasKey = true
        if key == bytes("include") {
            try note(line, in: &zoneLines[index].include)
            configuration.zones[index].include = try Value(value).rectangle()
        } else if key == bytes("exclude") {
            try note(line, in: &zoneLines[index].exclude)
            configuration.zones[index].exclude = try Value(value).rectangle()
        } else {
            throw .init(.unknownKey)
        }
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
        let order = SortedLabels(settings.map { $0.name.label }).order
        for (earlier, later) in zip(order, order.dropFirst()) where settings[earlier].name.label == settings[later].name.label {
            guard mistakes.count < Self.mostMistakes else { break }
            let name = settings[later].name
            mistakes.append(
                .init(
                    line: name.line, section: bytes("threshold"), key: name.label,
                    reason: .repeated(line: settings[earlier].name.line)))
        }
        mistakes.sort { $0.line < $1.line }
    }
}

extension ConfigurationReader {
    /// The keys whose names are fixed.
    enum Key: Int, CaseIterable {
        case path, threads
        case name, size, format, rate, rotate, timeout
        case threshold, limit, classes, resize
        case socket, snapshots
        case file

        var place: (section: StaticString, key: StaticString) {
            switch self {
            case .path: ("model", "path")
            case .threads: ("model", "threads")
            case .name: ("camera", "name")
            case .size: ("camera", "size")
            case .format: ("camera", "format")
            case .rate: ("camera", "rate")
            case .rotate: ("camera", "rotate")
            case .timeout: ("camera", "timeout")
            case .threshold: ("detect", "threshold")
            case .limit: ("detect", "limit")
            case .classes: ("detect", "classes")
            case .resize: ("detect", "resize")
            case .socket: ("stream", "socket")
            case .snapshots: ("stream", "snapshots")
            case .file: ("metrics", "file")
            }
        }
    }
}

extension ConfigurationMistake {
    /// What is wrong with a line or a value, before it is known where that stands.
    struct Refusal: Error {
        var reason: Reason

        init(_ reason: Reason) { self.reason = reason }
    }
}
