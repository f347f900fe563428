extension INIMistake {
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
        case .value(.notANumber) where section == bytes("threshold"): "; a label that has : or = in it must be in double quotes"
        case .unknownClass(_, nearest: nil) where key == bytes("classes"):
            "; a label that has a comma in it must be in double quotes"
        default: ""
        }
    }

    /// Where the key is one, where that is another section.
    private var otherPlace: String {
        let known = Setting.all.first { bytes($0.entry.key) == lowercased(key) }
        guard let known, bytes(known.entry.section) != section else { return "" }
        return "; it belongs into [\(known.entry.section)]"
    }

    private var keys: String {
        var known: [String] = []
        for setting in Setting.all where bytes(setting.entry.section) == section { known.append("\(setting.entry.key)") }
        return known.isEmpty ? "include and exclude" : joined(known, by: ", ")
    }
}

extension INIMistake.Reason {
    /// What is wrong, and what to write instead.
    var words: String {
        switch self {
        case .nullByte: "the line has a null byte: this is no text file"
        case .carriageReturn: "a carriage return inside the line: save the file with the line breaks of Unix or Windows"
        case .notINI:
            "neither [SECTION] nor KEY = VALUE: begin a comment with # or ;, and put a name that has one, or a bracket, in "
                + "double quotes"
        case .behindSection:
            "text behind the section's bracket: move it to the next line, or put a name that has a bracket in double quotes"
        case .hashComment:
            "a comment behind a value begins with a blank and ;, not with # or //: put a text that has one in it in double "
                + "quotes"
        case .tightComment:
            "a comment begins with a blank and ;, and commas separate names: put a text that has ; in it in double quotes"
        case .foreignQuotes: "these are no quotes here: write the text without them or in double quotes"
        case .quote:
            "double quotes must enclose the whole text: write \\\" for a quote inside it, and put a text that has one in quotes"
        case .escape: "in double quotes a backslash must begin \\\", \\\\, \\n, \\r, \\t or \\xHH: write \\\\ for a backslash"
        case .noSection: "stands before the first section: put a line like [detect] above it"
        case .unknownSection:
            "no such section: there are [model], [camera], [detect], [threshold], [zone NAME], [stream] and [metrics]"
        case .unknownKey: "no such key"
        case .unknownBoardSection:
            "no such section: there are [board], [processor], [memory], [engine], [camera], [notes] and [budget MODEL]"
        case .unknownBoardKey: "no such key in this section: boards/README.md lists them"
        case .missing: "is missing: boards/README.md tells what it means"
        case .repeated(let line): "stands in line \(line) already: remove one of the two"
        case .empty: "a value is missing: write one, or remove the key"
        case .notUTF8: "not UTF-8: save the file in that encoding"
        case .value(let error): error.words
        case .unnamedZone: "a zone needs a name, like [zone door]"
        case .emptyZone: "the zone has neither include nor exclude: write one below it, or remove the zone"
        case .tooManyNames(let limit): "more than \(limit) classes: no model has so many"
        case .tooManyZones(let limit): "one more than the \(limit) zones that are possible: remove some"
        case .unknownClass(let label, let nearest):
            "the model has no class '\(text(label))': "
                + (nearest.map { "did you mean '\(text($0))'?" } ?? "the first line of the stream lists what it has")
        case .commentedClass:
            "a comment, and the model has a class of that name: put the label in double quotes, or a blank behind the sign"
        case .tooManyMistakes(let limit): "\(limit) mistakes: the rest was not looked at"
        case .noSetting: "the file has no setting, as if it was caught before it was written: write one at least, such as limit"
        case .noLineEnd: "the last line does not end: the file is not written whole, or lacks a line break at its end"
        }
    }
}
