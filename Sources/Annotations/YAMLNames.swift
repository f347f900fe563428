import Foundation

/// The list `names` of a YAML file, as YOLO's data.yaml has it. Of YAML no more is read than such files use.
enum YAMLNames {
    /// What tools call the list, in YAML and in JSON.
    static let keys = ["names", "labels", "id2label", "label2id", "classes", "class_names", "label_names", "label_map"]

    /// nil where the text has no such list.
    static func entries(_ text: String) throws(AnnotationError) -> [LabelFile.Entry]? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { withoutComment($0) }
        // With any case of letters: such a key is no label.
        let folded = lines.map { $0.lowercased() }
        for key in keys {
            func begins(_ line: String) -> Bool {
                let written = [key, "\"\(key)\"", "'\(key)'"]
                guard let name = written.first(where: line.hasPrefix) else { return false }
                let rest = line.dropFirst(name.count).trimmed
                // A label may be called so: of those the number follows.
                return rest == ":" || rest.hasPrefix(":") && "[{\(marks)".contains(rest.dropFirst().trimmed.first ?? " ")
            }
            guard let start = folded.firstIndex(where: begins), let found = try entries(lines, from: start) else { continue }
            let counts = folded.compactMap { line in
                line.hasPrefix("nc:") ? Int(line.dropFirst(3).trimmed) : nil
            }
            if let count = counts.first { try check(found, count: count) }
            return found
        }
        return nil
    }

    /// What begins with one of these is a label only in quotes: to YAML they are anchors, tags, texts of several lines, ...
    private static let marks = "&*!|>%@`"

    /// Throws where the file says another number of classes than it lists, the background aside.
    static func check(_ entries: [LabelFile.Entry], count: Int) throws(AnnotationError) {
        let classes = entries.filter { !LabelFile.backgrounds.contains($0.text.lowercased()) }
        guard entries.count != count, classes.count != count else { return }
        throw AnnotationError("`nc` is \(count), but \(entries.count) labels are listed: one of the two is wrong")
    }

    private static func rejectMarks(_ scalar: String, _ place: String) throws(AnnotationError) {
        guard let first = scalar.first, marks.contains(first) else { return }
        throw AnnotationError(
            "\(place) starts with \(first), which has a meaning in YAML: write the label in quotes, or use a text file with "
                + "one label per line")
    }

    private static func entries(_ lines: [String], from start: Int) throws(AnnotationError) -> [LabelFile.Entry]? {
        let first = lines[start].drop { $0 != ":" }.dropFirst().trimmed
        if let bracket = first.first, bracket == "[" || bracket == "{" {
            return try flow(
                lines[start...].joined(separator: " ").drop { $0 != bracket }, isMapping: bracket == "{",
                end: bracket == "{" ? "}" : "]")
        }
        guard first.isEmpty else {
            let next = lines[(start + 1)...].first { !$0.trimmed.isEmpty }
            if next?.first?.isWhitespace == true || next?.hasPrefix("-") == true {
                try rejectMarks(first, "what follows line \(start + 1)'s key")
            }
            return nil
        }
        return try block(lines[(start + 1)...], start)
    }

    private static func block(
        _ lines: ArraySlice<String>, _ start: Int
    ) throws(AnnotationError) -> [LabelFile.Entry]? {
        var items: [LabelFile.Entry] = [], members: [(key: String, value: JSONValue)] = []
        for (index, line) in lines.enumerated() {
            let text = line.trimmed
            if text.isEmpty { continue }
            if text.hasPrefix("- ") {
                let item = text.dropFirst(2).trimmed
                guard LabelLines.unquoted(item) != nil || !item.contains(": ") else {
                    throw AnnotationError(
                        "line \(start + 2 + index) is not a label of the list: use a text file with one label per line")
                }
                try rejectMarks(item, "line \(start + 2 + index)")
                items.append(.init(text: scalar(item), place: "line \(start + 2 + index)"))
                continue
            }
            // Another key of the file ends the list.
            guard line.first?.isWhitespace == true else { break }
            guard let member = try member(text, "line \(start + 2 + index)") else {
                throw AnnotationError(
                    "line \(start + 2 + index) is not a label of `names`: use a text file with one label per line")
            }
            members.append(member)
        }
        if members.isEmpty { return items.isEmpty ? nil : items }
        guard items.isEmpty else {
            throw AnnotationError("`names` is both a list and a mapping: use a text file with one label per line")
        }
        return try LabelFormats.ofMapping(members)
    }

    static let ends: [Character: Character] = ["[": "]", "(": ")", "{": "}"]

    /// The list, tuple or dictionary that Python shows; nil where the text is none.
    static func python(_ text: String) -> [LabelFile.Entry]? {
        guard let first = text.first, let end = ends[first], text.last == end,
            !text.dropFirst().dropLast().contains(where: { $0 == first || $0 == end })
        else { return nil }
        let line = text.split(whereSeparator: \.isNewline).map { withoutComment($0) }.joined(separator: " ")
        guard let entries = try? flow(line[...], isMapping: first == "{", end: end) else { return nil }
        return entries.contains { $0.text.isEmpty || "[{(".contains($0.text.first!) } ? nil : entries
    }

    private static func flow(
        _ text: Substring, isMapping: Bool, end: Character
    ) throws(AnnotationError) -> [LabelFile.Entry] {
        var parts: [String] = [], current = "", quote: Character?, isClosed = false
        for character in text.dropFirst() {
            if quote == nil, character == end {
                isClosed = true
                break
            }
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"", current.trimmed.isEmpty || isMapping {
                quote = character
            }
            if quote == nil, character == "," {
                parts.append(current)
                current = ""
            } else {
                current.append(character)
            }
        }
        guard isClosed else { throw AnnotationError("`names` has no end: a \(end) is missing") }
        if !current.trimmed.isEmpty { parts.append(current) }
        guard isMapping else {
            var entries: [LabelFile.Entry] = []
            for (index, part) in parts.enumerated() {
                try rejectMarks(part.trimmed, "name \(index)")
                entries.append(.init(text: scalar(part.trimmed), place: "name \(index)"))
            }
            return entries
        }
        var members: [(key: String, value: JSONValue)] = []
        for part in parts {
            guard let member = try member(part.trimmed, "a label of `names`") else {
                throw AnnotationError("`names` contains \(JSONValue.string(part.trimmed).shown), which has no number")
            }
            members.append(member)
        }
        return try LabelFormats.ofMapping(members)
    }

    private static func member(
        _ text: String, _ place: String
    ) throws(AnnotationError) -> (key: String, value: JSONValue)? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        try rejectMarks(text, place)
        try rejectMarks(text[text.index(after: colon)...].trimmed, place)
        let key = scalar(text[..<colon].trimmed), value = scalar(text[text.index(after: colon)...].trimmed)
        return key.isEmpty ? nil : (key, .string(value))
    }

    private static func scalar(_ text: String) -> String {
        guard text.count >= 2, let quote = text.first, quote == text.last, quote == "\"" || quote == "'" else { return text }
        let inner = String(text.dropFirst().dropLast())
        return quote == "'"
            ? inner.replacingOccurrences(of: "''", with: "'")
            : inner.replacingOccurrences(of: "\\\"", with: "\"").replacingOccurrences(of: "\\\\", with: "\\")
    }

    /// A comment begins at a # that is the first character or follows a blank, outside quotes.
    static func withoutComment(_ line: Substring) -> String {
        var quote: Character?, before: Character = " ", kept = ""
        for character in line {
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"", before.isWhitespace || "[{,:-".contains(before) {
                quote = character
            } else if quote == nil, character == "#", before.isWhitespace {
                break
            }
            kept.append(character)
            before = character
        }
        return kept
    }
}
