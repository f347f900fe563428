/// Which entry of an annotation file each image is.
public struct ImageMatching: Sendable {
    /// For each of the given names a place in `AnnotationSet.images`; nil where the file names no such image.
    public let entries: [Int?]
    /// Places in `AnnotationSet.images` that no name is of.
    public let absent: [Int]
    /// A line each, without the file's name.
    public let remarks: [String]
}

/// What an image is called where it lies.
public struct ImageName: Sendable {
    /// Below the directory or list that was given.
    public let name: String
    /// Where that lies; it tells images of one name apart.
    public let directory: String

    /// `directory` is empty where it is not known.
    public init(_ name: String, in directory: String = "") {
        self.name = name
        self.directory = directory
    }
}

extension AnnotationSet {
    /// Finds the entry of each image. The longest end of its path that an entry has decides, in the spelling of the file
    /// first; a name alone does where it is the only one. Throws where two entries, or two images, fit one another alike.
    public func match(_ names: [ImageName]) throws(AnnotationError) -> ImageMatching {
        var matcher = ImageMatcher(entries: images.map(\.name), names)
        for form in ImagePath.Form.allCases { try matcher.match(form) }
        return ImageMatching(
            entries: matcher.entryOf, absent: images.indices.filter { !matcher.isTaken[$0] },
            remarks: matcher.remarks)
    }
}

private struct ImageMatcher {
    let entries: [String]
    let names: [ImageName]
    var entryOf: [Int?]
    var isTaken: [Bool]
    var remarks: [String] = []

    init(entries: [String], _ names: [ImageName]) {
        self.entries = entries
        self.names = names
        entryOf = Array(repeating: nil, count: names.count)
        isTaken = Array(repeating: false, count: entries.count)
    }

    mutating func match(_ form: ImagePath.Form) throws(AnnotationError) {
        guard isTaken.contains(false), entryOf.contains(nil) else { return }
        let entryParts = entries.map { ImagePath($0).parts(form) }
        let own = names.map { ImagePath($0.name).parts(form) }
        let full = names.map { ImagePath($0.directory + "/" + $0.name).parts(form) }
        let before = isTaken
        try match({ entryParts[$0] }, { own[$0] })
        func end(_ parts: [Bytes], _ length: Int) -> [Bytes] {
            parts.count >= length ? Array(parts.suffix(length)) : []
        }
        for length in (2...ImagePath.maximumParts).reversed() {
            try match({ end(entryParts[$0], length) }, { end(full[$0], length) })
        }
        // Directories speak against an image whose name another one has.
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
                        + "keep images of the same name in directories that are called as in file_name")
            }
            if found.count > 1 {
                throw AnnotationError(
                    "its entry \(entries[fitting[0]]) can be \(names[found[0]].name) or \(names[found[1]].name): "
                        + "give only one of these images, or write the directory into file_name")
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
