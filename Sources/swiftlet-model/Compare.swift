import ArgumentParser
import Detector
import Engine
import Foundation
import ModelFile
import Quantizer
import Service
import Vision

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how far a quantised model is from its original, on pictures.",
        discussion: """
            Prints the signal-to-noise ratio of the raw outputs in rows where the reference sees something (a class \
            scores more than \(Comparison.foreground)), and which share of the detections above the threshold have a \
            partner of the same class with an IoU of at least \(Comparison.leastOverlap). With annotations, also the \
            average precision of both as COCO evaluates it, of detections above \(PictureComparer.leastScore).
            Use pictures that were not used for calibration.

            Example:
              swiftlet-model compare detector.gguf detector-int8.gguf --images test/ --annotations test.json
            """)

    @Argument(help: "The model file to compare with, usually fp32.", completion: .file(extensions: ["gguf"]))
    var reference: String

    @Argument(help: "The model file in question.", completion: .file(extensions: ["gguf"]))
    var candidate: String

    @Option(
        help: ArgumentHelp(
            "A folder of JPEGs, or a text file with one path a line, relative to its folder.",
            valueName: "folder|list"))
    var images: String

    @Option(
        help: ArgumentHelp(
            "Boxes in COCO's JSON format; pictures that it does not name are left out.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var annotations: String?

    @Option(help: "Use at most this many of the pictures, evenly spread.")
    var limit: Int?

    @Option(help: "Detections that score more than this are compared.")
    var threshold: Float = 0.3

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more") }
        guard (PictureComparer.leastScore...1).contains(threshold) else {
            throw ValidationError("--threshold must be \(PictureComparer.leastScore) to 1")
        }
    }

    func run() throws {
        try Failure.reported(execute)
    }

    private func execute() throws {
        let files = (try open(model: reference), try open(model: candidate))
        let truth = try annotations.map { try readAnnotations($0) }
        var paths = try Pictures.paths(images)
        if let truth {
            paths = paths.filter { truth.ids[URL(fileURLWithPath: $0).lastPathComponent] != nil }
            guard !paths.isEmpty else {
                throw Failure.badData("\(annotations!): names none of the pictures in \(images)")
            }
        }
        if let limit { paths = Pictures.spread(paths, limit: limit) }
        let pairs = try (0..<min(Engine.defaultThreads, paths.count, 8)).map { _ in
            (try detector(files.0, reference), try detector(files.1, candidate))
        }
        let labels = (pairs[0].0.description.labels, pairs[0].1.description.labels)
        guard labels.0.count == labels.1.count, pairs[0].0.anchors.count == pairs[0].1.anchors.count else {
            throw Failure.badData("\(candidate): has other classes or another input size than \(reference)")
        }
        let progress = Progress()
        let comparer = PictureComparer(
            pairs, threshold: threshold, progress: progress) { picture, error in
                progress.say("\(printable(picture)): left out: \(error?.message ?? "cannot be read")")
            }
        let results = comparer.compare(paths)
        guard !results.isEmpty else { throw Failure.noInput("\(images): none of the pictures could be read") }
        var report = CompareReport(results.map(\.comparison), classCount: labels.0.count)
        if let truth {
            guard let classes = truth.annotations.classes(labels: labels.0.map { String(decoding: $0, as: UTF8.self) })
            else { throw Failure.badData("\(annotations!): its categories are not the model's labels") }
            report.evaluate(results, truth.annotations, ids: truth.ids, classes: classes)
        }
        progress.finish()
        print(json ? try report.json() : report.table)
    }

    private func readAnnotations(_ path: String) throws -> (annotations: COCOAnnotations, ids: [String: Int]) {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Failure.noInput("\(path): cannot be read")
        }
        do {
            let annotations = try COCOAnnotations(json: bytes)
            let names = annotations.pictures.map { (URL(fileURLWithPath: $0.name).lastPathComponent, $0.id) }
            return (annotations, Dictionary(names) { first, _ in first })
        } catch {
            throw Failure.badData("\(path): is not a COCO annotation file: \(error)")
        }
    }

    private func detector(_ file: ModelFile, _ model: String) throws -> Detector {
        do {
            return try Detector(file: file, settings: DetectorSettings(threshold: PictureComparer.leastScore))
        } catch {
            throw Failure.badData(error.message(model: model))
        }
    }
}
