import Foundation

/// The text of a file in the encodings that editors and tools write.
enum FileText {
    /// UTF-8 without a byte order mark: of UTF-8, or of UTF-16 with a byte order mark or without.
    static func utf8(_ bytes: UnsafeRawBufferPointer) throws(AnnotationError) -> [UInt8] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return try checked(UnsafeRawBufferPointer(rebasing: bytes[3...])) }
        if bytes.starts(with: [0xFF, 0xFE]) { return try utf16(bytes, from: 2, isBig: false) }
        if bytes.starts(with: [0xFE, 0xFF]) { return try utf16(bytes, from: 2, isBig: true) }
        // ASCII begins both JSON and labels: in UTF-16 every other byte of it is 0.
        if bytes.count >= 2, bytes[0] != 0, bytes[1] == 0 { return try utf16(bytes, from: 0, isBig: false) }
        if bytes.count >= 2, bytes[0] == 0, bytes[1] != 0 { return try utf16(bytes, from: 0, isBig: true) }
        return try checked(bytes)
    }

    private static func checked(_ bytes: UnsafeRawBufferPointer) throws(AnnotationError) -> [UInt8] {
        if String(validating: bytes, as: UTF8.self) != nil { return [UInt8](bytes) }
        var iterator = bytes.makeIterator(), decoder = UTF8(), line = 1
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { line += scalar == "\n" ? 1 : 0 }
        throw AnnotationError("is not UTF-8 (in line \(line)): save it as UTF-8")
    }

    private static func utf16(
        _ bytes: UnsafeRawBufferPointer, from start: Int, isBig: Bool
    ) throws(AnnotationError) -> [UInt8] {
        let units = stride(from: start, to: bytes.count - 1, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBig ? first << 8 | second : second << 8 | first
        }
        guard (bytes.count - start) % 2 == 0, let text = String(validating: units, as: UTF16.self) else {
            throw AnnotationError("is UTF-16 that is damaged: save it as UTF-8")
        }
        return Array(text.utf8)
    }
}

extension String {
    /// What names are compared by where they may differ in case or in how accents are written.
    var folded: String {
        var folded = ""
        for scalar in precomposedStringWithCanonicalMapping.unicodeScalars {
            folded += scalar.properties.lowercaseMapping
        }
        return folded.precomposedStringWithCanonicalMapping
    }

    /// Its number, as people write it.
    var quotedNumber: Double? {
        let text = trimmed
        return text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) } ? Double(text) : nil
    }

}

extension StringProtocol {
    /// Without blanks and line ends at both ends.
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

/// A text as its bytes: equal where these are. Swift's strings are equal where they look alike.
struct Bytes: Hashable {
    let bytes: [UInt8]

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
}
