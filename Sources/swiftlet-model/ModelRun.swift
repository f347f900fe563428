import Foundation

/// One or more models' detections in the same images, for commands that judge models.
struct ModelRun {
    let results: [ImageRunner.Result]
    /// Of all models, background first, and of categories that are none of these.
    let labels: [String]
    /// Where there are annotations.
    let classes: CategoryClasses?
    /// By path, the place in the annotations' list of images.
    private let entries: [String: Int]

    /// - Parameters:
    ///   - models: the first is what the others are compared with.
    ///   - images: a directory or a list; images that `truth` does not name are skipped.
    ///   - limit: maximum number of images, evenly spread.
    init(
        models: [String], images: String, truth: GroundTruth?, limit: Int?, threshold: Float, progress: Progress
    ) throws {
        let files = try models.map { try open(model: $0) }
        for model in models where try kind(of: model) != .detection {
            throw Failure.badData(
                "\(model): is not a detector: swiftlet-model evaluate judges it by its own measures, with other models of its "
                    + "task")
        }
        let paths: [String]
        if let truth {
            let annotated = try AnnotatedImages(images, truth, limit: limit, progress)
            (paths, entries) = (annotated.paths, annotated.entries)
        } else {
            let all = try Images.paths(images)
            (paths, entries) = (limit.map { Images.spread(all, limit: $0) } ?? all, [:])
        }
        let workers = try (0..<min(Engine.defaultThreads, paths.count, 8)).map { _ in
            try zip(files, models).map { try load($0, $1, ModelSettings(threshold: ImageRunner.minimumScore)) }
        }
        try requireMemory((2 + workers.count) * 32 << 20)
        let first = workers[0][0]
        for (other, model) in zip(workers[0], models)
        where other.description.labels.count != first.description.labels.count
            || other.task.anchors.count != first.task.anchors.count
        {
            throw Failure.badData("\(model): has other classes or another input size than \(models[0])")
        }
        let labels = first.description.labels.map { String(decoding: $0, as: UTF8.self) }
        for (other, model) in zip(workers[0], models) {
            for (one, two) in zip(labels, other.description.labels) where !one.utf8.elementsEqual(two) {
                let two = String(decoding: two, as: UTF8.self)
                throw Failure.badData("\(model): calls a class \(two) that \(models[0]) calls \(one)")
            }
        }
        classes = try truth?.classes(labels: labels)
        self.labels = classes?.labels ?? labels
        let runner = ImageRunner(workers, threshold: threshold, progress: progress) { image, problem in
            progress.say("\(printable(image)): skipped: \(problem.message)")
        }
        results = runner.run(paths, models.count > 1 ? "comparing" : "evaluating")
        guard !results.isEmpty else { throw Failure.noInput("\(images): none of the images could be read") }
    }

    /// The annotated images that ran.
    var images: Set<Int> { Set(results.compactMap { entries[$0.path] }) }

    /// What the model at that place found, in pixels.
    func found(_ model: Int) -> [AveragePrecision.Found] {
        let categories = classes?.categories ?? [:]
        return results.flatMap { result in
            result.detections[model].compactMap { detection in
                guard let image = entries[result.path], let category = categories[Int(detection.classIndex)]
                else { return nil }
                let box = detection.box.pixels(in: result.size)
                return AveragePrecision.Found(
                    image: image, category: category,
                    box: .init(
                        x: Double(box.left), y: Double(box.top), width: Double(box.right - box.left),
                        height: Double(box.bottom - box.top)), score: Double(detection.score))
            }
        }
    }
}
