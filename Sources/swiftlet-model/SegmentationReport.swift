import Foundation

/// How well a segmenter's masks fit the true ones, for people and for programs. Shares are 0...1.
struct SegmentationReport: Encodable, ModelReport {
    struct ClassReport: Encodable {
        var label: String
        /// Pixels of the class in both masks, of those in one of them; nil where there are none.
        var iou: Double?
        /// Of the true masks.
        var pixels: UInt64
        /// The share of these that was found as the class.
        var recall: Double?
        /// Shares of these that were found as other classes, by label.
        var takenFor: [String: Double]
    }

    var model: String
    var images: Int
    /// The mean over the classes that true or found masks have, over all images together.
    var meanIoU: Double
    /// The share of judged pixels whose class is right.
    var accuracy: Double
    /// On one thread, from JPEG to mask.
    var imagesPerSecond: Double?
    /// The share of judged pixels with the first model's class.
    var agreement: Double?
    var perClass: [ClassReport]
    var layers: [QuantizationReport.Line]?

    enum CodingKeys: String, CodingKey {
        case model
        case images = "pictures"
        case meanIoU = "mean_iou"
        case accuracy = "pixel_accuracy"
        case imagesPerSecond = "pictures_per_s"
        case agreement
        case perClass = "per_class"
        case layers
    }

    /// - Parameter isFirst: no model stands before this one.
    init(_ model: String, _ counts: SegmenterRun.Counts, labels: [String], images: Int, isFirst: Bool) {
        self.model = model
        self.images = images
        let count = labels.count
        func pixels(_ right: Int, _ found: Int) -> UInt64 { counts.pixels[right * count + found] }
        var all: UInt64 = 0, right: UInt64 = 0
        perClass = labels.indices.map { index in
            let wanted = labels.indices.reduce(0) { $0 + pixels(index, $1) }
            let found = labels.indices.reduce(0) { $0 + pixels($1, index) }
            let both = pixels(index, index), either = wanted + found - both
            (all, right) = (all + wanted, right + both)
            var others: [String: Double] = [:]
            for other in labels.indices where other != index && pixels(index, other) > 0 {
                others[labels[other], default: 0] += Double(pixels(index, other)) / Double(wanted)
            }
            return ClassReport(
                label: labels[index], iou: either > 0 ? Double(both) / Double(either) : nil, pixels: wanted,
                recall: wanted > 0 ? Double(both) / Double(wanted) : nil, takenFor: others)
        }
        let present = perClass.compactMap(\.iou)
        meanIoU = present.isEmpty ? 0 : present.reduce(0, +) / Double(present.count)
        accuracy = all > 0 ? Double(right) / Double(all) : 0
        imagesPerSecond = counts.seconds > 0 ? Double(images) / counts.seconds : nil
        agreement = isFirst || all == 0 ? nil : Double(counts.agreeing) / Double(all)
    }

    func json() throws -> String { try compactJSON(self) }

    static func table(_ reports: [SegmentationReport]) -> String {
        let table = ModelTable(reports.map(\.model))
        func row(_ title: String, _ factor: Double, _ value: (SegmentationReport) -> Double?) -> String {
            table.row(title, factor, reports.map(value))
        }
        var lines = [
            table.heading("\(reports[0].images) images"),
            row("mean IoU, %", 100) { $0.meanIoU }, row("right pixels, %", 100) { $0.accuracy },
        ]
        if reports.count > 1 { lines.append(row("agreement, %", 100) { $0.agreement }) }
        lines += [row("images a second, thread", 1) { $0.imagesPerSecond }, "", "IoU, %:"]
        for (place, each) in reports[0].perClass.enumerated() {
            lines.append(row("  " + printable(each.label), 100) { $0.perClass[place].iou })
        }
        for report in reports {
            lines += ["", reports.count > 1 ? printable(URL.name(of: report.model)) + ":" : "true classes:"]
            for each in report.perClass where each.pixels > 0 {
                let others = each.takenFor.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map {
                    String(format: "%.1f %% taken for ", $0.value * 100) + printable($0.key)
                }
                let right = String(format: "%.1f %% right", (each.recall ?? 0) * 100)
                lines.append("  " + padded(printable(each.label), to: 16) + ([right] + others).joined(separator: ", "))
            }
            guard let layers = report.layers else { continue }
            lines += ["", QuantizationReport.table(layers, title: "signal to noise, dB")]
        }
        return lines.joined(separator: "\n")
    }
}
