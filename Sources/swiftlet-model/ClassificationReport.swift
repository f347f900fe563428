import Foundation

/// How often a classifier is right, for people and for programs. Shares are 0...1.
struct ClassificationReport: Encodable, ModelReport {
    struct ClassReport: Encodable {
        var label: String
        var images = 0
        var right = 0
        /// By the label of the best class.
        var takenFor: [String: Int] = [:]
    }

    var model: String
    var images = 0
    /// The share of images whose class scores best.
    var top1 = 0.0
    /// The share of images whose class is among the five best.
    var top5 = 0.0
    /// On one thread, from JPEG to classes.
    var imagesPerSecond: Double?
    /// The share of images with the first model's best class.
    var agreement: Double?
    var perClass: [ClassReport]
    var layers: [QuantizationReport.Line]?

    enum CodingKeys: String, CodingKey {
        case model
        case images = "pictures"
        case top1, top5
        case imagesPerSecond = "pictures_per_s"
        case agreement
        case perClass = "per_class"
        case layers
    }

    /// - Parameters:
    ///   - wanted: by image, the label that is right.
    ///   - found: by image, the best labels, the best first.
    ///   - first: what the first model found, where this is another.
    init(_ model: String, wanted: [String], found: [[String]], seconds: Double, first: [[String]]?) {
        self.model = model
        images = wanted.count
        var places: [String: Int] = [:]
        perClass = Set(wanted).sorted().enumerated().map { place, label in
            places[label] = place
            return ClassReport(label: label)
        }
        var right = 0, near = 0
        for (label, best) in zip(wanted, found) {
            let place = places[label]!
            perClass[place].images += 1
            if best.contains(label) { near += 1 }
            if best.first == label {
                right += 1
                perClass[place].right += 1
            } else {
                perClass[place].takenFor[best.first ?? "", default: 0] += 1
            }
        }
        let count = Double(images)
        (top1, top5) = (Double(right) / count, Double(near) / count)
        imagesPerSecond = seconds > 0 ? count / seconds : nil
        agreement = first.map { first in Double(zip(first, found).count { $0.first == $1.first }) / count }
    }

    func json() throws -> String { try compactJSON(self, keys: .useDefaultKeys) }

    static func table(_ reports: [ClassificationReport]) -> String {
        let table = ModelTable(reports.map(\.model))
        func row(_ title: String, _ factor: Double, _ value: (ClassificationReport) -> Double?) -> String {
            table.row(title, factor, reports.map(value))
        }
        var lines = [
            table.heading("\(reports[0].images) images"),
            row("top 1, %", 100) { $0.top1 }, row("top 5, %", 100) { $0.top5 },
        ]
        if reports.count > 1 { lines.append(row("agreement, %", 100) { $0.agreement }) }
        lines.append(row("images a second, thread", 1) { $0.imagesPerSecond })
        for report in reports {
            lines += ["", reports.count > 1 ? printable(URL.name(of: report.model)) + ":" : "classes:"]
            for each in report.perClass {
                let others = each.takenFor.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                    $0.key.isEmpty ? "\($0.value) for nothing" : "\($0.value) taken for \(printable($0.key))"
                }
                let parts = ["\(each.right) of \(each.images) right"] + others
                lines.append("  " + padded(printable(each.label), to: 16) + parts.joined(separator: ", "))
            }
            guard let layers = report.layers else { continue }
            lines += ["", QuantizationReport.table(layers, title: "signal to noise, dB")]
        }
        return lines.joined(separator: "\n")
    }
}
