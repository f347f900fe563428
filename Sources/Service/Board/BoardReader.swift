import CInih
import CLinux
import Camera
import Engine
import Vision

/// Reads a board's file: INI, as libinih has it. It collects every mistake; a file with one is not to be used. All keys
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

    private init() {}

    /// Reads the file at `path`. Throws where it cannot be opened, is larger than `sizeLimit`, or memory is short; what
    /// is wrong inside it is in `mistakes`.
    public static func read(path: UnsafePointer<CChar>) throws(ConfigurationError) -> BoardReader {
        var address: UnsafeRawPointer?
        var size = 0
        let error = clinux_map_file(path, &address, &size)
        guard error == 0 else { throw .cannotOpen(error) }
        defer { _ = clinux_unmap(address, size) }
        guard size <= sizeLimit else { throw .tooLarge(limit: sizeLimit) }
        return try read(UnsafeRawBufferPointer(start: address, count: size))
    }

    /// The same for the text itself.
    public static func read(_ text: UnsafeRawBufferPointer) throws(ConfigurationError) -> BoardReader {
        var reader = BoardReader()
        let status = withUnsafeMutablePointer(to: &reader) { reader in
            cinih_read(
                text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count,
                UInt32(ConfigurationReader.mostRefusals), reader,
                { context, line, section, key, value in
                    context!.assumingMemoryBound(to: BoardReader.self).pointee
                        .take(Int(line), Service.bytes(section), Service.bytes(key), value)
                },
                { context, line, why in
                    context!.assumingMemoryBound(to: BoardReader.self).pointee.refuse(Int(line), why)
                })
        }
        guard status == CINIH_OK else { throw .outOfMemory }
        // After too many lines that are none, the keys were not read.
        if reader.mistakes.last?.reason != .line(.tooManyMistakes(limit: ConfigurationReader.mostRefusals)) {
            reader.noteMissing()
        }
        reader.mistakes.sort { ($0.line == 0 ? Int.max : $0.line) < ($1.line == 0 ? Int.max : $1.line) }
        return reader
    }

    // MARK: - Lines

    private mutating func refuse(_ line: Int, _ why: cinih_status) {
        mistakes.append(BoardMistake(line: line, reason: .line(.init(why))))
        if mistakes.count == ConfigurationReader.mostRefusals {
            mistakes.append(
                BoardMistake(line: line, reason: .line(.tooManyMistakes(limit: ConfigurationReader.mostRefusals))))
        }
    }

    private mutating func take(_ line: Int, _ section: [UInt8], _ key: [UInt8], _ value: UnsafePointer<CChar>) {
        do throws(BoardMistake.Refusal) {
            guard section.count <= Int(cinih_section_limit) else {
                throw .init(.line(.sectionTooLong(limit: Int(cinih_section_limit))))
            }
            if section.isEmpty { throw .init(.line(.noSection)) }
            let value = try Value(value)
            if let model = model(of: section) {
                try take(key, value, ofModel: model, line)
            } else {
                try take(section, key, value, line)
            }
        } catch {
            mistakes.append(BoardMistake(line: line, section: section, key: key, reason: error.reason))
        }
    }

    /// The place of the model whose budget a section is.
    private func model(of section: [UInt8]) -> Int? {
        BoardProfile.Model.allCases.firstIndex { section == bytes("budget ") + bytes($0.name) }
    }

    private mutating func take(
        _ section: [UInt8], _ key: [UInt8], _ value: Value, _ line: Int
    ) throws(BoardMistake.Refusal) {
        guard Field.allCases.contains(where: { bytes($0.place.section) == section }) else {
            throw .init(.unknownSection)
        }
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
