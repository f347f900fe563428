import Pixels
import Service
import Vision

/// Detections as lines of a table: picture, label, score, and the box in whole pixels. A picture's rows are made as
/// soon as it is done, so the columns are aligned as far as `makeRoom(for:)` was told of the pictures.
struct DetectionTable {
    private let labels: [[UInt8]]
    private let labelWidth: Int
    private var pictureWidth = 7
    private var hasHeader = false

    init(labels: [[UInt8]]) {
        self.labels = labels
        var width = 5
        for label in labels { width = max(width, printable(text(label)).unicodeScalars.count) }
        // A very long label pushes its row out of line rather than all rows out of the window.
        labelWidth = min(width, 24)
    }

    /// Widens the column of names for a picture that is to come.
    mutating func makeRoom(for name: PictureName) {
        pictureWidth = max(pictureWidth, printable(name.text).unicodeScalars.count)
    }

    mutating func rows(_ result: PictureResult) -> String {
        let picture = printable(result.name.text)
        makeRoom(for: result.name)
        var rows = ""
        if !hasHeader {
            hasHeader = true
            rows += "\(padded("picture", to: pictureWidth))  \(padded("label", to: labelWidth))  score"
            for name in ["left", "top", "right", "bottom"] { rows += "  \(padded(name, to: 6, .right))" }
            rows += "\n"
        }
        if result.detections.isEmpty { rows += "\(padded(picture, to: pictureWidth))  -\n" }
        for detection in result.detections {
            let label = printable(text(labels[Int(detection.classIndex)]))
            let box = detection.box.pixels(in: result.size)
            rows += "\(padded(picture, to: pictureWidth))  \(padded(label, to: labelWidth))"
            rows += "  \(padded(fixed(Double(detection.score), decimals: 3), to: 5, .right))"
            for side in [box.left, box.top, box.right, box.bottom] {
                rows += "  \(padded(fixed(Double(side), decimals: 0), to: 6, .right))"
            }
            rows += "\n"
        }
        return rows
    }
}
