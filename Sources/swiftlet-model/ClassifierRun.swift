import Foundation

/// One or more classifiers over the same images, which lie in a directory for each class.
final class ClassifierRun: @unchecked Sendable {
    /// The best classes that an image is judged by.
    static let best = 5

    /// By image, the label that is right.
    private(set) var wanted: [String] = []
    /// By model and image, the best labels.
    private(set) var found: [[[String]]] = []
    /// By model, of all images.
    private(set) var seconds: [Double] = []
    /// Those that could be read.
    private(set) var paths: [String] = []

    private struct Result {
        var labels: [[String]] = []
        var seconds: [Double] = []
    }

    private let lock = NSLock()
    // Guarded by `lock`.
    private var results: [Int: Result] = [:]
    private var done = 0

    /// - Parameters:
    ///   - images: a directory with a directory for each class, called like its label or its number.
    ///   - limit: maximum number of images, evenly spread.
    init(models: [String], images: String, limit: Int?, progress: Progress) throws {
        let files = try models.map { try open(model: $0) }
        let first = try load(files[0], models[0], ModelSettings())
        let labels = first.description.labels.map { String(decoding: $0, as: UTF8.self) }
        let all = try Self.images(in: images, labels: labels, model: models[0])
        let chosen = limit.map { Images.spread(all, limit: $0) } ?? all
        let workers = try (0..<min(Engine.defaultThreads, chosen.count, 8)).map { _ in
            try zip(files, models).map { try load($0, $1, ModelSettings(limit: Self.best)) }
        }
        try requireMemory((2 + workers.count) * 32 << 20)
        for (model, path) in zip(workers[0], models) {
            guard model.description.task.kind == .classification else {
                throw Failure.badData("\(path): is not a classifier, as \(models[0]) is: compare models of one task")
            }
            guard model.description.labels.map({ String(decoding: $0, as: UTF8.self) }) == labels else {
                throw Failure.badData("\(path): has other classes than \(models[0])")
            }
        }
        // A worker has models of its own; `lock` guards the progress.
        nonisolated(unsafe) let rows = workers
        nonisolated(unsafe) let progress = progress
        deal(chosen.count, to: workers.count) { worker, next in
            while let index = next() {
                let outcome = Self.run(chosen[index].path, rows[worker], labels)
                lock.withLock {
                    switch outcome {
                    case .success(let result): results[index] = result
                    case .failure(let problem):
                        progress.say("\(printable(chosen[index].path)): skipped: \(problem.message)")
                    }
                    done += 1
                    progress.update("evaluating", done: done, total: chosen.count, isLong: true)
                }
            }
        }
        let read = chosen.indices.filter { results[$0] != nil }
        guard !read.isEmpty else { throw Failure.noInput("\(images): none of the images could be read") }
        wanted = read.map { chosen[$0].label }
        paths = read.map { chosen[$0].path }
        found = models.indices.map { model in read.map { results[$0]!.labels[model] } }
        seconds = models.indices.map { model in read.reduce(0) { $0 + results[$1]!.seconds[model] } }
    }

    private static func run(
        _ path: String, _ models: [Model], _ labels: [String]
    ) -> Swift.Result<Result, ImageProblem> {
        do throws(ImageProblem) {
            return .success(
                try ImageFile.read(path) { jpeg throws(JPEGError) in
                    var result = Result()
                    for model in models {
                        let start = DispatchTime.now().uptimeNanoseconds
                        _ = try model.load(jpeg: jpeg)
                        model.run()
                        result.labels.append(model.result().classes.map { labels[Int($0.classIndex)] })
                        result.seconds.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)
                    }
                    return result
                })
        } catch {
            return .failure(error)
        }
    }

    /// All images of the directories below one, each with its class.
    private static func images(
        in directory: String, labels: [String], model: String
    ) throws -> [(path: String, label: String)] {
        guard Images.isDirectory(directory) else {
            throw Failure.noInput("\(directory): is no directory: a classifier needs one with a directory for each class")
        }
        let known = Set(labels)
        let images = try Images.below(directory).map { name in
            let folder = String(name.prefix { $0 != "/" })
            if known.contains(folder) { return (path: "\(directory)/\(name)", label: folder) }
            if let index = Int(folder), labels.indices.contains(index) {
                return (path: "\(directory)/\(name)", label: labels[index])
            }
            let near = nearest(to: Array(folder.utf8), in: labels.map { Array($0.utf8) })
            throw Failure.badData(
                "\(directory)/\(folder): is called like no class of \(model)"
                    + (near.map { ": did you mean '\(text($0))'?" } ?? ": swiftlet-model inspect lists them"))
        }
        guard !images.isEmpty else {
            throw Failure.noInput("\(directory): has no JPEGs in directories called like the classes")
        }
        return images
    }
}
