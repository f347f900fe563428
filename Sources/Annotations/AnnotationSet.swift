/// The boxes of a photo set in COCO's JSON format, as people's tools write it. Everything that would make figures wrong is
/// an error; what can be skipped safely is skipped with a remark.
public struct AnnotationSet: Sendable {
    /// The largest file that is read, in bytes.
    public static let largestFile = 128 << 20

    /// One of the set's images.
    public struct Image: Sendable {
        /// Its file's, as written; directories may be before it.
        public let name: String
        /// In pixels; nil where the file doesn't say, as with sides of 0 or -1.
        public let size: Size?
        let place: String
        let id: EntryID
    }

    /// Width and height in pixels.
    public struct Size: Equatable, Sendable {
        /// Columns.
        public let width: Double
        /// Rows.
        public let height: Double

        /// Both are above 0.
        public init(width: Double, height: Double) {
            self.width = width
            self.height = height
        }

        var shown: String { "\(JSONValue.shown(width))x\(JSONValue.shown(height))" }
        var swapped: Size { Size(width: height, height: width) }
    }

    /// A kind of objects.
    public struct Category: Sendable {
        /// Without blanks at the ends.
        public let name: String
        let place: String
        let id: EntryID
        let parent: String?
    }

    /// A box around an object, or around a crowd of them.
    public struct Object: Sendable {
        /// A place in `images`.
        public let image: Int
        /// A place in `categories`.
        public let category: Int
        /// Left, top, width, height in pixels of the image; finite, the last two above 0.
        public let box: [Double]
        /// Of the object, in pixels; of the box where the file doesn't say.
        public let area: Double
        /// Whether the box is of many objects.
        public let isCrowd: Bool
        let place: String
    }

    /// In the order of their ids.
    public let images: [Image]
    /// In the order of their ids.
    public let categories: [Category]
    /// In the file's order.
    public let objects: [Object]
    /// What was skipped, a line each, without the file's name.
    public let remarks: [String]

    /// Reads the contents of a file.
    public init(_ bytes: UnsafeRawBufferPointer) throws(AnnotationError) {
        let lists = try OutermostLists(bytes)
        let images = try Self.read(lists.images, "images", Image.init)
        try Self.rejectDuplicates(images, "images", \.id, \.place)
        try Self.rejectSameNames(images)
        let categories = try Self.read(lists.categories, "categories", Category.init)
        try Self.rejectDuplicates(categories, "categories", \.id, \.place)
        try Self.rejectSameNames(categories)
        self.images = images.sorted { $0.id < $1.id }
        let sorted = categories.sorted { $0.id < $1.id }
        var reader = ObjectReader(self.images, sorted)
        for (index, entry) in lists.annotations.enumerated() {
            try reader.add(entry, index)
        }
        try reader.finish()
        (self.categories, objects, remarks) = reader.withoutParents()
    }

    private static func read<Entry>(
        _ list: [JSONValue], _ name: String,
        _ make: ([String: JSONValue], String) throws(AnnotationError) -> Entry
    ) throws(AnnotationError) -> [Entry] {
        guard !list.isEmpty else { throw AnnotationError("its list of \(name) is empty") }
        var entries: [Entry] = []
        for (index, value) in list.enumerated() {
            guard case .object(let members) = value else {
                throw AnnotationError("\(name)[\(index)] is \(value.shown), but must be an object")
            }
            entries.append(try make(members, "\(name)[\(index)]"))
        }
        return entries
    }

    private static func rejectDuplicates<Entry>(
        _ entries: [Entry], _ list: String, _ id: (Entry) -> EntryID, _ place: (Entry) -> String
    ) throws(AnnotationError) {
        var seen: [EntryID: String] = [:]
        for entry in entries {
            if let other = seen.updateValue(place(entry), forKey: id(entry)) {
                throw AnnotationError(
                    "\(other) and \(place(entry)) both have the id \(id(entry).shown): "
                        + "give every entry of \(list) an id of its own")
            }
        }
    }

    private static func rejectSameNames(_ images: [Image]) throws(AnnotationError) {
        var seen: [[Bytes]: String] = [:]
        for image in images {
            let path = ImagePath(image.name).plain
            if let other = seen.updateValue(image.place, forKey: path.isEmpty ? [Bytes(image.name)] : path) {
                throw AnnotationError(
                    "\(other) and \(image.place) are both of \(JSONValue.shortened(image.name)): "
                        + "keep one entry for an image")
            }
        }
    }

    private static func rejectSameNames(_ categories: [Category]) throws(AnnotationError) {
        var seen: [Bytes: Category] = [:]
        for category in categories {
            if let other = seen.updateValue(category, forKey: Bytes(category.name.folded)) {
                let names = other.name == category.name ? other.name : "\(other.name) and \(category.name)"
                throw AnnotationError(
                    "\(other.place) and \(category.place) have the same name, \(names): "
                        + "keep one entry for a category")
            }
        }
    }
}

extension AnnotationSet.Image {
    init(_ members: [String: JSONValue], _ place: String) throws(AnnotationError) {
        id = try EntryID(members["id"], "id", of: place)
        self.place = place
        // LVIS names images by their address alone.
        let names = ["file_name", "filename", "path", "coco_url"].compactMap { key -> String? in
            if case .integer(let number) = members[key] { return "\(number)" }
            guard case .string(let name) = members[key], !name.trimmed.isEmpty else { return nil }
            return name
        }
        guard let name = names.first else { throw AnnotationError("\(place) has no file_name") }
        guard !name.unicodeScalars.contains("\0") else {
            throw AnnotationError("\(place): file_name contains a character that no file name can contain")
        }
        self.name = name
        let width = try Self.side(members["width"], "width", place)
        let height = try Self.side(members["height"], "height", place)
        size = width.flatMap { width in height.map { .init(width: width, height: $0) } }
    }

    /// nil for what says nothing: null, "", 0, -1.
    private static func side(
        _ value: JSONValue?, _ key: String, _ place: String
    ) throws(AnnotationError) -> Double? {
        var side: Double?
        switch value {
        case nil, .null: return nil
        case .integer(let number): side = Double(number)
        case .number(let number): side = number
        case .string(let text) where text.trimmed.isEmpty: return nil
        case .string(let text): side = text.quotedNumber
        default: break
        }
        guard let side, side.isFinite else {
            throw AnnotationError("\(place): \(key) is \(value!.shown), but must be a number of pixels")
        }
        return side > 0 ? side : nil
    }
}

extension AnnotationSet.Category {
    init(_ members: [String: JSONValue], _ place: String) throws(AnnotationError) {
        id = try EntryID(members["id"], "id", of: place)
        self.place = place
        switch members["name"] {
        case .string(let text) where !text.trimmed.isEmpty: name = text.trimmed
        case .integer(let number): name = "\(number)"
        case nil, .null, .string: throw AnnotationError("\(place) has no name")
        case let value?: throw AnnotationError("\(place): name is \(value.shown), but must be a text")
        }
        if case .string(let text) = members["supercategory"] { parent = text.trimmed } else { parent = nil }
    }
}
