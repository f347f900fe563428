/// Detections as lines of a table: image, label, score, and the box in whole pixels; segments likewise, with their share, and
/// classes of images without a box. An image's rows are made as soon as it is done, so the columns are aligned as far as
/// `makeRoom(for:)` was told of the images.
struct DetectionTable {
    private let labels: [ArraySlice<UInt8>]
    private let labelWidth: Int
    private let haveBoxes: Bool
    private let score: StaticString
    private var imageWidth = 7
    private var hasHeader = false

    init(_ description: ModelDescription) {
        labels = description.labels
        haveBoxes = description.task.kind != .classification
        score = description.task.kind == .segmentation ? "share" : "score"
        var width = 5
        for label in labels { width = max(width, printable(text(label)).unicodeScalars.count) }
        // A very long label pushes its row out of line rather than all rows out of the window.
        labelWidth = min(width, 24)
    }

    /// Widens the column of names for an image that is to come.
    mutating func makeRoom(for name: ImageName) {
        imageWidth = max(imageWidth, printable(name.text).unicodeScalars.count)
    }

    mutating func rows(_ result: ImageResult) -> String {
        let image = printable(result.name.text)
        makeRoom(for: result.name)
        var rows = ""
        if !hasHeader {
            hasHeader = true
            rows += "\(padded("image", to: imageWidth))  \(padded("label", to: labelWidth))  \(score)"
            for name in ["left", "top", "right", "bottom"] where haveBoxes { rows += "  \(padded(name, to: 6, .right))" }
            rows += "\n"
        }
        let isEmpty = result.found.detections.isEmpty && result.found.classes.isEmpty && result.found.segments.isEmpty
        if isEmpty { rows += "\(padded(image, to: imageWidth))  -\n" }
        func begin(_ classIndex: Int32, _ score: Float) -> String {
            let label = printable(text(labels[Int(classIndex)]))
            return "\(padded(image, to: imageWidth))  \(padded(label, to: labelWidth))"
                + "  \(padded(fixed(Double(score), decimals: 3), to: 5, .right))"
        }
        for entry in result.found.classes { rows += begin(entry.classIndex, entry.score) + "\n" }
        func add(_ classIndex: Int32, _ score: Float, _ box: Box) {
            let box = box.pixels(in: result.size)
            rows += begin(classIndex, score)
            for side in [box.left, box.top, box.right, box.bottom] {
                rows += "  \(padded(fixed(Double(side), decimals: 0), to: 6, .right))"
            }
            rows += "\n"
        }
        for each in result.found.detections { add(each.classIndex, each.score, each.box) }
        for each in result.found.segments { add(each.classIndex, each.share, each.box) }
        return rows
    }
}
