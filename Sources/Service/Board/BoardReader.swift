import Camera
import Engine
import Files
import Vision

/// Reads a board's file: INI, as `INIScanner` has it. It collects every mistake; a file with one is not to be used. All keys
/// have to be there, each once.
public struct BoardReader {
    /// Bytes of the largest file.
    public static let sizeLimit = 64 << 10

    /// Only to be used where `mistakes` is empty.
    public private(set) var profile = BoardProfile()
    /// In the order of the lines; what is missing comes last.
    public private(set) var mistakes: [BoardMistake] = []
    /// By field, and by field of each budget: the line in which it stands, 0 for none.
    private var lines = [Int](repeating: 0, count: Field.allCases.count)
    private var budgetLines = [Int](
        repeating: 0, count: BoardProfile.Model.allCases.count * BudgetField.allCases.count)
    private var section: [UInt8] = []
    /// nil before the first section.
    private var isInKnownSection: Bool?

    private init() {}

    /// Reads the file at `path`. Throws where it cannot be read, is larger than `sizeLimit`, or changes meanwhile; what
    /// is wrong inside it is in `mistakes`.
    public static func read(path: UnsafePointer<CChar>) throws(FileError) -> BoardReader {
        let file = try FileContents(path: path, limit: sizeLimit)
        return withExtendedLifetime(file) { read($0.bytes) }
    }

    /// The same for the text itself.
    public static func read(_ text: UnsafeRawBufferPointer) -> BoardReader {
        var reader = BoardReader()
        var scanner = INIScanner(text)
        while reader.mistakes.count < ConfigurationReader.mostMistakes {
            do throws(ConfigurationMistake.Refusal) {
                guard let item = try scanner.next() else {
                    reader.noteMissing()
                    break
                }
                switch item {
                case .section(let word, let name): reader.begin(word, name, scanner.line)
                case .entry(let key, let value): reader.take(key, value, scanner.line)
                case .comment: break
                }
            } catch {
                reader.mistakes.append(BoardMistake(line: scanner.line, reason: .line(error.reason)))
                if scanner.isAtSection { reader.isInKnownSection = false }
            }
        }
        // What is missing has no line, and is not known where reading has ended before.
        if reader.mistakes.last.map({ $0.line > 0 }) ?? false, reader.mistakes.count == ConfigurationReader.mostMistakes {
            reader.mistakes.append(
                BoardMistake(
                    line: scanner.line, reason: .line(.tooManyMistakes(limit: ConfigurationReader.mostMistakes))))
        }
        return reader
    }

    // MARK: - Lines

    private mutating func begin(_ word: [UInt8], _ name: [UInt8]?, _ line: Int) {
        section = word + (name.map { bytes(" ") + $0 } ?? [])
        let isKnown = Field.allCases.contains { bytes($0.place.section) == section } || model(of: section) != nil
        if !isKnown { mistakes.append(BoardMistake(line: line, section: section, reason: .unknownSection)) }
        isInKnownSection = isKnown
    }

    private mutating func take(_ key: [UInt8], _ text: INICursor, _ line: Int) {
        do throws(BoardMistake.Refusal) {
            guard let isInKnownSection else { throw .init(.line(.noSection)) }
            // Reported where the section begins.
            if !isInKnownSection { return }
            let value = try Value(text)
            if let model = model(of: section) {
                try take(key, value, ofModel: model, line)
            } else {
                try take(key, value, line)
            }
        } catch {
            mistakes.append(BoardMistake(line: line, section: section, key: key, reason: error.reason))
        }
    }

    /// The place of the model whose budget a section is.
    private func model(of section: [UInt8]) -> Int? {
        BoardProfile.Model.allCases.firstIndex { section == bytes("budget ") + bytes($0.name) }
    }

    private mutating func take(_ key: [UInt8], _ value: Value, _ line: Int) throws(BoardMistake.Refusal) {
        guard
            let index = Field.allCases.firstIndex(where: {
                bytes($0.place.section) == section && bytes($0.place.key) == key
            })
        else { throw .init(.unknownKey) }
        guard lines[index] == 0 else { throw .init(.line(.repeated(line: lines[index]))) }
        lines[index] = line
        try take(Field.allCases[index], value)
    }

    private mutating func take(_ field: Field, _ value: Value) throws(BoardMistake.Refusal) {
        switch field {
        case .title: profile.title = value.bytes
        case .deviceTree: profile.deviceTree = value.isAny ? nil : value.bytes
        case .architecture: profile.architecture = try value.architecture()
        case .basis: profile.isMeasured = try value.isMeasured()
        case .core: profile.core = value.isAny ? nil : try value.core()
        case .emulator: profile.emulator = try value.core()
        case .coreCount: profile.coreCount = try value.integer(in: 1...1024)
        case .clock: profile.clock = try value.integer(in: 1...100_000)
        case .instructionsPerCycle: profile.instructionsPerCycle = try value.number(in: 0.01...16)
        case .memory: profile.memory = try value.integer(in: 1...1_000_000)
        case .memoryBudget: profile.memoryBudget = try value.integer(in: 1...1024) << 20
        case .threads: profile.threads = try value.integer(in: 1...Int64(Engine.mostThreads))
        case .threadEfficiency: profile.threadEfficiency = try value.number(in: 0.01...1)
        case .int8Path: profile.int8Path = value.isAny ? nil : try value.path(for: .int8)
        case .halfPath: profile.halfPath = value.isAny ? nil : try value.path(for: .half)
        case .cameraSize: profile.cameraSize = try value.size()
        case .cameraRate: profile.cameraRate = try value.number(in: Configuration.rateRange)
        case .cameraFormat: profile.cameraFormat = try value.format()
        // For people.
        case .usb, .csi, .cooling: break
        }
    }

    private mutating func take(
        _ key: [UInt8], _ value: Value, ofModel model: Int, _ line: Int
    ) throws(BoardMistake.Refusal) {
        guard let index = BudgetField.allCases.firstIndex(where: { bytes($0.key) == key }) else {
            throw .init(.unknownKey)
        }
        let place = model * BudgetField.allCases.count + index
        guard budgetLines[place] == 0 else { throw .init(.line(.repeated(line: budgetLines[place]))) }
        budgetLines[place] = line
        switch BudgetField.allCases[index] {
        case .instructions: profile.budgets[model].instructions = try value.number(in: 0.001...1e6)
        case .latency: profile.budgets[model].latency = try value.number(in: 0.001...1e6)
        case .arena: profile.budgets[model].arena = try value.integer(in: 1...(1 << 20)) << 10
        }
    }

    private mutating func noteMissing() {
        for (index, field) in Field.allCases.enumerated() where lines[index] == 0 {
            let place = field.place
            mistakes.append(
                BoardMistake(line: 0, section: bytes(place.section), key: bytes(place.key), reason: .missing))
        }
        for (model, name) in BoardProfile.Model.allCases.enumerated() {
            for (index, field) in BudgetField.allCases.enumerated()
            where budgetLines[model * BudgetField.allCases.count + index] == 0 {
                mistakes.append(
                    BoardMistake(
                        line: 0, section: bytes("budget ") + bytes(name.name), key: bytes(field.key),
                        reason: .missing))
            }
        }
    }
}

extension BoardReader {
    enum Field: CaseIterable {
        case title, deviceTree, architecture, basis
        case core, emulator, coreCount, clock, instructionsPerCycle
        case memory, memoryBudget
        case threads, threadEfficiency, int8Path, halfPath
        case cameraSize, cameraRate, cameraFormat
        case usb, csi, cooling

        var place: (section: StaticString, key: StaticString) {
            switch self {
            case .title: ("board", "title")
            case .deviceTree: ("board", "device_tree")
            case .architecture: ("board", "architecture")
            case .basis: ("board", "latencies")
            case .core: ("processor", "core")
            case .emulator: ("processor", "emulator")
            case .coreCount: ("processor", "cores")
            case .clock: ("processor", "clock_mhz")
            case .instructionsPerCycle: ("processor", "instructions_per_cycle")
            case .memory: ("memory", "installed_mib")
            case .memoryBudget: ("memory", "budget_mib")
            case .threads: ("engine", "threads")
            case .threadEfficiency: ("engine", "thread_efficiency")
            case .int8Path: ("engine", "int8_path")
            case .halfPath: ("engine", "fp16_path")
            case .cameraSize: ("camera", "size")
            case .cameraRate: ("camera", "rate")
            case .cameraFormat: ("camera", "format")
            case .usb: ("notes", "usb")
            case .csi: ("notes", "csi")
            case .cooling: ("notes", "cooling")
            }
        }
    }

    enum BudgetField: CaseIterable {
        case instructions, latency, arena

        var key: StaticString {
            switch self {
            case .instructions: "instructions_million"
            case .latency: "latency_ms"
            case .arena: "arena_kib"
            }
        }
    }
}
