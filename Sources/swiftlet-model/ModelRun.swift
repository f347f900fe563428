import Detector
import Engine
import Foundation
import ModelFile
import Quantizer
import Service
import Vision

/// One or more models' detections in the same pictures, for commands that judge models.
struct ModelRun {
    let results: [PictureRunner.Result]
    /// Of all models, background first.
    let labels: [String]

    /// - Parameters:
    ///   - models: the first is what the others are compared with.
    ///   - images: a folder or a list; pictures that `truth` does not name are left out.
    ///   - limit: at most so many pictures, evenly spread.
    init(
        models: [String], images: String, truth: GroundTruth?, limit: Int?, threshold: Float, progress: Progress
    ) throws {
        let files = try models.map { try open(model: $0) }
        var paths = try Pictures.paths(images)
        if let truth {
            paths = paths.filter { truth.id(of: $0) != nil }
            guard !paths.isEmpty else {
                throw Failure.badData("\(truth.path): names none of the pictures in \(images)")
            }
        }
        if let limit { paths = Pictures.spread(paths, limit: limit) }
        let workers = try (0..<min(Engine.defaultThreads, paths.count, 8)).map { _ in
            try zip(files, models).map { try Self.detector($0, $1) }
        }
        let first = workers[0][0]
        for (other, model) in zip(workers[0], models)
        where other.description.labels.count != first.description.labels.count
            || other.anchors.count != first.anchors.count
        {
            throw Failure.badData("\(model): has other classes or another input size than \(models[0])")
        }
        labels = first.description.labels.map { String(decoding: $0, as: UTF8.self) }
        let runner = PictureRunner(workers, threshold: threshold, progress: progress) { picture, error in
            progress.say("\(printable(picture)): left out: \(error?.message ?? "cannot be read")")
        }
        results = runner.run(paths, models.count > 1 ? "comparing" : "evaluating")
        guard !results.isEmpty else { throw Failure.noInput("\(images): none of the pictures could be read") }
    }

    /// What the model at that place found, in pixels.
    /// - Parameter classes: by category, the class.
    func found(_ model: Int, _ truth: GroundTruth, _ classes: [Int: Int]) -> [AveragePrecision.Found] {
        let categories = Dictionary(uniqueKeysWithValues: classes.map { ($0.value, $0.key) })
        return results.flatMap { result in
            result.detections[model].compactMap { detection in
                guard let picture = truth.id(of: result.path), let category = categories[Int(detection.classIndex)]
                else { return nil }
                let box = detection.box.pixels(in: result.size)
                return AveragePrecision.Found(
                    picture: picture, category: category,
                    box: .init(
                        x: Double(box.left), y: Double(box.top), width: Double(box.right - box.left),
                        height: Double(box.bottom - box.top)), score: Double(detection.score))
            }
        }
    }

    private static func detector(_ file: ModelFile, _ model: String) throws -> Detector {
        do {
            return try Detector(file: file, settings: DetectorSettings(threshold: PictureRunner.leastScore))
        } catch {
            throw Failure.badData(error.message(model: model))
        }
    }
}
