/// A key of an INI file: where it stands, what it takes, and where that goes.
final class INIKey<Target>: Sendable {
    let section: StaticString
    let key: StaticString
    let kind: ValueKind
    let set: @Sendable (inout Target, Given) -> Void

    init(
        _ section: StaticString, _ key: StaticString, _ kind: ValueKind, set: @escaping @Sendable (inout Target, Given) -> Void
    ) {
        (self.section, self.key, self.kind, self.set) = (section, key, kind, set)
    }
}

/// The keys that a kind of INI file has, and where one file has them.
struct INIKeys<Target> {
    let all: [INIKey<Target>]
    /// Whether semicolons may stand in values as in sentences.
    private let isProse: Bool
    private let unknownKey: INIDiagnostic.Reason
    /// By key, the line in which it stands, 0 for none.
    private var lines: [Int]

    init(_ all: [INIKey<Target>], isProse: Bool = false, unknownKey: INIDiagnostic.Reason = .unknownKey) {
        (self.all, self.isProse, self.unknownKey) = (all, isProse, unknownKey)
        lines = [Int](repeating: 0, count: all.count)
    }

    func hasSection(_ name: [UInt8]) -> Bool { all.contains { bytes($0.section) == name } }

    /// Puts the value behind a key where it belongs.
    mutating func take(
        _ key: [UInt8], in section: [UInt8], _ text: INICursor, _ line: Int, into target: inout Target
    ) throws(INIDiagnostic.Problem) {
        guard let place = all.firstIndex(where: { bytes($0.section) == section && bytes($0.key) == key }) else {
            throw .init(unknownKey)
        }
        guard lines[place] == 0 else { throw .init(.repeated(line: lines[place])) }
        lines[place] = line
        all[place].set(&target, Given(try all[place].kind.value(of: text, isProse: isProse), line: line))
    }

    /// The keys that the file lacks.
    var missing: [INIKey<Target>] {
        var missing: [INIKey<Target>] = []
        for (place, key) in all.enumerated() where lines[place] == 0 { missing.append(key) }
        return missing
    }
}
