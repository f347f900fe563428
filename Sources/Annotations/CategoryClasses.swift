/// Which class of a detector each category is.
public struct CategoryClasses: Sendable {
    /// By place in `AnnotationSet.categories`, a place in `labels`.
    public let classes: [Int]
    /// The detector's labels, background first, and after them the categories that are none of these: they have objects
    /// that nothing can find.
    public let labels: [String]
    /// A line each, without the file's name.
    public let remarks: [String]
}

extension AnnotationSet {
    /// Categories are matched with `labels` (background first) by name, without regard to case. Only where no name fits at
    /// all, and there are as many of them, their order by id decides. Throws where neither is possible, or where a name is
    /// two labels.
    public func classes(labels: [String]) throws(AnnotationError) -> CategoryClasses {
        var exact: [Bytes: [Int]] = [:], folded: [Bytes: [Int]] = [:]
        for (index, label) in labels.enumerated().dropFirst() {
            exact[Bytes(label.trimmed), default: []].append(index)
            folded[Bytes(label.trimmed.folded), default: []].append(index)
        }
        // Streams tell classes by their labels alone.
        for places in exact.values where places.count > 1 {
            throw AnnotationError(
                "the model calls class \(places[0]) and class \(places[1]) alike, \(labels[places[0]]): give it labels "
                    + "that differ")
        }
        var matched: [Int?] = []
        for category in categories {
            let one = exact[Bytes(category.name)] ?? []
            let places = one.isEmpty ? folded[Bytes(category.name.folded)] ?? [] : one
            guard places.count < 2 else {
                throw AnnotationError(
                    "its category \(category.name) is class \(places[0]) and class \(places[1]) of the model: "
                        + "give the model labels that differ")
            }
            matched.append(places.first)
        }
        guard matched.contains(where: { $0 != nil }) else { return try byOrder(labels) }
        return named(matched, labels)
    }

    private func named(_ matched: [Int?], _ labels: [String]) -> CategoryClasses {
        var all = labels, unknown: [String] = []
        let used = Set(objects.map(\.category))
        let classes = matched.enumerated().map { category, label in
            if let label { return label }
            if used.contains(category) { unknown.append(categories[category].name) }
            all.append(categories[category].name)
            return all.count - 1
        }
        guard !unknown.isEmpty else { return CategoryClasses(classes: classes, labels: all, remarks: []) }
        let taken = Set(classes)
        let idle = labels.indices.dropFirst().filter { !taken.contains($0) }.map { labels[$0] }
        let hint = idle.isEmpty ? "" : "; labels without a category: \(Self.list(idle))"
        return CategoryClasses(
            classes: classes, labels: all,
            remarks: [
                "the model has no label \(Self.list(unknown)): its annotations count as not found\(hint)"
            ])
    }

    private func byOrder(_ labels: [String]) throws(AnnotationError) -> CategoryClasses {
        let names = Self.list(categories.map(\.name)), own = Self.list(Array(labels.dropFirst()))
        guard categories.count == labels.count - 1 else {
            throw AnnotationError("its categories (\(names)) are not the model's labels (\(own))")
        }
        return CategoryClasses(
            classes: Array(1..<labels.count), labels: labels,
            remarks: [
                "none of its categories (\(names)) is a label of the model (\(own)): they are taken in the order of "
                    + "their ids, which is a guess"
            ])
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(5).map { JSONValue.shortened($0) }.joined(separator: ", ")
            + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }
}
