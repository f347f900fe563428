import Foundation

/// How well one model finds what is in images, for people and for programs. Shares are 0...1; nil where nothing counts.
struct EvaluationReport: Encodable, ModelReport {
    struct ClassReport: Encodable {
        var label: String
        var objects: Int
        var ap: Double
        var ap50: Double
        var ap75: Double
        var recall: Double
        /// Above the threshold: objects that were found as what they are, as something else (by label), and not at all;
        /// and detections where nothing is.
        var right: Int
        var takenFor: [String: Int]
        var missed: Int
        var invented: Int

        enum CodingKeys: String, CodingKey {
            case label, objects
            case ap = "AP"
            case ap50 = "AP50"
            case ap75 = "AP75"
            case recall = "AR"
            case right
            case takenFor = "taken_for"
            case missed, invented
        }
    }

    var model: String
    var images: Int
    var threshold: Double
    var ap: Double?
    var ap50: Double?
    var ap75: Double?
    var apSmall: Double?
    var apMedium: Double?
    var apLarge: Double?
    var recall: Double?
    var recallOf1: Double?
    var recallOf10: Double?
    var recallSmall: Double?
    var recallMedium: Double?
    var recallLarge: Double?
    var perClass: [ClassReport]
    /// On one thread, from JPEG to detections.
    var imagesPerSecond: Double?
    /// With the first model.
    var agreement: Double?
    var logitsDb: Double?
    var boxesDb: Double?
    /// Of the tensors that an int8 model stores, against the first model.
    var layers: [QuantizationReport.Line]?

    enum CodingKeys: String, CodingKey {
        case model, threshold
        case images = "pictures"
        case ap = "AP"
        case ap50 = "AP50"
        case ap75 = "AP75"
        case apSmall = "AP_small"
        case apMedium = "AP_medium"
        case apLarge = "AP_large"
        case recall = "AR"
        case recallOf1 = "AR1"
        case recallOf10 = "AR10"
        case recallSmall = "AR_small"
        case recallMedium = "AR_medium"
        case recallLarge = "AR_large"
        case perClass = "per_class"
        case imagesPerSecond = "pictures_per_s"
        case agreement
        case logitsDb = "foreground_logits_db"
        case boxesDb = "foreground_boxes_db"
        case layers
    }

    /// - Parameters:
    ///   - labels: of the model, background first, and of categories that are none of these.
    ///   - classes: by category, the place among the labels.
    init(
        _ model: String, _ truths: [AveragePrecision.Truth], _ found: [AveragePrecision.Found], labels: [String],
        classes: [Int], images: Int, threshold: Double
    ) {
        let score = AveragePrecision(truths: truths, found: found)
        self.model = model
        self.images = images
        self.threshold = threshold
        (ap, ap50, ap75) = (score.all, score.at50, score.at75)
        (apSmall, apMedium, apLarge) = (score.small, score.medium, score.large)
        (recall, recallOf1, recallOf10) = (score.recall, score.recallOf1, score.recallOf10)
        (recallSmall, recallMedium, recallLarge) = (score.smallRecall, score.mediumRecall, score.largeRecall)
        var confusion = Confusion(classCount: labels.count)
        let byCategory = Dictionary(zip(classes.indices, classes)) { first, _ in first }
        let objects = Dictionary(grouping: truths, by: \.image)
        let seen = Dictionary(grouping: found.filter { $0.score > threshold }, by: \.image)
        for image in Set(objects.keys).union(seen.keys) {
            confusion.add(truths: objects[image] ?? [], found: seen[image] ?? [], classes: byCategory)
        }
        perClass = score.categories.map { category in
            let index = classes[category.id]
            let row = confusion.counts[index]
            let others = labels.indices.filter { $0 != index && row[$0] > 0 }
            return ClassReport(
                label: labels[index], objects: category.truths, ap: category.all, ap50: category.at50,
                ap75: category.at75, recall: category.recall, right: row[index],
                takenFor: Dictionary(others.map { (labels[$0], row[$0]) }, uniquingKeysWith: +),
                missed: confusion.missed[index], invented: confusion.invented[index])
        }
    }

    mutating func compare(_ comparison: Comparison) {
        agreement = comparison.agreement
        // JSON has no infinity: equal outputs count as 999 dB.
        logitsDb = comparison.logitDecibels.map { min($0, 999) }
        boxesDb = comparison.boxDecibels.map { min($0, 999) }
    }

    func json() throws -> String { try compactJSON(self, keys: .useDefaultKeys) }

    // MARK: - For people

    static func table(_ reports: [EvaluationReport]) -> String {
        let table = ModelTable(reports.map(\.model))
        func row(_ title: String, _ factor: Double, _ value: (EvaluationReport) -> Double?) -> String? {
            let values = reports.map(value)
            guard values.contains(where: { $0 != nil }) else { return nil }
            return table.row(title, factor, values)
        }
        var lines = [table.heading("\(reports[0].images) images")]
        lines += [
            row("AP", 100) { $0.ap }, row("AP50", 100) { $0.ap50 }, row("AP75", 100) { $0.ap75 },
            row("AP small", 100) { $0.apSmall }, row("AP medium", 100) { $0.apMedium },
            row("AP large", 100) { $0.apLarge }, row("AR1", 100) { $0.recallOf1 },
            row("AR10", 100) { $0.recallOf10 }, row("AR", 100) { $0.recall },
            row("AR small", 100) { $0.recallSmall }, row("AR medium", 100) { $0.recallMedium },
            row("AR large", 100) { $0.recallLarge },
            row("agreement, %", 100) { $0.agreement },
            row("foreground logits, dB", 1) { $0.logitsDb }, row("foreground boxes, dB", 1) { $0.boxesDb },
            row("images a second, thread", 1) { $0.imagesPerSecond },
        ].compactMap { $0 }
        for (index, first) in reports[0].perClass.enumerated() {
            lines += [
                row("AP " + printable(first.label), 100) { $0.perClass[index].ap },
                row("AP50 " + printable(first.label), 100) { $0.perClass[index].ap50 },
            ].compactMap { $0 }
        }
        for report in reports {
            lines.append("")
            let name = reports.count > 1 ? printable(URL.name(of: report.model)) + ", above" : "above"
            lines.append("\(name) a score of \(String(format: "%.2f", report.threshold)):")
            lines += report.perClass.map(\.sentence)
        }
        for report in reports {
            guard let layers = report.layers else { continue }
            let title = "\(printable(URL.name(of: report.model))): signal to noise, dB"
            lines += ["", QuantizationReport.table(layers, title: title)]
        }
        return lines.joined(separator: "\n")
    }
}

extension EvaluationReport.ClassReport {
    /// What became of the objects of the class.
    fileprivate var sentence: String {
        var parts = ["\(right) of \(objects) found"]
        parts += takenFor.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            "\($0.value) taken for \(printable($0.key))"
        }
        parts.append("\(missed) missed")
        parts.append("\(invented) false")
        return "  " + padded(printable(label), to: 16) + parts.joined(separator: ", ")
    }
}
