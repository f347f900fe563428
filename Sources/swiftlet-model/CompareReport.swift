import Foundation

/// What `swiftlet-model compare` found, for people and for programs.
struct CompareReport: Encodable {
    struct Precision: Encodable {
        var ap: Double?
        var ap50: Double?
        var ap75: Double?
        var apSmall: Double?
        var apMedium: Double?
        var apLarge: Double?

        init(_ found: AveragePrecision) {
            (ap, ap50, ap75) = (found.all, found.at50, found.at75)
            (apSmall, apMedium, apLarge) = (found.small, found.medium, found.large)
        }
    }

    var pictures: Int
    var foregroundRows: Int
    var foregroundLogitsDb: Double?
    var foregroundBoxesDb: Double?
    var allLogitsDb: Double?
    var allBoxesDb: Double?
    /// 0...1.
    var agreement: Double?
    var matchedDetections: Int
    var referenceDetections: Int
    var candidateDetections: Int
    /// 0...1; only with annotations.
    var reference: Precision?
    var candidate: Precision?

    init(_ comparisons: [Comparison], classCount: Int) {
        var sum = Comparison(classCount: classCount)
        for comparison in comparisons { sum.merge(comparison) }
        pictures = sum.images
        foregroundRows = sum.foregroundRows
        foregroundLogitsDb = Self.finite(sum.logitDecibels)
        foregroundBoxesDb = Self.finite(sum.boxDecibels)
        allLogitsDb = Self.finite(sum.allLogitDecibels)
        allBoxesDb = Self.finite(sum.allBoxDecibels)
        agreement = sum.agreement
        matchedDetections = sum.matched
        referenceDetections = sum.referenceDetections
        candidateDetections = sum.candidateDetections
    }

    /// JSON has no infinity: equal outputs count as 999 dB.
    private static func finite(_ decibels: Double?) -> Double? { decibels.map { min($0, 999) } }

    func json() throws -> String { try compactJSON(self) }

    var table: String {
        func number(_ value: Double?, _ factor: Double = 1, _ unit: String = "") -> String {
            value.map { String(format: "%.2f", $0 * factor) + unit } ?? "-"
        }
        func row(_ title: String, _ first: String, _ second: String = "") -> String {
            padded(title, to: 32) + padded(first, to: 12, .right) + padded(second, to: 12, .right)
        }
        var lines = [
            row("images", "\(pictures)"),
            row("foreground rows", "\(foregroundRows)"),
            row("", "logits", "boxes"),
            row(
                "signal to noise, foreground", number(foregroundLogitsDb, 1, " dB"),
                number(foregroundBoxesDb, 1, " dB")),
            row("signal to noise, all rows", number(allLogitsDb, 1, " dB"), number(allBoxesDb, 1, " dB")),
            row("", "reference", "candidate"),
            row("detections", "\(referenceDetections)", "\(candidateDetections)"),
            row("agreement", number(agreement, 100, " %")),
        ]
        if let reference, let candidate {
            let scores: [(String, KeyPath<Precision, Double?>)] = [
                ("AP", \.ap), ("AP50", \.ap50), ("AP75", \.ap75), ("AP small", \.apSmall), ("AP medium", \.apMedium),
                ("AP large", \.apLarge),
            ]
            lines += scores.map {
                row($0.0, number(reference[keyPath: $0.1], 100), number(candidate[keyPath: $0.1], 100))
            }
        }
        return lines.joined(separator: "\n")
    }
}
