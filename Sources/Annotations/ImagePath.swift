/// An image's name as annotation files write it: directories and file, separated in one way or another.
struct ImagePath {
    /// How far two spellings of a name may differ.
    enum Form: CaseIterable {
        /// Directories end in a slash.
        case plain
        /// A backslash ends a directory too; addresses lose scheme and query.
        case separated
        /// Besides, case, %-escapes, a query and Unicode's normal forms make no difference.
        case loose
        /// Besides, the name's ending makes none: images are converted after they were annotated.
        case stem

        var isLoose: Bool { self == .loose || self == .stem }
    }

    /// That many directories and the file decide which image is meant.
    static let maximumParts = 16

    let name: String

    init(_ name: String) { self.name = name }

    /// The last parts of the path in `Form.plain`.
    var plain: [Bytes] { parts(.plain) }

    /// The last parts of the path; what leads upwards takes the directory before it away.
    func parts(_ form: Form) -> [Bytes] {
        var text = Substring(name.trimmed)
        if form.isLoose { text = Substring(Self.unescaped(String(text))) }
        if form != .plain { text = Self.pathOfAddress(text) }
        if form.isLoose { text = Self.withoutQuery(text) }
        var parts: [Substring] = []
        for part in text.split(whereSeparator: { $0 == "/" || form != .plain && $0 == "\\" }) {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        guard form.isLoose else { return parts.suffix(Self.maximumParts).map { Bytes($0) } }
        if form == .stem, let last = parts.last, let stem = Self.stem(last) { parts[parts.count - 1] = stem }
        return parts.suffix(Self.maximumParts).map { Bytes(String($0).folded) }
    }

    /// An image's name without its ending; nil where that is no image's.
    private static func stem(_ text: Substring) -> Substring? {
        let endings: Set = [
            "jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif",
        ]
        guard let dot = text.lastIndex(of: "."), dot > text.startIndex,
            endings.contains(text[text.index(after: dot)...].lowercased())
        else { return nil }
        return text[..<dot]
    }

    private static func withoutQuery(_ text: Substring) -> Substring {
        guard let query = text.firstIndex(of: "?"), stem(text[..<query]) != nil else { return text }
        return text[..<query]
    }

    private static func pathOfAddress(_ text: Substring) -> Substring {
        // Label Studio's address of a local file.
        if let query = text.range(of: "?d=") { return text[query.upperBound...] }
        guard let scheme = text.range(of: "://") else { return text }
        return text[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
    }

    /// The text itself where its escapes do not stand for UTF-8. Some tools escape what others have escaped already.
    private static func unescaped(_ text: String) -> String {
        var text = text
        for _ in 0..<3 { text = unescapedOnce(text) }
        return text
    }

    private static func unescapedOnce(_ text: String) -> String {
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
