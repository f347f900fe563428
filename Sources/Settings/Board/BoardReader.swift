/// Reads a board's file: INI, as `INIScanner` has it. It collects every mistake; a file with one is not to be used. All keys
/// have to be there, each once.
public struct BoardReader: INIReader {
    /// Bytes of the largest file.
    public static let sizeLimit = 64 << 10

    /// Only to be used where `mistakes` is empty.
    public private(set) var profile = BoardProfile()
    /// In the order of the lines; what is missing comes last.
    public private(set) var mistakes: [INIDiagnostic] = []
    private var keys = INIKeys(BoardProfile.keys, isProse: true, unknownKey: .unknownBoardKey)
    /// By model.
    private var budgetKeys = [INIKeys<BoardProfile.Budget>](
        repeating: INIKeys(BoardProfile.Budget.keys, isProse: true, unknownKey: .unknownBoardKey),
        count: BoardProfile.Model.allCases.count)
    private var section: [UInt8] = []
    /// nil before the first section.
    private var isInKnownSection: Bool?

    private init() {}

    /// Reads the whole text; what is wrong with it stands in `mistakes`.
    public static func read(_ text: UnsafeRawBufferPointer) -> BoardReader {
        var reader = BoardReader()
        var scanner = INIScanner(text)
        while reader.mistakes.count < ConfigurationReader.maximumDiagnostics {
            do throws(INIDiagnostic.Problem) {
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
                reader.mistakes.append(INIDiagnostic(line: scanner.line, reason: error.reason))
                if scanner.isAtSection { reader.isInKnownSection = false }
            }
        }
        // What is missing has no line, and is not known where reading has ended before.
        if reader.mistakes.last.map({ $0.line > 0 }) ?? false, reader.mistakes.count == ConfigurationReader.maximumDiagnostics {
            reader.mistakes.append(
                INIDiagnostic(
                    line: scanner.line, reason: .tooManyDiagnostics(limit: ConfigurationReader.maximumDiagnostics)))
        }
        return reader
    }

    // MARK: - Lines

    private mutating func begin(_ word: [UInt8], _ name: [UInt8]?, _ line: Int) {
        section = word + (name.map { bytes(" ") + $0 } ?? [])
        let isKnown = keys.hasSection(section) || model(of: section) != nil
        if !isKnown { mistakes.append(INIDiagnostic(line: line, section: section, reason: .unknownBoardSection)) }
        isInKnownSection = isKnown
    }

    private mutating func take(_ key: [UInt8], _ text: INICursor, _ line: Int) {
        do throws(INIDiagnostic.Problem) {
            guard let isInKnownSection else { throw .init(.noSection) }
            // Reported where the section begins.
            if !isInKnownSection { return }
            if let model = model(of: section) {
                try budgetKeys[model].take(key, in: bytes("budget"), text, line, into: &profile.budgets[model])
            } else {
                try keys.take(key, in: section, text, line, into: &profile)
            }
        } catch {
            mistakes.append(INIDiagnostic(line: line, section: section, key: key, reason: error.reason))
        }
    }

    /// The place of the model whose budget a section is. `half` is another name of the 0.5 network.
    private func model(of section: [UInt8]) -> Int? {
        let other = bytes("budget half-")
        let section = section.starts(with: other) ? bytes("budget 0.5-") + section.dropFirst(other.count) : section
        return BoardProfile.Model.allCases.firstIndex { section == bytes("budget ") + bytes($0.name) }
    }

    private mutating func noteMissing() {
        for entry in keys.missing { noteMissing(bytes(entry.section), entry.key) }
        for (model, keys) in zip(BoardProfile.Model.allCases, budgetKeys) {
            for entry in keys.missing { noteMissing(bytes("budget ") + bytes(model.name), entry.key) }
        }
    }

    private mutating func noteMissing(_ section: [UInt8], _ key: StaticString) {
        mistakes.append(.init(line: 0, section: section, key: bytes(key), reason: .missing))
    }
}
