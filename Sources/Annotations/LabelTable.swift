/// Label files in which not every line is a label: tables with a heading, comments, all labels in one line.
enum LabelTable {
    private typealias Entry = LabelFile.Entry

    private static let labelNames: Set = [
        "name", "names", "label", "labels", "class", "classes", "class_name", "label_name", "class name", "label name",
        "display_name", "category", "classname", "labelname", "title", "object",
    ]
    private static let numberNames: Set = [
        "id", "index", "idx", "class_id", "label_id", "class id", "category_id", "number", "no", "no.", "nr", "#", "classid",
        "class_index", "value", "key",
    ]

    /// Lines that begin with # or // are labels as well as any, unless without them there are as many as are wanted.
    static func withoutComments(
        _ lines: [LabelFile.Entry], count: Int, _ remarks: inout [String]
    ) -> [LabelFile.Entry] {
        let kept = lines.filter { !$0.text.hasPrefix("#") && !$0.text.hasPrefix("//") }
        // The background may be among them, or a heading.
        guard kept.count < lines.count, lines.count != count, (count...count + 1).contains(kept.count) else { return lines }
        let left = lines.count - kept.count
        remarks.append("\(left) line\(left == 1 ? " is a comment" : "s are comments"), no label\(left == 1 ? "" : "s")")
        return kept
    }

    /// Whether a line is that of darknet's .data file which names the file of labels.
    static func isDarknetsNames(_ line: String) -> Bool {
        line.hasPrefix("names") && line.dropFirst(5).trimmed.hasPrefix("=")
    }

    /// The labels of a table with a heading, or of a list in one line; nil for what is neither.
    static func entries(
        _ lines: [LabelFile.Entry], count: Int, _ remarks: inout [String]
    ) throws(AnnotationError) -> [LabelFile.Entry]? {
        guard let first = lines.first else { return nil }
        // CVAT's labelmap.txt: the colour of each label, and its parts.
        if lines.count > 1, lines.allSatisfy({ $0.text.count { $0 == ":" } == 3 }) {
            let names = lines.map { Entry(text: $0.text.prefix { $0 != ":" }.trimmed, place: $0.place) }
            remarks.append("of every line what follows the first colon is taken as a colour")
            return names.first?.text.lowercased() == "label" ? Array(names.dropFirst()) : names
        }
        if lines.count == 1, count > 1 {
            for separator: Character in [",", ";", "\t", "|"] {
                let parts = cells(first.text, separator)
                guard (count...count + 1).contains(parts.count) else { continue }
                if let odd = parts.first(where: isPartOfAList) {
                    throw AnnotationError(
                        "its one line is not a list of labels, as \(JSONValue.string(odd).shown): use a text file with one "
                            + "label per line")
                }
                remarks.append("its one line is taken for \(parts.count) labels")
                return parts.enumerated().map { Entry(text: $1, place: "label \($0 + 1)") }
            }
        }
        guard lines.count == count + 1 || lines.count == count + 2 else { return nil }
        for separator: Character in [",", ";", "\t", "|"] {
            let heading = cells(first.text, separator).map { $0.lowercased() }
            guard let label = heading.firstIndex(where: labelNames.contains) else { continue }
            let number = heading.firstIndex(where: numberNames.contains)
            // One column is a list whose first line may be a label.
            guard number != nil || heading.count > 1 || lines.count == count + 1 else { continue }
            remarks.append("\(first.place) is taken for the heading of a table")
            return try rows(lines.dropFirst(), separator, label: label, number: number)
        }
        return nil
    }

    /// Whether a list in brackets begins or ends here, as of `{nc: 2, names: [nine, ten]}`.
    private static func isPartOfAList(_ part: String) -> Bool {
        if let colon = part.firstIndex(of: ":"), part[part.index(after: colon)...].trimmed.hasPrefix("[") { return true }
        return [("[", "]"), ("{", "}")].contains { open, end in
            part.count { open.contains($0) } != part.count { end.contains($0) }
        }
    }

    private static func rows(
        _ lines: ArraySlice<LabelFile.Entry>, _ separator: Character, label: Int, number: Int?
    ) throws(AnnotationError) -> [LabelFile.Entry] {
        var entries: [Entry] = [], members: [(key: String, value: JSONValue)] = []
        for line in lines {
            let cells = cells(line.text, separator)
            guard max(label, number ?? 0) < cells.count else {
                throw AnnotationError("\(line.place) has fewer columns than the heading: use a text file with one label per line")
            }
            entries.append(Entry(text: cells[label], place: line.place))
            if let number { members.append((cells[number], .string(cells[label]))) }
        }
        return number == nil ? entries : try LabelFormats.ofMapping(members)
    }

    /// The parts of a line, without the quotes around them; separators within quotes are none.
    private static func cells(_ line: String, _ separator: Character) -> [String] {
        var cells: [String] = [], current = "", isQuoted = false
        for character in line {
            if character == "\"" { isQuoted.toggle() }
            if character == separator, !isQuoted {
                cells.append(current)
                current = ""
            } else {
                current.append(character)
            }
        }
        return (cells + [current]).map { LabelLines.unquoted($0.trimmed) ?? $0.trimmed }
    }
}
