import Foundation

/// What label files look like: a label a line, numbered or not; JSON, YAML and TensorFlow's label maps.
enum LabelFormats {
    private typealias Entry = LabelFile.Entry

    /// - Parameter count: how many labels are wanted: it decides what may be a comment, a heading or a list in one line.
    static func entries(
        _ text: String, count: Int, _ remarks: inout [String]
    ) throws(AnnotationError) -> [LabelFile.Entry] {
        let trimmed = text.trimmed
        if let first = trimmed.utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            return try json(trimmed, count: count)
        }
        var lines: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let label = String(line).trimmed
            if !label.isEmpty { lines.append(Entry(text: label, place: "line \(index + 1)")) }
        }
        if lines.contains(where: { $0.text.hasPrefix("item") && $0.text.dropFirst(4).trimmed.hasPrefix("{") }) {
            return try labelMap(lines)
        }
        if let entries = try YAMLNames.entries(text) { return entries }
        if lines.contains(where: { LabelTable.isDarknetsNames($0.text) }), lines.count != count {
            throw AnnotationError("is darknet's .data file: give the file that its line `names` leads to")
        }
        lines = LabelTable.withoutComments(lines, count: count, &remarks)
        if let entries = try LabelTable.entries(lines, count: count, &remarks) { return entries }
        return try plain(lines, &remarks)
    }

    // MARK: - One label a line

    private static func plain(_ lines: [LabelFile.Entry], _ remarks: inout [String]) throws(AnnotationError) -> [LabelFile.Entry] {
        var lines = lines
        if lines.count > 1, lines.dropLast().allSatisfy({ $0.text.hasSuffix(",") }) {
            for index in lines.indices where lines[index].text.hasSuffix(",") {
                lines[index].text = lines[index].text.dropLast().trimmed
            }
            remarks.append("every line ends in a comma, which is no part of its label")
        }
        if lines.count > 1, lines.allSatisfy({ $0.text.hasPrefix("- ") }) {
            for index in lines.indices { lines[index].text = lines[index].text.dropFirst(2).trimmed }
            remarks.append("every line begins with a dash, which is no part of its label")
        }
        if !lines.isEmpty, lines.allSatisfy({ unquoted($0.text) != nil }) {
            for index in lines.indices { lines[index].text = unquoted(lines[index].text)! }
            remarks.append("every line is in quotes, which are no part of its label")
        }
        if let labels = try inOrder(lines, lines.map { numbered($0.text) }) {
            remarks.append("every line begins with its number, which is no part of its label")
            return labels
        }
        if let labels = try inOrder(lines, lines.map { numberedAtTheEnd($0.text) }) {
            remarks.append("every line ends in its number, which is no part of its label")
            return labels
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

    /// Of `3 label`, `3: label`, `3. label`, `3) label`, `3, label` and the like.
    private static func numbered(_ line: String) -> (number: Int, label: String)? {
        let digits = line.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count < 7, let number = Int(digits) else { return nil }
        var rest = line[digits.endIndex...]
        guard let separator = rest.first, separator.isWhitespace || ":.),;=-".contains(separator) else { return nil }
        rest = rest.drop { $0.isWhitespace }
        if let first = rest.first, ":.),;=-".contains(first) { rest = rest.dropFirst() }
        let label = rest.trimmed
        return label.isEmpty ? nil : (number, unquoted(label) ?? label)
    }

    /// Of `label,3`, `label: 3` and `label`, a tab and `3`.
    private static func numberedAtTheEnd(_ line: String) -> (number: Int, label: String)? {
        guard let place = line.lastIndex(where: { ",:;\t".contains($0) }) else { return nil }
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

    // MARK: - JSON

    private static func json(_ text: String, count: Int) throws(AnnotationError) -> [LabelFile.Entry] {
        let bytes = Array(text.utf8)
        let root: JSONValue
        do throws(AnnotationError) {
            root = try bytes.withUnsafeBufferPointer { bytes throws(AnnotationError) in
                var parser = JSONParser(bytes, wanted: nil)
                return try parser.parse()
            }
        } catch {
            // Python writes its lists and dictionaries nearly so.
            if let entries = YAMLNames.python(text) { return entries }
            throw error
        }
        return try entries(root, count: count)
    }

    private static func entries(_ value: JSONValue, count: Int) throws(AnnotationError) -> [LabelFile.Entry] {
        switch value {
        case .list(let items): return try ofList(items)
        case .object(let members):
            for key in YAMLNames.keys {
                switch members[key] {
                case .list(let items): return try ofList(items)
                case .object(let names): return try ofMapping(names.map { ($0.key, $0.value) })
                default: continue
                }
            }
            if case .list(let categories) = members["categories"] {
                return try ofCategories(categories, count: count)
            }
            return try ofMapping(members.map { ($0.key, $0.value) })
        default: throw AnnotationError("holds \(value.shown), not labels: give a text with one label a line")
        }
    }

    private static func entry(_ value: JSONValue, _ place: String) throws(AnnotationError) -> LabelFile.Entry {
        switch value {
        case .string(let text): return Entry(text: text.trimmed, place: place)
        case .integer(let number): return Entry(text: "\(number)", place: place)
        case .object(let members):
            for key in ["display_name", "name", "label", "title"] {
                if let name = members[key] { return try entry(name, place) }
            }
            fallthrough
        default: throw AnnotationError("\(place) is \(value.shown), but must be a text")
        }
    }

    /// In the order of the entries' ids, where all have one; else in their own.
    private static func ofList(_ items: [JSONValue]) throws(AnnotationError) -> [LabelFile.Entry] {
        var entries: [Entry] = [], ids: [EntryID] = []
        for (index, item) in items.enumerated() {
            entries.append(try entry(item, "entry \(index)"))
            if case .object(let members) = item, let id = members["id"] { ids.append(try EntryID(id, "id", of: "entry \(index)")) }
        }
        guard ids.count == entries.count, Set(ids).count == ids.count else { return entries }
        return entries.indices.sorted { ids[$0] < ids[$1] }.map { entries[$0] }
    }

    /// Of COCO's annotations. A category that only heads others is left out where there is one too many, as in Roboflow's.
    private static func ofCategories(
        _ categories: [JSONValue], count: Int
    ) throws(AnnotationError) -> [LabelFile.Entry] {
        var found: [(id: EntryID, entry: Entry)] = [], parents: Set<String> = []
        for (index, category) in categories.enumerated() {
            let place = "categories[\(index)]"
            guard case .object(let members) = category else {
                guard case .string = category else {
                    throw AnnotationError("\(place) is \(category.shown), but must be an object")
                }
                found.append((.number(index), try entry(category, place)))
                continue
            }
            let entry = try entry(category, place)
            found.append((try EntryID(members["id"], "id", of: place), entry))
            if case .string(let parent) = members["supercategory"], parent.trimmed != entry.text {
                parents.insert(parent.trimmed)
            }
        }
        if found.count == count + 1, let head = found.firstIndex(where: { parents.contains($0.entry.text) }) {
            found.remove(at: head)
        }
        return found.sorted { $0.id < $1.id }.map(\.entry)
    }

    /// Of numbers to labels, or of labels to numbers.
    static func ofMapping(_ members: [(key: String, value: JSONValue)]) throws(AnnotationError) -> [LabelFile.Entry] {
        var found: [(number: Int, label: String)] = []
        for (key, value) in members {
            switch (Int(key), value) {
            case (let number?, .string(let label)): found.append((number, label.trimmed))
            case (nil, .integer(let number)): found.append((number, key.trimmed))
            case (nil, .string(let text)) where Int(text.trimmed) != nil:
                found.append((Int(text.trimmed)!, key.trimmed))
            default:
                throw AnnotationError(
                    "holds \(JSONValue.string(key).shown), which is no number of a label: "
                        + "give a text with one label a line")
            }
        }
        found.sort { $0.number < $1.number }
        let first = found.first?.number ?? 0
        for (place, one) in found.enumerated() where !(0...1).contains(first) || one.number != first + place {
            throw AnnotationError(
                "numbers its labels otherwise than 0, 1, 2, ...: \(one.number) is \(JSONValue.shortened(one.label))")
        }
        return found.map { Entry(text: $0.label, place: "number \($0.number)") }
    }

    // MARK: - TensorFlow's label maps

    /// `item { id: 1 name: 'nine' }`, on any number of lines.
    private static func labelMap(_ lines: [LabelFile.Entry]) throws(AnnotationError) -> [LabelFile.Entry] {
        var members: [(key: String, value: JSONValue)] = []
        let text = lines.map(\.text).joined(separator: "\n")
        for block in text.split(separator: "}") {
            guard let start = block.firstIndex(of: "{") else { continue }
            let body = block[block.index(after: start)...]
            func value(_ key: String) -> String? {
                for line in body.split(whereSeparator: { $0.isNewline || $0 == "," }) {
                    let line = line.trimmed
                    guard line.hasPrefix(key) else { continue }
                    let rest = line.dropFirst(key.count).trimmed
                    guard rest.hasPrefix(":") else { continue }
                    let text = rest.dropFirst().trimmed
                    return unquoted(text) ?? text
                }
                return nil
            }
            guard let id = value("id"), let label = value("display_name") ?? value("name") else {
                throw AnnotationError("an item of the label map has no id or no name")
            }
            members.append((id, .string(label)))
        }
        return try ofMapping(members)
    }
}
