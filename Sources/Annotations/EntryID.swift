/// What entries call each other by: a whole number, in quotes or not, or a text.
enum EntryID: Hashable, Comparable {
    case number(Int)
    case text(Bytes)

    /// - Parameter place: of the entry, for the message.
    init(_ value: JSONValue?, _ key: String, of place: String) throws(AnnotationError) {
        switch value {
        case nil, .null: throw AnnotationError("\(place) has no \(key)")
        case .integer(let number): self = .number(number)
        case .number(let number) where number == number.rounded() && abs(number) < 0x1p53: self = .number(Int(number))
        case .string(let text) where !text.trimmed.isEmpty:
            let text = text.trimmed
            self = Self.isWholeNumber(text) ? Int(text).map { .number($0) } ?? .text(Bytes(text)) : .text(Bytes(text))
        case let value?:
            throw AnnotationError("\(place): \(key) is \(value.shown), but must be a whole number or a text")
        }
    }

    private static func isWholeNumber(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Numbers first, by their value; texts by their bytes.
    static func < (left: EntryID, right: EntryID) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.number, .text): true
        case (.text, .number): false
        case (.text(let left), .text(let right)): left.bytes.lexicographicallyPrecedes(right.bytes)
        }
    }

    /// For messages.
    var shown: String {
        switch self {
        case .number(let number): "\(number)"
        case .text(let text): JSONValue.string(String(decoding: text.bytes, as: UTF8.self)).shown
        }
    }
}
