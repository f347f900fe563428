/// Why bytes are not the JSON that was asked for.
public enum JSONError: Error, Equatable {
    case malformed
    case notUTF8
    case notANumber
    /// Containers within containers beyond `JSONReader.maximumDepth`.
    case tooDeep
    /// A string that does not fit where it was to go.
    case noRoom
}

/// Reads JSON (RFC 8259) from one line of bytes, value by value, as the caller asks for them. Nothing is allocated, and
/// nothing outside the line is read, whatever is in it.
public struct JSONReader {
    /// Containers within containers that `skipValue` follows.
    public static var maximumDepth: Int { 16 }
    /// Bytes of the longest number that is read.
    private static var numberLimit: Int { 31 }

    private let line: UnsafeRawBufferPointer
    /// Where reading stands; after an error the byte that was not understood.
    public internal(set) var offset = 0

    /// `line` has no newline in it: blanks are spaces and tabs.
    public init(_ line: UnsafeRawBufferPointer) { self.line = line }

    // MARK: - Structure

    /// Steps over a byte, and blanks before it, if it is the next one.
    public mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard current == byte else { return false }
        offset += 1
        return true
    }

    /// Whether only blanks are left; steps over them.
    public mutating func hasEnded() -> Bool {
        skipBlanks()
        return offset == line.count
    }

    /// What was read since reading stood there.
    func bytes(from start: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: line[start..<offset]) }

    mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 { offset += 1 }
    }

    private var current: UInt8? { offset < line.count ? line[offset] : nil }

    // MARK: - Values

    /// Steps over one of JSON's words if it is the next value.
    public mutating func take(word: StaticString) -> Bool {
        skipBlanks()
        guard line.count - offset >= word.utf8CodeUnitCount else { return false }
        for index in 0..<word.utf8CodeUnitCount where line[offset + index] != word.utf8Start[index] { return false }
        offset += word.utf8CodeUnitCount
        return true
    }

    /// Throws `malformed` where the next value is neither of both, and stays in front of it.
    public mutating func boolean() throws(JSONError) -> Bool {
        if take(word: "true") { return true }
        guard take(word: "false") else { throw .malformed }
        return false
    }

    /// After an error `offset` is where the number was to begin.
    public mutating func number() throws(JSONError) -> Double {
        skipBlanks()
        let start = offset
        guard skipNumber(), offset - start <= Self.numberLimit else {
            offset = start
            throw .notANumber
        }
        var text = InlineArray<32, CChar>(repeating: 0)
        for index in start..<offset { text[index - start] = CChar(bitPattern: line[index]) }
        var value = 0.0
        let failure = withUnsafePointer(to: &text) { text in
            clinux_parse_number(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self), &value)
        }
        guard failure == 0 else {
            offset = start
            throw .notANumber
        }
        return value
    }

    /// What JSON allows beyond strtod: nothing. What strtod allows beyond JSON: a plus sign, bare points, leading
    /// zeros.
    private mutating func skipNumber() -> Bool {
        if current == UInt8(ascii: "-") { offset += 1 }
        let whole = digits()
        let beginsWithZero = whole > 0 && line[offset - whole] == UInt8(ascii: "0")
        guard whole == 1 || whole > 1 && !beginsWithZero else { return false }
        if current == UInt8(ascii: ".") {
            offset += 1
            guard digits() > 0 else { return false }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            offset += 1
            if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { offset += 1 }
            guard digits() > 0 else { return false }
        }
        return true
    }

    private mutating func digits() -> Int {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        return offset - start
    }

    /// The text of a string, UTF-8, in `room`. As many bytes as are left of the line are always enough.
    public mutating func string(into room: UnsafeMutableRawBufferPointer) throws(JSONError) -> UnsafeRawBufferPointer {
        var count = 0
        try readString(into: room, &count)
        return UnsafeRawBufferPointer(rebasing: room[..<count])
    }

    /// - Parameter room: nil: the text is checked and thrown away.
    private mutating func readString(
        into room: UnsafeMutableRawBufferPointer?, _ count: inout Int
    ) throws(JSONError) {
        guard take(UInt8(ascii: "\"")) else { throw .malformed }
        while let byte = current, byte >= 0x20 {
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                let scalar = try escape()
                for unit in UTF8.encode(scalar).unsafelyUnwrapped { try put(unit, room, &count) }
                continue
            }
            let (length, isValid) = UTF8Scan.character(in: line, at: offset)
            guard isValid else { throw .notUTF8 }
            for index in offset..<offset + length { try put(line[index], room, &count) }
            offset += length
        }
        throw .malformed
    }

    private func put(
        _ byte: UInt8, _ room: UnsafeMutableRawBufferPointer?, _ count: inout Int
    ) throws(JSONError) {
        guard let room else { return }
        guard count < room.count else { throw .noRoom }
        room[count] = byte
        count += 1
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        offset += 1
        guard let byte = current else { throw .malformed }
        offset += 1
        let scalar: UInt32
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scalar = UInt32(byte)
        case UInt8(ascii: "b"): scalar = 0x08
        case UInt8(ascii: "f"): scalar = 0x0C
        case UInt8(ascii: "n"): scalar = 0x0A
        case UInt8(ascii: "r"): scalar = 0x0D
        case UInt8(ascii: "t"): scalar = 0x09
        case UInt8(ascii: "u"): scalar = try escapedScalar()
        default: throw .malformed
        }
        guard let scalar = Unicode.Scalar(scalar) else { throw .malformed }
        return scalar
    }

    private mutating func escapedScalar() throws(JSONError) -> UInt32 {
        let first = try hexadecimal()
        guard (0xD800...0xDBFF).contains(first) else { return first }
        guard offset + 1 < line.count, line[offset] == UInt8(ascii: "\\"), line[offset + 1] == UInt8(ascii: "u") else {
            throw .malformed
        }
        offset += 2
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second) else { throw .malformed }
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = current?.hexadecimalDigit else { throw .malformed }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    // MARK: - Skipped values

    /// Steps over a value of any kind, and checks that it is one.
    public mutating func skipValue() throws(JSONError) { try skipValue(depth: 0) }

    private mutating func skipValue(depth: Int) throws(JSONError) {
        guard depth < Self.maximumDepth else { throw .tooDeep }
        skipBlanks()
        switch current {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "{"):
            offset += 1
            if take(UInt8(ascii: "}")) { return }
            repeat {
                try skipString()
                guard take(UInt8(ascii: ":")) else { throw .malformed }
                try skipValue(depth: depth + 1)
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw .malformed }
        case UInt8(ascii: "["):
            offset += 1
            if take(UInt8(ascii: "]")) { return }
            repeat { try skipValue(depth: depth + 1) } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw .malformed }
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            guard take(word: "true") || take(word: "false") || take(word: "null") else { throw .malformed }
        default:
            guard skipNumber() else { throw .malformed }
        }
    }

    private mutating func skipString() throws(JSONError) {
        var count = 0
        try readString(into: nil, &count)
    }
}

/// Whether a text is this name.
func equal(_ text: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
    guard text.count == name.utf8CodeUnitCount else { return false }
    for index in text.indices where text[index] != name.utf8Start[index] { return false }
    return true
}

extension UInt8 {
    /// What an ASCII letter or digit counts as a hexadecimal digit; nil for others.
    public var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
