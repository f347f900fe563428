import Foundation

/// What label files look like: a label a line, numbered or not; JSON, YAML and TensorFlow's label maps.
enum LabelFormats {
    private typealias Entry = LabelFile.Entry

    /// - Parameter count: how many labels are wanted: it decides what may be a comment, a heading or a list in one line.
    static func entries(
        _ text: String, count: Int, _ remarks: inout [String]
    ) throws(AnnotationError) -> [LabelFile.Entry] {
        let trimmed = assigned(text.trimmed)
        if let other = OtherFormat(notLabels: trimmed) { throw LabelFile.error(other) }
        var lines: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let label = String(line).trimmed
            if !label.isEmpty { lines.append(Entry(text: label, place: "line \(index + 1)")) }
        }
        if trimmed.first == "(", trimmed.last == ")", let entries = YAMLNames.python(trimmed) { return entries }
        if let first = trimmed.utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            !LabelLines.areNumbered(lines)
        {
            return try json(trimmed, count: count)
        }
        if lines.contains(where: { $0.text.hasPrefix("item") && $0.text.dropFirst(4).trimmed.hasPrefix("{") }) {
            return try labelMap(text)
        }
        if let entries = try YAMLNames.entries(text) { return entries }
        if lines.contains(where: { LabelTable.isDarknetsNames($0.text) }), lines.count != count {
            throw AnnotationError("is darknet's .data file: use the file that its line `names` names")
        }
        lines = LabelTable.withoutComments(lines, count: count, &remarks)
        if let entries = try LabelTable.entries(lines, count: count, &remarks) { return entries }
        return try LabelLines.labels(lines, &remarks)
    }

    /// What a program assigns to a name: `names = ['nine', ...]`, `const labels = [...];`. Else the text itself.
    private static func assigned(_ text: String) -> String {
        guard let sign = text.firstIndex(of: "=") else { return text }
        let name = text[..<sign].trimmed
        var value = text[text.index(after: sign)...].trimmed
        if value.hasSuffix(";") { value = value.dropLast().trimmed }
        guard let first = value.first, let end = YAMLNames.ends[first], value.last == end, !name.isEmpty,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_ .".contains($0)) })
        else { return text }
        return value
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
                let found: [Entry]
                switch members[key] ?? members.first(where: { $0.key.lowercased() == key })?.value {
                case .list(let items): found = try ofList(items)
                case .object(let names): found = try ofMapping(names.map { ($0.key, $0.value) })
                default: continue
                }
                if case .integer(let count) = members["nc"] { try YAMLNames.check(found, count: count) }
                return found
            }
            if case .list(let categories) = members["categories"] {
                return try ofCategories(categories, count: count)
            }
            return try ofMapping(members.map { ($0.key, $0.value) })
        default: throw AnnotationError("contains \(value.shown), not labels: use a text file with one label per line")
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
            if case .object(let members) = item, let id = members["id"] {
                ids.append(try EntryID(id, "id", of: "entry \(index)"))
            }
        }
        guard ids.count == entries.count, Set(ids).count == ids.count else { return entries }
        return entries.indices.sorted { ids[$0] < ids[$1] }.map { entries[$0] }
    }

    /// Of COCO's annotations. A category that only heads others is skipped where there is one too many, as in Roboflow's.
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
                    "contains \(JSONValue.string(key).shown), which is not the number of a label: "
                        + "use a text file with one label per line")
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
    private static func labelMap(_ text: String) throws(AnnotationError) -> [LabelFile.Entry] {
        var members: [(key: String, value: JSONValue)] = []
        let lines = text.split(whereSeparator: \.isNewline).map { YAMLNames.withoutComment($0) }
        for block in lines.joined(separator: "\n").split(separator: "}") {
            guard let start = block.firstIndex(of: "{") else { continue }
            let fields = fields(block[block.index(after: start)...])
            guard let id = fields["id"], let label = fields["display_name"] ?? fields["name"] else {
                throw AnnotationError("an item of the label map has no id or no name")
            }
            members.append((id, .string(label)))
        }
        return try ofMapping(members)
    }

    /// Of `key: value`, with blanks, commas or line ends between them.
    private static func fields(_ text: Substring) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = text
        while let colon = rest.firstIndex(of: ":") {
            let key = rest[..<colon].split { $0.isWhitespace || ",;".contains($0) }.last.map(String.init) ?? ""
            rest = rest[rest.index(after: colon)...].drop { $0.isWhitespace }
            let value: Substring
            if let quote = rest.first, "'\"".contains(quote) {
                rest = rest.dropFirst()
                value = rest.prefix { $0 != quote }
            } else {
                value = rest.prefix { !$0.isWhitespace && !",;".contains($0) }
            }
            rest = rest[value.endIndex...].dropFirst()
            fields[key] = fields[key] ?? String(value).trimmed
        }
        return fields
    }
}
