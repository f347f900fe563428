import CLinux

/// Why a client's line is no options line.
enum ClientLineError: Error {
    case notAnObject
    case malformed
    case notUTF8
    case unknownKey
    case repeatedKey
    case score
    case every
    case unknownClass
    case tooLong

    var message: StaticString {
        switch self {
        case .notAnObject: "options are one JSON object in one line"
        case .malformed: "not JSON of the form of options"
        case .notUTF8: "not UTF-8"
        case .unknownKey: "unknown option: there are min_score, classes and every"
        case .repeatedKey: "an option stands twice"
        case .score: "min_score is a number from 0 to 1"
        case .every: "every is a whole number from 1 to 1000000"
        case .unknownClass: "unknown class: the hello line lists them"
        case .tooLong: "more than 4096 bytes without a newline: closed"
        }
    }
}

/// Reads one line of a client: `{"min_score":0.5,"classes":["king"],"every":2}`, each of them optional, as RFC 8259
/// has it. Nothing else is understood, nothing is allocated, and nothing is read twice.
struct ClientOptionsReader {
    private let line: UnsafeRawBufferPointer
    /// Where reading stands; after an error the byte that was not understood.
    private(set) var offset = 0
    /// The array of classes as the client wrote it: valid JSON.
    private(set) var classesText = 0..<0

    private static var mostEvery: Double { 1_000_000 }
    /// Bytes of the longest number that is read.
    private static var numberLimit: Int { 31 }

    /// `line` has neither a newline nor a carriage return at its end.
    init(_ line: UnsafeRawBufferPointer) { self.line = line }

    /// - Parameters:
    ///   - labels: UTF-8, one per class.
    ///   - scratch: as many bytes as the line.
    mutating func read(
        into options: inout ClientOptions, labels: [[UInt8]], scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) {
        options.reset()
        guard take(UInt8(ascii: "{")) else { throw .notAnObject }
        var seen: UInt8 = 0
        if !take(UInt8(ascii: "}")) {
            repeat {
                try readPair(&options, &seen, labels, scratch)
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw .malformed }
        }
        skipBlanks()
        guard offset == line.count else { throw .malformed }
    }

    private mutating func readPair(
        _ options: inout ClientOptions, _ seen: inout UInt8, _ labels: [[UInt8]],
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) {
        skipBlanks()
        let start = offset
        let key = try string(scratch)
        let bit: UInt8
        if matches(key, "min_score") {
            bit = 1
        } else if matches(key, "classes") {
            bit = 2
        } else if matches(key, "every") {
            bit = 4
        } else {
            offset = start
            throw .unknownKey
        }
        guard seen & bit == 0 else {
            offset = start
            throw .repeatedKey
        }
        seen |= bit
        guard take(UInt8(ascii: ":")) else { throw .malformed }
        switch bit {
        case 1: options.minimumScore = Float(try number(in: 0...1, else: .score))
        case 2: try readClasses(&options, labels, scratch)
        default:
            let place = offset
            let value = try number(in: 1...Self.mostEvery, else: .every)
            guard value == value.rounded(.towardZero) else {
                offset = place
                throw .every
            }
            options.every = UInt64(value)
        }
    }

    private mutating func readClasses(
        _ options: inout ClientOptions, _ labels: [[UInt8]], _ scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) {
        options.isSelective = true
        options.clearClasses()
        skipBlanks()
        let start = offset
        guard take(UInt8(ascii: "[")) else { throw .malformed }
        if !take(UInt8(ascii: "]")) {
            repeat {
                skipBlanks()
                let place = offset
                let label = try string(scratch)
                var isKnown = false
                // The background has no detections. Labels may repeat: all of that name are meant.
                for index in labels.indices.dropFirst() where Self.equal(labels[index], label) {
                    options.add(class: index)
                    isKnown = true
                }
                guard isKnown else {
                    offset = place
                    throw .unknownClass
                }
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw .malformed }
        }
        classesText = start..<offset
    }

    // MARK: - Values

    private mutating func number(
        in range: ClosedRange<Double>, else error: ClientLineError
    ) throws(ClientLineError) -> Double {
        skipBlanks()
        let start = offset
        // What JSON allows beyond strtod: nothing. What strtod allows beyond JSON: a plus sign, bare points, leading
        // zeros.
        if current == UInt8(ascii: "-") { offset += 1 }
        let whole = digits()
        let beginsWithZero = whole > 0 && line[offset - whole] == UInt8(ascii: "0")
        var isNumber = whole == 1 || whole > 1 && !beginsWithZero
        if isNumber, current == UInt8(ascii: ".") {
            offset += 1
            isNumber = digits() > 0
        }
        if isNumber, current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            offset += 1
            if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { offset += 1 }
            isNumber = digits() > 0
        }
        guard isNumber, offset - start <= Self.numberLimit else {
            offset = start
            throw error
        }
        var text = InlineArray<32, CChar>(repeating: 0)
        for index in start..<offset { text[index - start] = CChar(bitPattern: line[index]) }
        var value = 0.0
        let failure = withUnsafePointer(to: &text) { text in
            clinux_parse_number(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self), &value)
        }
        guard failure == 0, range.contains(value) else {
            offset = start
            throw error
        }
        return value
    }

    private mutating func digits() -> Int {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        return offset - start
    }

    /// The text of a string, in `scratch`.
    private mutating func string(
        _ scratch: UnsafeMutableRawBufferPointer
    ) throws(ClientLineError) -> UnsafeRawBufferPointer {
        guard take(UInt8(ascii: "\"")) else { throw .malformed }
        var count = 0
        while let byte = current, byte >= 0x20 {
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return UnsafeRawBufferPointer(rebasing: scratch[..<count])
            }
            if byte == UInt8(ascii: "\\") {
                try escape(scratch, &count)
                continue
            }
            let (length, isValid) = UTF8Scan.character(in: line, at: offset)
            guard isValid else { throw .notUTF8 }
            for index in offset..<offset + length {
                scratch[count] = line[index]
                count += 1
            }
            offset += length
        }
        throw .malformed
    }

    private mutating func escape(
        _ scratch: UnsafeMutableRawBufferPointer, _ count: inout Int
    ) throws(ClientLineError) {
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
        // An escape is never shorter than what it stands for.
        for unit in UTF8.encode(scalar).unsafelyUnwrapped {
            scratch[count] = unit
            count += 1
        }
    }

    private mutating func escapedScalar() throws(ClientLineError) -> UInt32 {
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

    private mutating func hexadecimal() throws(ClientLineError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw .malformed }
            let lower = byte | 0x20
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            } else if (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(lower) {
                value = value << 4 | UInt32(lower - UInt8(ascii: "a") + 10)
            } else {
                throw .malformed
            }
            offset += 1
        }
        return value
    }

    // MARK: - Bytes

    private var current: UInt8? { offset < line.count ? line[offset] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 { offset += 1 }
    }

    /// Steps over a byte, and blanks before it, if it is the next one.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard current == byte else { return false }
        offset += 1
        return true
    }

    private func matches(_ text: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard text.count == name.utf8CodeUnitCount else { return false }
        for index in text.indices where text[index] != name.utf8Start[index] { return false }
        return true
    }

    private static func equal(_ label: [UInt8], _ text: UnsafeRawBufferPointer) -> Bool {
        guard label.count == text.count else { return false }
        for index in text.indices where label[index] != text[index] { return false }
        return true
    }
}
