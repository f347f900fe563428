extension ConfigurationMistake {
    /// One line for the user: where, what is wrong, and what to write instead. `file` is the name the user gave.
    public func message(file: String) -> String {
        var place = "\(file):\(line): "
        if !section.isEmpty { place += "[\(text(section))] " }
        if !key.isEmpty { place += "\(text(key)): " }
        return place + reason.words + advice
    }

    /// What the place adds.
    private var advice: String {
        switch reason {
        case .unknownKey: ": this section has \(keys)\(otherPlace)"
        case .notANumber where section == bytes("threshold"): "; a label that has : or = in it must be in double quotes"
        case .unknownClass(_, nearest: nil) where key == bytes("classes"):
            "; a label that has a comma in it must be in double quotes"
        default: ""
        }
    }

    /// Where the key is one, where that is another section.
    private var otherPlace: String {
        for known in ConfigurationReader.Key.allCases where bytes(known.place.key) == lowercased(key) {
            if bytes(known.place.section) == section { return "" }
            return "; it belongs into [\(known.place.section)]"
        }
        return ""
    }

    private var keys: String {
        var names = ""
        for key in ConfigurationReader.Key.allCases where bytes(key.place.section) == section {
            names += (names.isEmpty ? "" : ", ") + "\(key.place.key)"
        }
        return names.isEmpty ? "include and exclude" : names
    }
}

extension ConfigurationMistake.Reason {
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
        case .repeated(let line): "stands in line \(line) already: remove one of the two"
        case .empty: "a value is missing: write one, or remove the key"
        case .notUTF8: "not UTF-8: save the file in that encoding"
        case .notAbsolute: "wants a full path, one that begins with /"
        case .pathTooLong(let limit): "longer than the \(limit) bytes that a socket's path may have"
        case .notANumber(let from, let to):
            "wants a number from \(brief(from)) to \(brief(to)), without a unit, with a decimal point"
        case .notAnInteger(let from, let to): "wants a whole number from \(from) to \(to)"
        case .notAResize: "wants fast or upstream"
        case .notYesOrNo: "wants yes or no, in small letters"
        case .notASize: "wants WIDTHxHEIGHT in pixels, like 640x480"
        case .notAFormat: "wants mjpeg, yuyv, uyvy, nv12, yuv420, rgb24, bgr24 or grey"
        case .notARotation: "wants 0, 90, 180 or 270: degrees, clockwise"
        case .notARectangle: "wants LEFT TOP RIGHT BOTTOM as fractions of the picture from 0 to 1, like 0 0.5 1 1"
        case .emptyRectangle: "encloses nothing: LEFT must be less than RIGHT, and TOP less than BOTTOM"
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

    private func brief(_ number: Double) -> String {
        number == Double(Int64(number)) ? fixed(number, decimals: 0) : "\(number)"
    }
}
