import Foundation

/// The labels of a detector's classes, from a file with one a line or from those that people's tools write.
public struct LabelFile: Sendable {
    /// In bytes: what a line of the stream, a topic and a drawing have room for.
    public static let longestLabel = 255
    /// In bytes.
    public static let largestFile = (longestLabel + 1) * 4096

    /// Of a detector without the background; all different.
    public let labels: [String]
    /// What was taken for no part of the labels, a line each, without the file's name.
    public let remarks: [String]

    /// One label, and where it stands.
    struct Entry {
        var text: String
        var place: String
    }

    /// Reads the contents of a file.
    /// - Parameters:
    ///   - count: how many classes the network has, a detector beside the background.
    ///   - isDetector: a background is no class of its; of others it may be one.
    public init(_ bytes: UnsafeRawBufferPointer, count: Int, isDetector: Bool = true) throws(AnnotationError) {
        if let other = OtherFormat(magic: bytes) { throw Self.error(other) }
        let text = String(decoding: try FileText.utf8(bytes), as: UTF8.self)
        var remarks: [String] = []
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw AnnotationError("is empty: use a text file with one label per line")
        }
        var entries = try LabelFormats.entries(text, count: count, &remarks)
        try Self.skipBackground(&entries, count: count, isDetector: isDetector)
        try Self.check(entries)
        guard entries.count == count else {
            let beside = isDetector ? " beside the background" : ""
            throw AnnotationError("\(entries.count) labels, but the network has \(count) classes\(beside)")
        }
        labels = entries.map(\.text)
        self.remarks = remarks
    }

    /// As darknet, TensorFlow and torchvision call it.
    static let backgrounds: Set = ["background", "__background__", "_background_", "???"]

    static func error(_ other: OtherFormat) -> AnnotationError {
        AnnotationError("is \(other.name), not a list of labels: use a text file with one label per line")
    }

    /// A detector's background has no label in a file. Lists of other tools have it first, some last.
    private static func skipBackground(
        _ entries: inout [Entry], count: Int, isDetector: Bool
    ) throws(AnnotationError) {
        let certain = backgrounds
        // As DETR and OpenVINO call it, where there is one label too many.
        let possible: Set = ["n/a", "unlabeled", "unlabelled", "none", "null", "bg", "no object", "no_object"]
        guard let first = entries.first, let last = entries.last else { return }
        let name = first.text.lowercased()
        if entries.count == count + 1 {
            if certain.contains(name) || possible.contains(name) {
                entries.removeFirst()
            } else if certain.contains(last.text.lowercased()) {
                entries.removeLast()
            }
        } else if entries.count == count, isDetector, certain.contains(name) {
            throw AnnotationError(
                "\(first.place) is \(first.text), which is not one of the network's \(count) classes: a label is missing, and all "
                    + "others would be off by one")
        }
    }

    private static func check(_ entries: [Entry]) throws(AnnotationError) {
        var places: [Bytes: String] = [:]
        for entry in entries {
            guard !entry.text.isEmpty else { throw AnnotationError("\(entry.place) is empty: every class needs a label") }
            guard entry.text.utf8.count <= longestLabel else {
                throw AnnotationError(
                    "\(entry.place) has \(entry.text.utf8.count) bytes, but a label has at most \(longestLabel): "
                        + "is it one label a line?")
            }
            guard !entry.text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
                throw AnnotationError("\(entry.place) contains a control character: write labels without")
            }
            let key = Bytes(entry.text.precomposedStringWithCanonicalMapping)
            if let other = places.updateValue(entry.place, forKey: key) {
                throw AnnotationError(
                    "\(other) and \(entry.place) are both \(entry.text): every class needs a label of its own")
            }
        }
    }
}
