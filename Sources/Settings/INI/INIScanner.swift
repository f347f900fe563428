/// Takes INI text apart, line by line:
///
///     [section]            or [section name], as in [zone front door]
///     key = value          or key: value
///     # a comment, also behind a value after a blank and a semicolon
///
/// A name, a key or a value that has a quote, a comma or a sign of the above in it stands in double quotes, as
/// `INICursor` has them. Lines end with LF or CRLF; a byte order mark before the first is skipped.
struct INIScanner {
    enum Item {
        /// What stands behind the first word; nil where nothing does.
        case section(word: [UInt8], name: [UInt8]?)
        /// The value as it stands there, from the separator to the end of the line.
        case entry(key: [UInt8], value: INICursor)
        /// A line that begins with its sign, blanks aside.
        case comment(INICursor)
    }

    /// Of the item that `next()` gave or threw at, from 1.
    private(set) var line = 0
    /// Whether that is a section, or was to be one.
    private(set) var isAtSection = false
    private let text: UnsafeRawBufferPointer
    private var position = 0

    /// The scanner reads from `text` as long as it is used.
    init(_ text: UnsafeRawBufferPointer) {
        self.text = text
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if text.starts(with: mark) { position = mark.count }
    }

    /// The next section or entry, nil at the end of the text. After a throw it continues with the next line.
    mutating func next() throws(INIDiagnostic.Problem) -> Item? {
        if position == 0, text.starts(with: [0xFF, 0xFE] as [UInt8]) || text.starts(with: [0xFE, 0xFF] as [UInt8]) {
            // UTF-16: no line of it can be read.
            position = text.count
            line = 1
            throw .init(.notUTF8)
        }
        while position < text.count {
            let start = position
            while position < text.count, text[position] != 0x0A { position += 1 }
            var cursor = INICursor(Array(text[start..<position]))
            position += 1
            line += 1
            if let item = try item(&cursor) { return item }
        }
        return nil
    }

    private mutating func item(_ cursor: inout INICursor) throws(INIDiagnostic.Problem) -> Item? {
        isAtSection = false
        if cursor.bytes.contains(0) { throw .init(.nullByte) }
        cursor.skipBlanks()
        guard let first = cursor.current else { return nil }
        if first == UInt8(ascii: "#") || first == UInt8(ascii: ";") { return .comment(cursor) }
        isAtSection = first == UInt8(ascii: "[")
        if isAtSection { return try Self.section(&cursor) }
        let isQuoted = first == UInt8(ascii: "\"")
        let key = try cursor.text { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }
        guard let separator = cursor.current, separator != UInt8(ascii: ";"), isQuoted || !key.isEmpty else {
            throw .init(.notINI)
        }
        cursor.advance()
        return .entry(key: key, value: cursor)
    }

    private static func section(_ cursor: inout INICursor) throws(INIDiagnostic.Problem) -> Item {
        cursor.advance()
        cursor.skipBlanks()
        let word = cursor.word(until: UInt8(ascii: "]"))
        var name: [UInt8]?
        cursor.skipBlanks()
        if let next = cursor.current, next != UInt8(ascii: "]") {
            name = try cursor.text { $0 == UInt8(ascii: "]") }
        }
        guard cursor.current == UInt8(ascii: "]") else { throw .init(.notINI) }
        cursor.advance()
        try cursor.requireEnd(otherwise: .behindSection)
        return .section(word: word, name: name)
    }
}
