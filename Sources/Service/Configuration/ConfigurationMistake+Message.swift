extension ConfigurationMistake {
    /// One line for the user: where, what is wrong, and what to write instead. `file` is the name the user gave.
    public func message(file: String) -> String {
        var place = "\(file):\(line): "
        if !section.isEmpty { place += "[\(text(section))] " }
        if !key.isEmpty { place += "\(text(key)): " }
        return place + reason.words + (reason == .unknownKey ? ": this section has \(keys)" : "")
    }

    private var keys: String {
        if section == bytes("model") { return "path and threads" }
        if section == bytes("camera") { return "name, size and rate" }
        if section == bytes("detect") { return "threshold, limit, classes and resize" }
        if section == bytes("stream") { return "socket and snapshots" }
        if section == bytes("metrics") { return "file" }
        return "include and exclude"
    }
}

extension ConfigurationMistake.Reason {
    /// What is wrong, and what to write instead.
    var words: String {
        switch self {
        case .lineTooLong(let limit): "the line is longer than \(limit) bytes: shorten it"
        case .nullByte: "the line has a null byte: this is no text file"
        case .notINI: "neither [SECTION] nor KEY = VALUE: begin a comment with # or ;"
        case .sectionTooLong(let limit): "the section's name is longer than \(limit) bytes: shorten it"
        case .noSection: "stands before the first section: put a line like [detect] above it"
        case .unknownSection:
            "no such section: there are [model], [camera], [detect], [threshold], [zone NAME], [stream] and [metrics]"
        case .unknownKey: "no such key"
        case .repeated(let line): "stands in line \(line) already: remove one of the two"
        case .empty: "a value is missing: write one, or remove the key"
        case .notUTF8: "not UTF-8: save the file in that encoding"
        case .notAbsolute: "wants a full path, one that begins with /"
        case .notANumber(let from, let to): "wants a number from \(brief(from)) to \(brief(to)), with a point"
        case .notAnInteger(let from, let to): "wants a whole number from \(from) to \(to)"
        case .notAResize: "wants fast or upstream"
        case .notYesOrNo: "wants yes or no, in small letters"
        case .notASize: "wants WIDTHxHEIGHT in pixels, like 640x480"
        case .notARectangle: "wants LEFT TOP RIGHT BOTTOM as fractions of the picture from 0 to 1, like 0 0.5 1 1"
        case .emptyRectangle: "encloses nothing: LEFT must be less than RIGHT, and TOP less than BOTTOM"
        case .unnamedZone: "a zone needs a name, like [zone door]"
        case .tooManyZones(let limit): "one more than the \(limit) zones that are possible: remove some"
        case .unknownClass(let label):
            "the model has no class '\(text(label))': the first line of the stream lists what it has"
        case .tooManyMistakes(let limit): "\(limit) lines cannot be read: the rest was not looked at"
        }
    }

    private func brief(_ number: Double) -> String {
        number == Double(Int64(number)) ? fixed(number, decimals: 0) : "\(number)"
    }
}

extension ConfigurationError {
    /// What is wrong and what to do; `file` is the name the user gave.
    public func message(file: String) -> String {
        switch self {
        case .cannotOpen(let error): "\(file): cannot be opened: \(errorText(error))"
        case .tooLarge(let limit): "\(file): larger than \(byteCount(limit)): this is no configuration file"
        case .outOfMemory: "\(file): no memory to read it"
        }
    }

    /// What a program ends with that cannot do without the file.
    public var exitCode: ExitCode {
        switch self {
        case .cannotOpen: .noInput
        case .tooLarge: .configuration
        case .outOfMemory: .system
        }
    }
}
