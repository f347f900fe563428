extension INIDiagnostic {
    /// One line for the user: where, what is wrong, and what to write instead. `file` is the name the user gave.
    public func message(file: String) -> String {
        var place = line > 0 ? "\(file):\(line): " : "\(file): "
        if !section.isEmpty { place += "[\(text(section))] " }
        if !key.isEmpty { place += "\(text(key)): " }
        return place + reason.words + advice
    }

    /// What the place adds.
    private var advice: String {
        switch reason {
        case .unknownKey: ": this section has \(keys)\(otherPlace)"
        case .value(.notANumber) where section == bytes("threshold"): "; a label that contains : or = must be in double quotes"
        case .unknownClass(_, nearest: nil) where key == bytes("classes"):
            "; a label that contains a comma must be in double quotes"
        default: ""
        }
    }

    /// Where the key is one, where that is another section.
    private var otherPlace: String {
        let known = Setting.all.first { bytes($0.entry.key) == lowercased(key) }
        guard let known, bytes(known.entry.section) != section else { return "" }
        return "; it belongs in [\(known.entry.section)]"
    }

    private var keys: String {
        var known: [String] = []
        for setting in Setting.all where bytes(setting.entry.section) == section { known.append("\(setting.entry.key)") }
        return known.isEmpty ? "include and exclude" : joined(known, by: ", ")
    }
}

extension INIDiagnostic.Reason {
    /// What is wrong, and what to write instead.
    var words: String {
        switch self {
        case .nullByte: "the line has a null byte: not a text file"
        case .carriageReturn: "a carriage return inside the line: save the file with the line breaks of Unix or Windows"
        case .notINI:
            "neither [SECTION] nor KEY = VALUE: start a comment with # or ;, and put a name that has one, or a bracket, in "
                + "double quotes"
        case .behindSection:
            "text after the section's bracket: move it to the next line, or put a name that has a bracket in double quotes"
        case .hashComment:
            "a comment after a value starts with a space and ;, not with # or //: put a text that contains one in double "
                + "quotes"
        case .tightComment:
            "a comment starts with a space and ;, and commas separate names: put a text that contains ; in double quotes"
        case .foreignQuotes: "unsupported quotes: write the text without them or in double quotes"
        case .quote:
            "double quotes must enclose the whole text: write \\\" for a quote inside it, and put a text that contains one in quotes"
        case .escape: "in double quotes a backslash must start \\\", \\\\, \\n, \\r, \\t or \\xHH: write \\\\ for a backslash"
        case .noSection: "key outside any section: put a line like [detect] above it"
        case .unknownSection:
            "unknown section: the sections are [model], [camera], [detect], [threshold], [zone NAME], [stream] and [metrics]"
        case .unknownKey: "unknown key"
        case .unknownBoardSection:
            "unknown section: the sections are [board], [processor], [memory], [engine], [camera], [notes] and [budget MODEL]"
        case .unknownBoardKey: "unknown key in this section: boards/README.md lists them"
        case .missing: "is missing: boards/README.md describes it"
        case .repeated(let line): "duplicate key (first on line \(line)): remove one"
        case .empty: "missing value: write one, or remove the key"
        case .notUTF8: "not UTF-8: save the file in that encoding"
        case .value(let error): error.words
        case .unnamedZone: "a zone needs a name, like [zone door]"
        case .emptyZone: "neither include nor exclude: add one below it, or remove the zone"
        case .zoneWithoutObjects(let task):
            "a zone needs boxes of objects, and the model's task is \(task.word): remove the zone, or use a detector"
        case .tooManyNames(let limit): "too many classes (maximum \(limit))"
        case .tooManyZones(let limit): "too many zones (maximum \(limit))"
        case .unknownClass(let label, let nearest):
            "unknown class '\(text(label))': "
                + (nearest.map { "did you mean '\(text($0))'?" } ?? "the first line of the stream lists the classes")
        case .commentedClass:
            "a comment, and the model has a class of that name: put the label in double quotes, or a space after the sign"
        case .tooManyDiagnostics(let limit): "too many errors (\(limit)): the rest was not checked"
        case .noSetting: "no settings, as in a file that is still being written: write at least one, such as limit"
        case .noLineEnd: "the last line is incomplete: the file is still being written, or lacks a line break at its end"
        }
    }
}
