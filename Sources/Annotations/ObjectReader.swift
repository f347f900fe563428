/// Reads the entries of `annotations`, and counts what is skipped.
struct ObjectReader {
    private let images: [AnnotationSet.Image]
    private let categories: [AnnotationSet.Category]
    private let imageOf: [EntryID: Int]
    private let categoryOf: [EntryID: Int]
    private var objects: [AnnotationSet.Object] = []
    private var count = 0
    private var withoutBox = Omission()
    private var unlistedImage = Omission()
    private var unlistedCategory = Omission()
    private var empty = Omission()
    private var repeated = Omission()
    private var scored = Omission()
    private var seen: Set<[Double]> = []

    /// How many entries something is the matter with, and the first of them.
    private struct Omission {
        var count = 0
        var first = ""

        mutating func add(_ entry: @autoclosure () -> String) {
            if count == 0 { first = entry() }
            count += 1
        }

        func sentence(of total: Int, _ one: String, _ several: String) -> String {
            "\(count) of \(total) annotations \(count == 1 ? one : several), as \(first)"
        }
    }

    /// Ids are all different.
    init(_ images: [AnnotationSet.Image], _ categories: [AnnotationSet.Category]) {
        self.images = images
        self.categories = categories
        imageOf = Dictionary(zip(images.map(\.id), images.indices)) { first, _ in first }
        categoryOf = Dictionary(zip(categories.map(\.id), categories.indices)) { first, _ in first }
    }

    mutating func add(_ entry: JSONValue, _ index: Int) throws(AnnotationError) {
        guard case .object(let members) = entry else {
            throw AnnotationError("annotations[\(index)] is \(entry.shown), but must be an object")
        }
        count += 1
        let place = Self.place(members["id"], index)
        let image = try EntryID(members["image_id"], "image_id", of: place)
        let category = try EntryID(members["category_id"], "category_id", of: place)
        let isCrowd = try Self.isCrowd(members["iscrowd"], place)
        guard let box = try Self.box(members["bbox"], place) else { return withoutBox.add(place) }
        let area = try Self.area(members["area"], place) ?? box[2] * box[3]
        guard let imageIndex = imageOf[image] else {
            return unlistedImage.add("\(image.shown) in \(place)")
        }
        guard let categoryIndex = categoryOf[category] else {
            return unlistedCategory.add("\(category.shown) in \(place)")
        }
        guard box[2] > 0, box[3] > 0 else {
            return empty.add("\(ImageChecks.shown(box)) in \(place) of \(images[imageIndex].name)")
        }
        if !seen.insert([Double(imageIndex), Double(categoryIndex)] + box).inserted { repeated.add(place) }
        switch members["score"] {
        case .integer: scored.add(place)
        case .number(let score) where score.isFinite: scored.add(place)
        default: break
        }
        objects.append(
            .init(
                image: imageIndex, category: categoryIndex, box: box, area: area, isCrowd: isCrowd, place: place))
    }

    /// Throws where nothing is left to find, or where boxes are empty.
    func finish() throws(AnnotationError) {
        guard count > 0 else {
            throw AnnotationError("its list of annotations is empty: without boxes there is nothing to find")
        }
        guard empty.count == 0 else {
            throw AnnotationError(
                empty.sentence(of: count, "has a box that is empty", "have boxes that are empty")
                    + ": remove them, or draw them again")
        }
        guard !objects.isEmpty else {
            let reason = (remarks.first.map { ": " + $0 } ?? "")
            throw AnnotationError("none of its annotations can be used" + reason)
        }
        guard objects.contains(where: { !$0.isCrowd }) else {
            throw AnnotationError("all of its boxes have iscrowd 1: nothing counts as an object, set it to 0")
        }
    }

    private var remarks: [String] {
        let image = "an image_id that `images` does not list", category = "a category_id that `categories` does not list"
        let copy = "another's image, category and box"
        let all = [
            (withoutBox, "has no box", "have no box", "skipped"),
            (unlistedImage, "has \(image)", "have \(image)", "skipped"),
            (unlistedCategory, "has \(category)", "have \(category)", "skipped"),
            (repeated, "repeats \(copy)", "repeat \(copy)", "counted as an object of its own"),
            (scored, "has a score", "have a score", "did a detector draw them? They count as objects"),
        ]
        return all.filter { $0.0.count > 0 }.map { found, one, several, end in
            found.sentence(of: count, one, several) + ": " + end
        }
    }

    /// Categories, objects and remarks without the background, and without the categories that only head others, as
    /// Roboflow writes the project's.
    func withoutParents() -> ([AnnotationSet.Category], [AnnotationSet.Object], [String]) {
        var remarks = self.remarks
        let used = Set(objects.map(\.category))
        var parents: Set<Bytes> = []
        for category in categories {
            // A category of its own name heads nothing.
            if let parent = category.parent, Bytes(parent) != Bytes(category.name) { parents.insert(Bytes(parent)) }
        }
        let isKept = categories.enumerated().map { index, category in
            if used.contains(index) { return true }
            let reason: String
            if ["background", "__background__", "_background_"].contains(category.name.folded) {
                reason = "is what every detector has besides its classes"
            } else if parents.contains(Bytes(category.name)) {
                reason = "is the supercategory of others"
            } else {
                return true
            }
            remarks.append("the category \(category.name) has no boxes and \(reason): skipped")
            return false
        }
        var moved: [Int] = []
        for kept in isKept { moved.append((moved.last ?? -1) + (kept ? 1 : 0)) }
        let objects = self.objects.map {
            AnnotationSet.Object(
                image: $0.image, category: moved[$0.category], box: $0.box, area: $0.area, isCrowd: $0.isCrowd,
                place: $0.place)
        }
        return (zip(categories, isKept).filter(\.1).map(\.0), objects, remarks)
    }

    // MARK: - Members

    private static func place(_ id: JSONValue?, _ index: Int) -> String {
        switch id {
        case .integer, .number, .string: "annotation \(id!.shown) (annotations[\(index)])"
        default: "annotations[\(index)]"
        }
    }

    private static func isCrowd(_ value: JSONValue?, _ place: String) throws(AnnotationError) -> Bool {
        switch value {
        case nil, .null, .bool(false), .integer(0), .number(0): return false
        case .bool(true), .integer(1), .number(1): return true
        case .string(let text):
            switch text.trimmed.lowercased() {
            case "", "0", "false": return false
            case "1", "true": return true
            default: break
            }
        default: break
        }
        throw AnnotationError("\(place): iscrowd is \(value!.shown), but must be 0 or 1")
    }

    /// nil where there is none: null, absent, or an empty list.
    private static func box(_ value: JSONValue?, _ place: String) throws(AnnotationError) -> [Double]? {
        let wanted = "must be four numbers, [left, top, width, height] in pixels"
        guard let value else { return nil }
        switch value {
        case .null: return nil
        case .list(let sides) where sides.isEmpty: return nil
        case .list(let sides):
            guard sides.count == 4 else {
                throw AnnotationError("\(place): bbox has \(sides.count) values, but \(wanted)")
            }
            var box: [Double] = []
            for side in sides { box.append(try number(side, "bbox", place, wanted)) }
            return box
        default: throw AnnotationError("\(place): bbox is \(value.shown), but \(wanted)")
        }
    }

    private static func area(_ value: JSONValue?, _ place: String) throws(AnnotationError) -> Double? {
        switch value {
        case nil, .null: nil
        case let value?:
            try notNegative(number(value, "area", place, "must be a number of pixels"), value, place)
        }
    }

    private static func notNegative(_ area: Double, _ value: JSONValue, _ place: String) throws(AnnotationError) -> Double {
        guard area >= 0 else { throw AnnotationError("\(place): area is \(value.shown), but must not be negative") }
        return area
    }

    /// What figures follow from has to be a number as it stands.
    private static func number(
        _ value: JSONValue, _ key: String, _ place: String, _ wanted: String
    ) throws(AnnotationError) -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number) where number.isFinite: return number
        case .string(let text) where text.quotedNumber != nil:
            throw AnnotationError("\(place): \(key) contains \(value.shown) in quotes: write numbers without quotes")
        default: throw AnnotationError("\(place): \(key) contains \(value.shown), but \(wanted)")
        }
    }
}
