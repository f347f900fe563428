/// A place in a line of INI text, which moves on as texts are taken from there.
///
/// A text stands there as it is, without the blanks around it, or in double quotes, where a backslash begins `\"`, `\\`,
/// `\n`, `\r`, `\t` or `\xHH`, a byte. All texts are UTF-8 and without a null.
struct INICursor {
    let bytes: [UInt8]
    private var position = 0

    /// - Parameter line: without the line feed at its end.
    init(_ line: [UInt8]) {
        bytes = line.last == 0x0D ? Array(line.dropLast()) : line
    }

    /// nil at the end of the line.
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func advance() { position += 1 }

    mutating func skipBlanks() {
        while let byte = current, Self.isBlank(byte) { position += 1 }
    }

    /// What stands before a blank, a quote or `end`.
    mutating func word(until end: UInt8) -> [UInt8] {
        let start = position
        while let byte = current, byte != end, !Self.isBlank(byte), byte != UInt8(ascii: "\"") { position += 1 }
        return Array(bytes[start..<position])
    }

    /// All before `end`, without blanks around it.
    mutating func line(before end: UInt8) -> [UInt8] {
        let start = position
        while let byte = current, byte != end { position += 1 }
        var text = bytes[start..<position]
        while let last = text.last, Self.isBlank(last) { text.removeLast() }
        return Array(text)
    }

    /// The text before a byte that is an end, before a comment, or before the end of the line; then that is `current`.
    mutating func text(before isEnd: (UInt8) -> Bool) throws(INIDiagnostic.Problem) -> [UInt8] {
        skipBlanks()
        let text = try current == UInt8(ascii: "\"") ? quoted(before: isEnd) : bare(before: isEnd)
        guard String(validating: text, as: UTF8.self) != nil else { throw .init(.notUTF8) }
        return text
    }

    /// The same of a word or a name, in which a semicolon that no blank precedes may not stand before one: most likely it
    /// is to begin a comment, or to separate names.
    mutating func name(before isEnd: (UInt8) -> Bool) throws(INIDiagnostic.Problem) -> [UInt8] {
        skipBlanks()
        let isQuoted = current == UInt8(ascii: "\"")
        let text = try text(before: isEnd)
        for (index, byte) in text.enumerated() where byte == UInt8(ascii: ";") && !isQuoted {
            if index + 1 == text.count || Self.isBlank(text[index + 1]) { throw .init(.tightComment) }
        }
        return text
    }

    /// Throws `reason` where more than blanks and a comment follows.
    mutating func requireEnd(otherwise reason: INIDiagnostic.Reason) throws(INIDiagnostic.Problem) {
        skipBlanks()
        if current == UInt8(ascii: "#") { throw .init(.hashComment) }
        if current == 0x0D { throw .init(.carriageReturn) }
        guard current == nil || current == UInt8(ascii: ";") else { throw .init(reason) }
    }

    private mutating func bare(before isEnd: (UInt8) -> Bool) throws(INIDiagnostic.Problem) -> [UInt8] {
        let start = position
        var end = start
        while let byte = current, !isEnd(byte) {
            if position == start || Self.isBlank(bytes[position - 1]) {
                if byte == UInt8(ascii: ";") { break }
                let isSlashes = position > start && bytes[position...].starts(with: Service.bytes("//"))
                if byte == UInt8(ascii: "#") || isSlashes { throw .init(.hashComment) }
            }
            if byte == UInt8(ascii: "\"") { throw .init(.quote) }
            if byte == 0x0D { throw .init(.carriageReturn) }
            position += 1
            if !Self.isBlank(byte) { end = position }
        }
        let text = Array(bytes[start..<end])
        if hasForeignQuotes(text) { throw .init(.foreignQuotes) }
        return text
    }

    private mutating func quoted(before isEnd: (UInt8) -> Bool) throws(INIDiagnostic.Problem) -> [UInt8] {
        var text: [UInt8] = []
        position += 1
        while true {
            guard let byte = current else { throw .init(.quote) }
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            text.append(byte == UInt8(ascii: "\\") ? try escaped() : byte)
        }
        let end = position
        skipBlanks()
        guard let next = current, !isEnd(next) else { return text }
        if end == position { throw .init(.quote) }
        try requireEnd(otherwise: .quote)
        return text
    }

    private mutating func escaped() throws(INIDiagnostic.Problem) -> UInt8 {
        guard let letter = current else { throw .init(.escape) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return letter
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "x"):
            let byte = 16 * (try hexadecimal()) + (try hexadecimal())
            if byte == 0 { throw .init(.escape) }
            return byte
        default: throw .init(.escape)
        }
    }

    private mutating func hexadecimal() throws(INIDiagnostic.Problem) -> UInt8 {
        guard let digit = current?.hexadecimalDigit else { throw .init(.escape) }
        position += 1
        return digit
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

/// Whether a text stands in quotes of a shell or of a word processor, which would become part of it.
private func hasForeignQuotes(_ text: [UInt8]) -> Bool {
    // “ ” „ ‘ in UTF-8.
    if text.count >= 3, text[0] == 0xE2, text[1] == 0x80, [0x9C, 0x9D, 0x9E, 0x98].contains(text[2]) { return true }
    return text.count > 1 && text.first == text.last && Service.bytes("'`").contains(text[0])
}

/// UTF-8 as a text of an INI file: in double quotes where it would mean something else without, or has control
/// characters.
func iniText(_ bytes: [UInt8]) -> String {
    func isBlank(_ byte: UInt8?) -> Bool { byte == 0x20 }
    let special = Service.bytes("\"\\,=:;#[]")
    let controls = bytes.indices.contains { isControl(bytes, $0) }
    let slashes = bytes.indices.contains { bytes[$0...].starts(with: Service.bytes(" //")) }
    guard
        bytes.isEmpty || isBlank(bytes.first) || isBlank(bytes.last) || controls || slashes || hasForeignQuotes(bytes)
            || bytes.contains(where: special.contains)
    else { return text(bytes) }
    var quoted: [UInt8] = [UInt8(ascii: "\"")]
    let digits = Service.bytes("0123456789abcdef")
    for (index, byte) in bytes.enumerated() {
        if isControl(bytes, index) {
            quoted += Service.bytes("\\x") + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        } else {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
    }
    return text(quoted + [UInt8(ascii: "\"")])
}

/// Whether a byte of UTF-8 is, or belongs to, a control character: C0, DEL or C1.
private func isControl(_ bytes: [UInt8], _ index: Int) -> Bool {
    func isHigh(_ first: Int, _ second: Int) -> Bool {
        bytes.indices.contains(first) && bytes.indices.contains(second) && bytes[first] == 0xC2
            && (0x80...0x9F).contains(bytes[second])
    }
    return bytes[index] < 0x20 || bytes[index] == 0x7F || isHigh(index, index + 1) || isHigh(index - 1, index)
}
