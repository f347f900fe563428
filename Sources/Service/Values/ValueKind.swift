/// What a key of an INI file or an option of a command line takes: the one check of its text, and how the value is
/// written again.
public enum ValueKind: Sendable {
    case number(ClosedRange<Double>)
    case integer(ClosedRange<Int64>)
    /// From 0 to 1.
    case score
    case text
    /// In a file absolute, and limited in bytes; on a command line any.
    case path(limit: Int = .max)
    case choice(Choice)
    /// WIDTHxHEIGHT in pixels.
    case size
    /// A camera's, as `PixelFormat.name` has it, in letters of any case.
    case format
    /// LEFT TOP RIGHT BOTTOM, fractions of the image's sides.
    case rectangle
    /// Limited in number, between commas.
    case names(limit: Int)

    /// Pixels of a side.
    static let sideRange: ClosedRange<Int64> = 8...16_384

    /// The value that `text` writes. What is not UTF-8 may only be a `text` or a `path`.
    public func value(of text: [UInt8], isArgument: Bool = false) throws(ValueError) -> Value {
        switch self {
        case .number(let range): return .number(try Self.number(text, in: range))
        case .integer(let range): return .integer(Int(clamping: try Self.integer(text, in: range)))
        case .score: return .score(Float(try Self.number(text, in: 0...1)))
        case .text, .names: return .text(text)
        case .path(let limit):
            guard isArgument || text.first == UInt8(ascii: "/") else { throw .notAbsolute }
            guard isArgument || text.count <= limit else { throw .pathTooLong(limit: limit) }
            return .text(text)
        case .choice(let choice):
            for (place, word) in choice.words.enumerated() where text == bytes(word) { return .choice(place) }
            throw .notAChoice(choice)
        case .size: return .size(try Self.size(text))
        case .format:
            guard let format = PixelFormat(name: text) else { throw .notAFormat }
            return .format(format)
        case .rectangle: return .rectangle(try Self.rectangle(text))
        }
    }

    // MARK: - Parts of values

    private static func number(_ text: some Sequence<UInt8>, in range: ClosedRange<Double>) throws(ValueError) -> Double {
        var parsed = 0.0
        guard clinux_parse_number(terminated(text), &parsed) == 0, range.contains(parsed) else {
            throw .notANumber(from: range.lowerBound, to: range.upperBound)
        }
        return parsed
    }

    private static func integer(_ text: some Sequence<UInt8>, in range: ClosedRange<Int64>) throws(ValueError) -> Int64 {
        var parsed: Int64 = 0
        guard clinux_parse_integer(terminated(text), &parsed) == 0, range.contains(parsed) else {
            throw .notAnInteger(from: range.lowerBound, to: range.upperBound)
        }
        return parsed
    }

    private static func size(_ text: [UInt8]) throws(ValueError) -> ImageSize {
        let sides = text.split(separator: UInt8(ascii: "x"), omittingEmptySubsequences: false)
        guard sides.count == 2, let width = try? integer(sides[0], in: sideRange),
            let height = try? integer(sides[1], in: sideRange)
        else { throw .notASize }
        return ImageSize(width: Int(width), height: Int(height))
    }

    private static func rectangle(_ text: [UInt8]) throws(ValueError) -> Box {
        var numbers: [Float] = []
        for part in text.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) {
            guard let number = try? number(part, in: 0...1) else { throw .notARectangle }
            numbers.append(Float(number))
        }
        guard numbers.count == 4 else { throw .notARectangle }
        guard numbers[0] < numbers[2], numbers[1] < numbers[3] else { throw .emptyRectangle }
        return .init(left: numbers[0], top: numbers[1], right: numbers[2], bottom: numbers[3])
    }
}
