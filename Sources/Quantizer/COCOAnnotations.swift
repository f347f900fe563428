import Foundation

/// Boxes of a photo set in COCO's JSON format.
public struct COCOAnnotations: Decodable, Sendable {
    /// One of the set's pictures.
    public struct Picture: Decodable, Sendable {
        /// What the annotations call it.
        public var id: Int
        /// Of its file.
        public var name: String

        enum CodingKeys: String, CodingKey {
            case id
            case name = "file_name"
        }
    }

    /// A kind of objects.
    public struct Category: Decodable, Sendable {
        /// What the annotations call it. Ids may have gaps.
        public var id: Int
        /// Compared with labels without regard to case.
        public var name: String
    }

    struct Annotation: Decodable {
        var picture: Int
        var category: Int
        var box: [Double]
        var area: Double?
        var isCrowd: Int?

        enum CodingKeys: String, CodingKey {
            case picture = "image_id"
            case category = "category_id"
            case box = "bbox"
            case area
            case isCrowd = "iscrowd"
        }
    }

    /// In the file's order, also those without objects.
    public let pictures: [Picture]
    /// In the file's order.
    public let categories: [Category]
    private let annotations: [Annotation]

    enum CodingKeys: String, CodingKey {
        case pictures = "images"
        case categories, annotations
    }

    /// Throws `DecodingError` where `json` has another form.
    public init(json: Data) throws {
        self = try JSONDecoder().decode(Self.self, from: json)
        for annotation in annotations where annotation.box.count != 4 {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "a bbox of \(annotation.box.count) numbers instead of 4"))
        }
    }

    /// The objects in the pictures with these ids.
    public func truths(in pictures: Set<Int>) -> [AveragePrecision.Truth] {
        annotations.filter { pictures.contains($0.picture) }.map {
            let box = AveragePrecision.Box(x: $0.box[0], y: $0.box[1], width: $0.box[2], height: $0.box[3])
            return AveragePrecision.Truth(
                picture: $0.picture, category: $0.category, box: box, area: $0.area ?? box.width * box.height,
                isCrowd: $0.isCrowd == 1)
        }
    }

    /// By category id: the class of a detector with `labels` (background first). By name where all categories are
    /// labels; otherwise, where there are as many, in the order of their ids; nil where neither fits.
    public func classes(labels: [String]) -> [Int: Int]? {
        var byName: [Int: Int] = [:]
        for category in categories {
            byName[category.id] = labels.dropFirst().firstIndex { $0.lowercased() == category.name.lowercased() }
        }
        if byName.count == categories.count { return byName }
        guard categories.count == labels.count - 1 else { return nil }
        let ids = categories.map(\.id).sorted()
        return Dictionary(uniqueKeysWithValues: zip(ids, 1...))
    }
}
