import CInih
import CLinux
import Engine
import Vision

/// Reads a configuration file: INI, as libinih has it. It collects every mistake; a file with one is not to be used.
public struct ConfigurationReader {
    /// Bytes of the largest file.
    public static let sizeLimit = 256 << 10
    /// Lines that are not INI before the rest is left unread.
    static let mostRefusals = 50

    /// Only to be used where `mistakes` is empty.
    public private(set) var configuration = Configuration()
    /// In the order of the lines.
    public private(set) var mistakes: [ConfigurationMistake] = []
    /// Which keys have stood in which line.
    private var seen: [(section: [UInt8], key: [UInt8], line: Int)] = []
    /// Sections of keys that had no more mistakes than being there: reported once.
    private var unknownSections: [[UInt8]] = []

    private init() {}

    /// Reads the file at `path`. Throws where it cannot be opened, is larger than `sizeLimit`, or memory is short; what
    /// is wrong inside it is in `mistakes`.
    public static func read(path: UnsafePointer<CChar>) throws(ConfigurationError) -> ConfigurationReader {
        var address: UnsafeRawPointer?
        var size = 0
        let error = clinux_map_file(path, &address, &size)
        guard error == 0 else { throw .cannotOpen(error) }
        defer { _ = clinux_unmap(address, size) }
        guard size <= sizeLimit else { throw .tooLarge(limit: sizeLimit) }
        return try read(UnsafeRawBufferPointer(start: address, count: size))
    }

    /// The same for the text itself.
    public static func read(_ text: UnsafeRawBufferPointer) throws(ConfigurationError) -> ConfigurationReader {
        var reader = ConfigurationReader()
        let status = withUnsafeMutablePointer(to: &reader) { reader in
            cinih_read(
                text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, UInt32(mostRefusals), reader,
                { context, line, section, key, value in
                    context!.assumingMemoryBound(to: ConfigurationReader.self).pointee
                        .take(Int(line), Service.bytes(section), Service.bytes(key), value)
                },
                { context, line, why in
                    context!.assumingMemoryBound(to: ConfigurationReader.self).pointee.refuse(Int(line), why)
                })
        }
        guard status == CINIH_OK else { throw .outOfMemory }
        reader.mistakes.sort { $0.line < $1.line }
        return reader
    }

    // MARK: - Lines

    private mutating func refuse(_ line: Int, _ why: cinih_status) {
        mistakes.append(.init(line: line, reason: .init(why)))
        if mistakes.count == Self.mostRefusals {
            mistakes.append(.init(line: line, reason: .tooManyMistakes(limit: Self.mostRefusals)))
        }
    }

    private mutating func take(_ line: Int, _ section: [UInt8], _ key: [UInt8], _ value: UnsafePointer<CChar>) {
        do throws(ConfigurationMistake.Refusal) {
            let zone = bytes("zone ")
            let isZone = section.starts(with: zone)
            // Reported with the section's first key.
            if unknownSections.contains(section) { return }
            do throws(ConfigurationMistake.Refusal) {
                try checkSection(section)
            } catch {
                unknownSections.append(section)
                throw error
            }
            if let earlier = seen.first(where: { $0.section == section && $0.key == key }) {
                throw .init(.repeated(line: earlier.line))
            }
            seen.append((section, key, line))
            let value = try Value(value)
            if isZone {
                try takeZone(Array(section.dropFirst(zone.count)), key, value)
            } else if section == bytes("threshold") {
                configuration.classThresholds.append(
                    .init(name: .init(label: key, line: line), threshold: Float(try value.number(in: 0...1))))
            } else {
                try take(section, key, value, line)
            }
        } catch {
            mistakes.append(.init(line: line, section: section, key: key, reason: error.reason))
        }
    }

    private func checkSection(_ section: [UInt8]) throws(ConfigurationMistake.Refusal) {
        // What is longer may have lost its end.
        guard section.count <= Int(cinih_section_limit) else {
            throw .init(.sectionTooLong(limit: Int(cinih_section_limit)))
        }
        if section.isEmpty { throw .init(.noSection) }
        let known: [StaticString] = ["model", "camera", "detect", "threshold", "stream", "metrics"]
        if known.contains(where: { section == bytes($0) }) || section.starts(with: bytes("zone ")) { return }
        throw .init(section == bytes("zone") ? .unnamedZone : .unknownSection)
    }

    private mutating func take(
        _ section: [UInt8], _ key: [UInt8], _ value: Value, _ line: Int
    ) throws(ConfigurationMistake.Refusal) {
        func means(_ name: StaticString, _ inSection: StaticString) -> Bool {
            section == bytes(inSection) && key == bytes(name)
        }
        if means("path", "model") {
            configuration.modelPath = try value.path()
        } else if means("threads", "model") {
            configuration.threads = try value.integer(in: 1...Int64(Engine.mostThreads))
        } else if means("name", "camera") {
            configuration.cameraName = value.bytes
        } else if means("size", "camera") {
            configuration.cameraSize = try value.size()
        } else if means("rate", "camera") {
            configuration.rate = try value.number(in: Configuration.rateRange)
        } else if means("threshold", "detect") {
            configuration.threshold = Float(try value.number(in: 0...1))
        } else if means("limit", "detect") {
            configuration.limit = try value.integer(in: Configuration.limitRange)
        } else if means("resize", "detect") {
            configuration.resizesAsUpstream = try value.isUpstream()
        } else if means("classes", "detect") {
            configuration.classes = try value.list().map { .init(label: $0, line: line) }
        } else if means("socket", "stream") {
            configuration.socketPath = try value.path()
        } else if means("snapshots", "stream") {
            configuration.allowsSnapshots = try value.isYes()
        } else if means("file", "metrics") {
            configuration.metricsPath = try value.path()
        } else {
            throw .init(.unknownKey)
        }
    }

    private mutating func takeZone(
        _ name: [UInt8], _ key: [UInt8], _ value: Value
    ) throws(ConfigurationMistake.Refusal) {
        let isInclude = key == bytes("include")
        guard isInclude || key == bytes("exclude") else { throw .init(.unknownKey) }
        guard !name.isEmpty else { throw .init(.unnamedZone) }
        let rectangle = try value.rectangle()
        let index = configuration.zones.firstIndex { $0.name == name } ?? configuration.zones.count
        if index == configuration.zones.count {
            guard index < Configuration.mostZones else { throw .init(.tooManyZones(limit: Configuration.mostZones)) }
            configuration.zones.append(.init(name: name))
        }
        if isInclude {
            configuration.zones[index].include = rectangle
        } else {
            configuration.zones[index].exclude = rectangle
        }
    }
}

extension ConfigurationMistake.Reason {
    /// Why a line was refused.
    init(_ why: cinih_status) {
        self =
            switch why {
            case CINIH_LINE_TOO_LONG: .lineTooLong(limit: Int(cinih_line_limit))
            case CINIH_NULL_BYTE: .nullByte
            default: .notINI
            }
    }
}

extension ConfigurationMistake {
    /// What is wrong with a value, before it is known where that stands.
    struct Refusal: Error {
        var reason: Reason

        init(_ reason: Reason) { self.reason = reason }
    }
}
