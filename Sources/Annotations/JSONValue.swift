/// A value of JSON, as far as annotations need it.
enum JSONValue {
    case null
    case bool(Bool)
    case integer(Int)
    /// Fractions, numbers beyond `Int`, and the NaN and Infinity that Python writes.
    case number(Double)
    case string(String)
    case list([JSONValue])
    /// Of keys that occur twice the last one counts. Members that are not asked for are missing.
    case object([String: JSONValue])

    /// For messages: short, and in one line.
    var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): Self.shown(value)
        case .string(let value): "\"" + Self.shortened(value) + "\""
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// Whole numbers without a fraction.
    static func shown(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    /// At most 60 characters.
    static func shortened(_ text: String) -> String {
        let scalars = text.unicodeScalars
        return scalars.count <= 60 ? text : String(String.UnicodeScalarView(scalars.prefix(57))) + "..."
    }
}

/// Reads JSON (RFC 8259) whole, and Python's NaN, Infinity and -Infinity. Of objects only the members that are asked for
/// are kept; the rest is checked and passed over.
struct JSONParser {
    /// Containers within containers.
    static let maximumDepth = 200

    /// Keys of the outermost object, in their order, wanted or not; at most `maximumKeys`.
    private(set) var outermostKeys: [String] = []
    private static let maximumKeys = 64

    private let bytes: UnsafeBufferPointer<UInt8>
    private let wanted: Set<String>?
    private var position = 0
    private var depth = 0

    /// - Parameters:
    ///   - bytes: valid UTF-8.
    ///   - wanted: the members that are kept; nil: all.
    init(_ bytes: UnsafeBufferPointer<UInt8>, wanted: Set<String>?) {
        self.bytes = bytes
        self.wanted = wanted
    }

    /// The one value of the text.
    /// - Parameter lines: the error where another object follows it, as in a list of JSON lines.
    mutating func parse(lines: (() -> AnnotationError)? = nil) throws(AnnotationError) -> JSONValue {
        let value = try self.value()
        skipBlanks()
        guard position == bytes.count else {
            if current == UInt8(ascii: "{"), let lines { throw lines() }
            throw mistake("something follows the end")
        }
        return value
    }

    private func mistake(_ what: String) -> AnnotationError {
        let before = bytes[..<position]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        // Columns count characters, not the bytes that continue them.
        let column = bytes[lineStart..<position].count { $0 & 0xC0 != 0x80 } + 1
        return AnnotationError("is not valid JSON: \(what), at line \(line), column \(column)")
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
        position += count
        return true
    }

    private mutating func value(isKept: Bool = true) throws(AnnotationError) -> JSONValue {
        skipBlanks()
        guard let byte = current else { throw mistake("the text ends early") }
        switch byte {
        case UInt8(ascii: "{"): return try nested { parser throws(AnnotationError) in try parser.object(isKept) }
        case UInt8(ascii: "["): return try nested { parser throws(AnnotationError) in try parser.list(isKept) }
        case UInt8(ascii: "\""): return .string(try string(isKept))
        case UInt8(ascii: "t") where take(word: "true"): return .bool(true)
        case UInt8(ascii: "f") where take(word: "false"): return .bool(false)
        case UInt8(ascii: "n") where take(word: "null"): return .null
        case UInt8(ascii: "N") where take(word: "NaN"): return .number(.nan)
        case UInt8(ascii: "I") where take(word: "Infinity"): return .number(.infinity)
        case UInt8(ascii: "-") where take(word: "-Infinity"): return .number(-.infinity)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw mistake("a value is expected")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(AnnotationError) -> JSONValue
    ) throws(AnnotationError) -> JSONValue {
        guard depth < Self.maximumDepth else { throw mistake("lists within lists, \(Self.maximumDepth) deep") }
        depth += 1
        position += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func object(_ isKept: Bool) throws(AnnotationError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw mistake("a key in quotes is expected") }
            let key = try string(isKept)
            guard take(UInt8(ascii: ":")) else { throw mistake("expected a colon") }
            if depth == 1, outermostKeys.count < Self.maximumKeys { outermostKeys.append(key) }
            let isWanted = isKept && wanted?.contains(key) ?? true
            let member = try value(isKept: isWanted)
            if isWanted { members[key] = member }
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw mistake("expected a comma or }") }
        return .object(members)
    }

    private mutating func list(_ isKept: Bool) throws(AnnotationError) -> JSONValue {
        var items: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .list(items) }
        repeat {
            let item = try value(isKept: isKept)
            if isKept { items.append(item) }
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw mistake("expected a comma or ]") }
        return .list(items)
    }

    private mutating func number() throws(AnnotationError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        guard digits() else { throw mistake("a digit is expected") }
        let whole = bytes[start] == UInt8(ascii: "-") ? start + 1 : start
        if bytes[whole] == UInt8(ascii: "0"), position > whole + 1 {
            position = whole + 1
            throw mistake("a number starts with 0")
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard digits() else { throw mistake("a digit is expected") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { position += 1 }
            guard digits() else { throw mistake("a digit is expected") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        return .number(Double(text) ?? .infinity)
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    /// - Parameter isKept: whether the text is needed; "" otherwise.
    private mutating func string(_ isKept: Bool) throws(AnnotationError) -> String {
        position += 1
        var units: [UInt8] = []
        var plain = position
        func upTo(_ end: Int) -> Slice<UnsafeBufferPointer<UInt8>> { bytes[plain..<end] }
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                position += 1
                guard isKept else { return "" }
                return String(decoding: units + upTo(position - 1), as: UTF8.self)
            }
            guard byte >= 0x20 else { throw mistake("a string contains a control character, or its end is missing") }
            guard byte == UInt8(ascii: "\\") else {
                position += 1
                continue
            }
            if isKept { units += upTo(position) }
            let scalar = try escape()
            if isKept { units += Array(String(Character(scalar)).utf8) }
            plain = position
        }
        throw mistake("the text ends early")
    }

    /// Half a surrogate pair stands for nothing and becomes U+FFFD.
    private mutating func escape() throws(AnnotationError) -> Unicode.Scalar {
        position += 1
        guard let byte = current else { throw mistake("the text ends early") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default:
            position -= 1
            throw mistake("unknown escape")
        }
        let first = try hexadecimal()
        guard (0xD800...0xDBFF).contains(first), current == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        let back = position
        position += 2
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second) else {
            position = back
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(AnnotationError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw mistake("four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
