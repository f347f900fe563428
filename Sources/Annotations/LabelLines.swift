import Foundation

/// Label files with one label a line, numbered or not.
enum LabelLines {
    private typealias Entry = LabelFile.Entry

    static func labels(
        _ lines: [LabelFile.Entry], _ remarks: inout [String]
    ) throws(AnnotationError) -> [LabelFile.Entry] {
        var lines = lines
        // What stands before or behind all labels, and not what a label itself has.
        for (end, name) in [(",", "comma"), (";", "semicolon")] {
            guard lines.count > 1, lines.dropLast().allSatisfy({ $0.text.hasSuffix(end) }) else { continue }
            for index in lines.indices where lines[index].text.hasSuffix(end) {
                lines[index].text = lines[index].text.dropLast().trimmed
            }
            remarks.append("every line ends in a \(name), which is not part of its label")
        }
        for (start, name) in [("- ", "dash"), ("* ", "star"), ("\u{2022} ", "bullet")] {
            guard lines.count > 1, lines.allSatisfy({ $0.text.hasPrefix(start) }) else { continue }
            for index in lines.indices { lines[index].text = lines[index].text.dropFirst(2).trimmed }
            remarks.append("every line starts with a \(name), which is not part of its label")
        }
        let commented = lines.compactMap { line in
            line.text.range(of: " # ").map { Entry(text: line.text[..<$0.lowerBound].trimmed, place: line.place) }
        }
        if lines.count > 1, commented.count == lines.count {
            lines = commented
            remarks.append("every line has a comment behind its label")
        }
        if !lines.isEmpty, lines.allSatisfy({ unquoted($0.text) != nil }) {
            for index in lines.indices { lines[index].text = unquoted(lines[index].text)! }
            remarks.append("every line is in quotes, which are not part of its label")
        }
        if let labels = try inOrder(lines, lines.map { numbered($0.text) }) {
            remarks.append("every line starts with its number, which is not part of its label")
            return labels
        }
        // Behind a blank alone a number may be a part of a label: of two labels it well may.
        for separators in [",:;=|\t", " "] where separators != " " || lines.count > 2 {
            if let labels = try inOrder(lines, lines.map { numberedAtTheEnd($0.text, separators) }) {
                remarks.append("every line ends in its number, which is not part of its label")
                return labels
            }
        }
        let numbers = lines.map { numbered($0.text)?.number }
        for first in 0...1 {
            let counted = numbers.enumerated().filter { $1 == first + $0 }.count
            guard counted > 1, numbers.contains(nil) else { continue }
            remarks.append("\(counted) of \(lines.count) lines start with their number, which is taken as part of the label")
            break
        }
        return lines
    }

    /// The labels in the order of their numbers; nil where these are not 0, 1, 2, ... or 1, 2, 3, ..., or belong to the
    /// labels, which are the same without them.
    private static func inOrder(
        _ lines: [LabelFile.Entry], _ numbered: [(number: Int, label: String)?]
    ) throws(AnnotationError) -> [LabelFile.Entry]? {
        let found = numbered.compactMap { $0 }
        guard found.count == lines.count, found.count > 1 else { return nil }
        guard Set(found.map { Bytes($0.label) }).count > 1 else { return nil }
        let order = found.indices.sorted { found[$0].number < found[$1].number }
        let first = found[order[0]].number
        guard first == 0 || first == 1 else { return nil }
        for (place, index) in order.enumerated() where found[index].number != first + place {
            // Five numbers that rise are hardly parts of labels.
            guard found.count >= 5, zip(found, found.dropFirst()).allSatisfy({ $0.number < $1.number }) else { return nil }
            throw AnnotationError(
                "\(lines[index].place) has the number \(found[index].number), but \(first + place) is expected: "
                    + "write one label a line, without numbers")
        }
        return order.map { LabelFile.Entry(text: found[$0].label, place: lines[$0].place) }
    }

    /// Whether the lines are `[0] label`, `[1] label` and so on, which begin as JSON does.
    static func areNumbered(_ lines: [LabelFile.Entry]) -> Bool {
        lines.count > 1 && lines.allSatisfy { $0.text.hasPrefix("[") && numbered($0.text) != nil }
    }

    /// Of `3 label`, `3: label`, `3. label`, `3) label`, `[3] label`, `3, label`, `3 -> label` and the like.
    private static func numbered(_ line: String) -> (number: Int, label: String)? {
        let isBracketed = line.hasPrefix("[") || line.hasPrefix("(")
        let line = line.dropFirst(isBracketed ? 1 : 0)
        let digits = line.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count < 7, let number = Int(digits) else { return nil }
        var rest = line[digits.endIndex...]
        let separators = isBracketed ? "])" : ":.),;=-|"
        guard let separator = rest.first, !isBracketed && separator.isWhitespace || separators.contains(separator) else {
            return nil
        }
        rest = rest.drop { $0.isWhitespace }
        for arrow in ["->", "=>"] where rest.hasPrefix(arrow) { rest = rest.dropFirst() }
        if let first = rest.first, separators.contains(first) || first == ">" { rest = rest.dropFirst() }
        let label = rest.trimmed
        return label.isEmpty ? nil : (number, unquoted(label) ?? label)
    }

    /// Of `label,3`, `label: 3`, `label = 3`, `label` and a tab and `3`.
    /// - Parameter separators: one of them is before the number.
    private static func numberedAtTheEnd(_ line: String, _ separators: String) -> (number: Int, label: String)? {
        guard let place = line.lastIndex(where: { separators.contains($0) }) else { return nil }
        let digits = line[line.index(after: place)...].trimmed, label = line[..<place].trimmed
        guard digits.utf8.count < 7, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
            !label.isEmpty
        else { return nil }
        return (number, unquoted(label) ?? label)
    }

    /// nil where it is in no quotes.
    static func unquoted(_ text: some StringProtocol) -> String? {
        guard text.count >= 2, let quote = text.first, quote == text.last, quote == "\"" || quote == "'" else { return nil }
        let inner = text.dropFirst().dropLast()
        guard !inner.contains(quote) else { return nil }
        return String(inner).trimmed
    }
}
