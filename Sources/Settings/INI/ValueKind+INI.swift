/// Values as an INI file writes them.
extension ValueKind {
    /// The value behind a key's equals sign.
    /// - Parameter isProse: whether semicolons may stand in it as in a sentence.
    func value(of text: INICursor, isProse: Bool = false) throws(INIDiagnostic.Problem) -> Value {
        var cursor = text
        if case .names(let limit) = self { return .names(try Self.names(&cursor, limit: limit)) }
        let written = try isProse ? cursor.text { _ in false } : cursor.name { _ in false }
        guard !written.isEmpty else { throw .init(.empty) }
        do throws(ValueError) {
            return try value(of: written)
        } catch {
            throw .init(.value(error))
        }
    }

    /// The text of a value of this kind, as an INI file has it.
    func text(of value: Value) -> String {
        switch value {
        case .number(let number): "\(number)"
        case .integer(let number): "\(number)"
        case .score(let score): "\(score)"
        case .text(let text): iniText(text)
        case .choice(let place): if case .choice(let choice) = self { "\(choice.words[place])" } else { "" }
        case .size(let size): "\(size.width)x\(size.height)"
        case .format(let format): "\(format.name)"
        case .rectangle(let area): "\(area.left) \(area.top) \(area.right) \(area.bottom)"
        case .names(let names): joined(names.map { iniText($0) }, by: ", ")
        }
    }

    /// A name in quotes may be empty.
    private static func names(_ cursor: inout INICursor, limit: Int) throws(INIDiagnostic.Problem) -> [[UInt8]] {
        var names: [[UInt8]] = []
        while true {
            cursor.skipBlanks()
            let isQuoted = cursor.current == UInt8(ascii: "\"")
            let name = try cursor.name { $0 == UInt8(ascii: ",") }
            guard isQuoted || !name.isEmpty else { throw .init(.empty) }
            names.append(name)
            guard cursor.current == UInt8(ascii: ",") else { break }
            cursor.advance()
        }
        guard names.count <= limit else { throw .init(.tooManyNames(limit: limit)) }
        return names
    }
}
