/// The three lists of a COCO file; where the file is another, what it seems to be.
struct OutermostLists {
    let images: [JSONValue]
    let categories: [JSONValue]
    let annotations: [JSONValue]

    private static let wanted: Set<String> = [
        "images", "categories", "annotations", "id", "file_name", "filename", "path", "coco_url", "width", "height", "name",
        "supercategory", "image_id", "category_id", "bbox", "area", "iscrowd",
        // By these other formats are known.
        "score", "data", "image", "caption", "segments_info",
    ]

    init(_ bytes: UnsafeRawBufferPointer) throws(AnnotationError) {
        if let other = OtherFormat(magic: bytes) { throw Self.error(other) }
        let text = try FileText.utf8(bytes)
        guard text.contains(where: { $0 > 0x20 }) else { throw AnnotationError("is empty") }
        if let other = OtherFormat(text: text) { throw Self.error(other) }
        var keys: [String] = []
        let root = try Self.parsed(text, &keys)
        if let other = OtherFormat(json: root, keys: keys) { throw Self.error(other) }
        guard case .object(let members) = root else {
            throw AnnotationError(
                "is not COCO's JSON: it contains \(root.shown), not an object with images, annotations and categories")
        }
        func list(_ key: String) throws(AnnotationError) -> [JSONValue] {
            switch members[key] {
            case .list(let list): return list
            case nil:
                let reason = key == "annotations" ? " (a file for a test set has none)" : ""
                throw AnnotationError(
                    "is not COCO's JSON: it has no `\(key)`\(reason); images, annotations and categories are needed")
            case let value?: throw AnnotationError("is not COCO's JSON: `\(key)` is \(value.shown), but must be a list")
            }
        }
        images = try list("images")
        annotations = try list("annotations")
        categories = try list("categories")
    }

    private static func parsed(_ text: [UInt8], _ keys: inout [String]) throws(AnnotationError) -> JSONValue {
        try text.withUnsafeBufferPointer { bytes throws(AnnotationError) in
            var parser = JSONParser(bytes, wanted: wanted)
            let root = try parser.parse { OutermostLists.error(.lines) }
            keys = parser.outermostKeys
            return root
        }
    }

    private static func error(_ other: OtherFormat) -> AnnotationError {
        AnnotationError("is not COCO's JSON but \(other.name): \(other.fix)")
    }
}

/// A file that people name in place of COCO's.
struct OtherFormat {
    let name: String
    let fix: String

    private init(_ name: String, _ fix: String) {
        self.name = name
        self.fix = fix
    }

    /// One object a line.
    static let lines = OtherFormat("a list of JSON lines", "export the boxes as COCO, in one object")

    /// Files that are no text.
    init?(magic bytes: UnsafeRawBufferPointer) {
        let unpack = "unpack it, and name the JSON file in it"
        let known: [([UInt8], String, String)] = [
            (Array("PK\u{3}\u{4}".utf8), "a zip archive", unpack), ([0x1F, 0x8B], "a gzip archive", unpack),
            (Array("BZh".utf8), "a bzip2 archive", unpack), ([0xFD] + Array("7zXZ".utf8), "an xz archive", unpack),
            ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive", unpack), (Array("7z".utf8) + [0xBC, 0xAF], "a 7z archive", unpack),
            (Array("Rar!".utf8), "a rar archive", unpack),
            ([0xFF, 0xD8, 0xFF], "a JPEG", "name the file with its boxes"),
            ([0x89] + Array("PNG".utf8), "a PNG image", "name the file with its boxes"),
            (Array("GGUF".utf8), "a model file", "name the file with the boxes"),
        ]
        guard let match = known.first(where: { bytes.starts(with: $0.0) }) else { return nil }
        self.init(match.1, match.2)
    }

    /// Texts that are no JSON.
    init?(text: [UInt8]) {
        let start = String(decoding: text.prefix(4096), as: UTF8.self).trimmed
        if start.hasPrefix("version https://git-lfs") {
            self.init("a Git LFS pointer", "fetch the file with 'git lfs pull'")
        } else if start.hasPrefix("<") {
            let lower = start.lowercased()
            if lower.contains("<annotations>") {
                self.init("CVAT's XML", "export the task as COCO 1.0")
            } else if lower.contains("<annotation>") || lower.contains("<annotation ") {
                self.init("Pascal VOC's XML", "export the project as COCO")
            } else {
                self.init("an XML or HTML page", "export the boxes as COCO")
            }
        } else if Self.isYOLO(start) {
            self.init("YOLO's text of one image", "export the project as COCO")
        } else {
            return nil
        }
    }

    /// Texts that are no labels either. A label may begin with < too.
    init?(notLabels text: String) {
        let start = text.prefix(16).lowercased()
        let pages = ["<!", "<?", "<html", "<annotation", "<view", "version https://"]
        guard pages.contains(where: start.hasPrefix) || Self.isYOLO(text) else { return nil }
        self.init(text: Array(text.utf8.prefix(4096)))
    }

    /// A class and four shares of the image.
    private static func isYOLO(_ start: String) -> Bool {
        let line = start.prefix { !$0.isNewline }
        let words = line.split(whereSeparator: \.isWhitespace)
        return words.count >= 5 && Int(words[0]) != nil && words.allSatisfy { Double($0) != nil }
    }

    /// - Parameter keys: of the outermost object.
    init?(json root: JSONValue, keys: [String]) {
        let export = "export the project as COCO"
        if case .list(let items) = root {
            guard case .object(let first) = items.first else { return nil }
            if first["image_id"] != nil, first["bbox"] != nil || first["score"] != nil {
                self.init("a list of detections, as detectors write them", "name the file with the annotated boxes")
            } else if first["annotations"] != nil, first["data"] != nil {
                self.init("Label Studio's own JSON", export)
            } else if first["annotations"] != nil, first["image"] != nil {
                self.init("CreateML's JSON", export)
            } else {
                return nil
            }
            return
        }
        if keys.contains("images"), keys.contains("annotations") {
            guard case .object(let members) = root, case .list(let entries) = members["annotations"],
                case .object(let first) = entries.first, first["bbox"] == nil
            else { return nil }
            let instances = "name the file of the same images whose annotations have boxes (instances_...)"
            if first["segments_info"] != nil {
                self.init("COCO's panoptic segmentation", instances)
            } else if first["caption"] != nil {
                self.init("COCO's captions", instances)
            } else {
                return nil
            }
            return
        }
        if keys.contains("shapes") {
            self.init("labelme's file of one image", "export all as COCO, with labelme2coco for example")
        } else if keys.contains("_via_img_metadata") || keys.contains("_via_settings") {
            self.init("the VGG annotator's project", "export the annotations as COCO")
        } else if keys.contains("items"), keys.contains("categories") {
            self.init("Datumaro's JSON", export)
        } else if keys.contains("assets") || keys.contains("asset") {
            self.init("VoTT's JSON", export)
        } else {
            return nil
        }
    }
}
