/// Which entry of an annotation file each picture is.
public struct PictureMatching: Sendable {
    /// For each of the given names a place in `AnnotationSet.pictures`; nil where the file names no such picture.
    public let entries: [Int?]
    /// Places in `AnnotationSet.pictures` that no name is of.
    public let absent: [Int]
    /// A line each, without the file's name.
    public let remarks: [String]
}

/// What a picture is called where it lies.
public struct PictureName: Sendable {
    /// Below the folder or list that was given.
    public let name: String
    /// Where that lies; it tells pictures of one name apart.
    public let folder: String

    /// `folder` is empty where it is not known.
    public init(_ name: String, in folder: String = "") {
        self.name = name
        self.folder = folder
    }
}

extension AnnotationSet {
    /// Finds the entry of each picture. The longest end of its path that an entry has decides, in the spelling of the file
    /// first; a name alone does where it is the only one. Throws where two entries, or two pictures, fit one another alike.
    public func match(_ names: [PictureName]) throws(AnnotationError) -> PictureMatching {
        var matcher = PictureMatcher(entries: pictures.map(\.name), names)
        for form in PicturePath.Form.allCases { try matcher.match(form) }
        return PictureMatching(
            entries: matcher.entryOf, absent: pictures.indices.filter { !matcher.isTaken[$0] },
            remarks: matcher.remarks)
    }
}

private struct PictureMatcher {
    let entries: [String]
    let names: [PictureName]
    var entryOf: [Int?]
    var isTaken: [Bool]
    var remarks: [String] = []

    init(entries: [String], _ names: [PictureName]) {
        self.entries = entries
        self.names = names
        entryOf = Array(repeating: nil, count: names.count)
        isTaken = Array(repeating: false, count: entries.count)
    }

    mutating func match(_ form: PicturePath.Form) throws(AnnotationError) {
        guard isTaken.contains(false), entryOf.contains(nil) else { return }
        let entryParts = entries.map { PicturePath($0).parts(form) }
        let own = names.map { PicturePath($0.name).parts(form) }
        let full = names.map { PicturePath($0.folder + "/" + $0.name).parts(form) }
        let before = isTaken
        try match({ entryParts[$0] }, { own[$0] })
        func end(_ parts: [Bytes], _ length: Int) -> [Bytes] {
            parts.count >= length ? Array(parts.suffix(length)) : []
        }
        for length in (2...PicturePath.maximumParts).reversed() {
            try match({ end(entryParts[$0], length) }, { end(full[$0], length) })
        }
        // Folders speak against a picture whose name another one has.
        let known = Set(entryParts.indices.filter { isTaken[$0] }.compactMap { entryParts[$0].last })
        try match(
            { entry in entryParts[entry].last.map { known.contains($0) ? [] : [$0] } ?? [] }, { end(full[$0], 1) })
        if form.isLoose {
            let how = form == .stem ? "has another ending" : "differs in case, in %-escapes or in how accents are written"
            remark(isTaken.indices.filter { isTaken[$0] && !before[$0] }, how)
        }
    }

    /// Pairs what is left over and has the same key; empty keys are of nothing.
    private mutating func match(
        _ entryKey: (Int) -> [Bytes], _ nameKey: (Int) -> [Bytes]
    ) throws(AnnotationError) {
        guard isTaken.contains(false), entryOf.contains(nil) else { return }
        var candidates: [[Bytes]: [Int]] = [:]
        for entry in entries.indices where !isTaken[entry] {
            let key = entryKey(entry)
            if !key.isEmpty { candidates[key, default: []].append(entry) }
        }
        var pairs: [[Bytes]: [Int]] = [:]
        for name in names.indices where entryOf[name] == nil {
            let key = nameKey(name)
            if candidates[key] != nil { pairs[key, default: []].append(name) }
        }
        // In the order of the names, so that the same mistake is told each time.
        for (key, found) in pairs.sorted(by: { $0.value[0] < $1.value[0] }) {
            let fitting = candidates[key]!
            if fitting.count > 1 {
                throw AnnotationError(
                    "\(names[found[0]].name) can be its entry \(entries[fitting[0]]) or \(entries[fitting[1]]): "
                        + "keep pictures of the same name in folders that are called as in file_name")
            }
            if found.count > 1 {
                throw AnnotationError(
                    "its entry \(entries[fitting[0]]) can be \(names[found[0]].name) or \(names[found[1]].name): "
                        + "give only one of these pictures, or write the folder into file_name")
            }
            entryOf[found[0]] = fitting[0]
            isTaken[fitting[0]] = true
        }
    }

    private mutating func remark(_ places: [Int], _ how: String) {
        guard let first = places.first, let name = entryOf.firstIndex(of: first) else { return }
        let others = places.count - 1
        let more = others == 0 ? "" : ", and \(others) more likewise"
        remarks.append(
            "its entry \(entries[first]) is taken for \(names[name].name), which \(how)\(more)")
    }
}
