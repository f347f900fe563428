/// A picture's name as annotation files write it: folders and file, separated in one way or another.
struct PicturePath {
    /// How far two spellings of a name may differ.
    enum Form: CaseIterable {
        /// Folders end in a slash.
        case plain
        /// A backslash ends a folder too; addresses lose scheme and query.
        case separated
        /// Besides, case, %-escapes and Unicode's normal forms make no difference.
        case loose
    }

    /// So many folders and the file decide which picture is meant.
    static let mostParts = 16

    let name: String

    init(_ name: String) { self.name = name }

    /// The last parts of the path in `Form.plain`.
    var plain: [Bytes] { parts(.plain) }

    /// The last parts of the path; what leads upwards takes the folder before it away.
    func parts(_ form: Form) -> [Bytes] {
        var text = Substring(name.trimmed)
        if form == .loose { text = Substring(Self.unescaped(String(text))) }
        if form != .plain { text = Self.pathOfAddress(text) }
        var parts: [Substring] = []
        for part in text.split(whereSeparator: { $0 == "/" || form != .plain && $0 == "\\" }) {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return parts.suffix(Self.mostParts).map { Bytes(form == .loose ? String($0).folded : String($0)) }
    }

    private static func pathOfAddress(_ text: Substring) -> Substring {
        // Label Studio's address of a local file.
        if let query = text.range(of: "?d=") { return text[query.upperBound...] }
        guard let scheme = text.range(of: "://") else { return text }
        return text[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
    }

    /// The text itself where its escapes do not stand for UTF-8.
    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var position = 0
        func digit(_ index: Int) -> UInt8? {
            guard index < bytes.count else { return nil }
            return Character(Unicode.Scalar(bytes[index])).hexDigitValue.map { UInt8($0) }
        }
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "%"), let high = digit(position + 1), let low = digit(position + 2) {
                decoded.append(high << 4 | low)
                position += 3
            } else {
                decoded.append(bytes[position])
                position += 1
            }
        }
        return String(validating: decoded, as: UTF8.self) ?? text
    }
}
