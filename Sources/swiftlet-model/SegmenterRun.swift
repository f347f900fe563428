import Annotations
import Foundation

/// One or more segmenters over the same images, each of which has a mask.
final class SegmenterRun: @unchecked Sendable {
    /// What a model's masks say beside the true ones; adds up in any order.
    struct Counts {
        /// Judged pixels by true class and found class, [classes, classes].
        var pixels: [UInt64]
        /// Judged pixels with the first model's class.
        var agreeing: UInt64 = 0
        var seconds = 0.0

        init(classCount: Int) { pixels = [UInt64](repeating: 0, count: classCount * classCount) }

        static func += (left: inout Counts, right: Counts) {
            for place in left.pixels.indices { left.pixels[place] += right.pixels[place] }
            left.agreeing += right.agreeing
            left.seconds += right.seconds
        }
    }

    let labels: [String]
    /// By model.
    private(set) var counts: [Counts]
    /// Those that were judged.
    private(set) var paths: [String] = []

    private let lock = NSLock()
    // Guarded by `lock`.
    private var judged: Set<Int> = []
    private var failure: (any Error)?
    private var done = 0

    /// - Parameters:
    ///   - images: a directory of JPEGs, those below it included, or a list of some.
    ///   - masks: a directory with a PNG of each image's name, below the same directories.
    ///   - limit: maximum number of images, evenly spread.
    init(models: [String], images: String, masks: String, limit: Int?, progress: Progress) throws {
        let files = try models.map { try open(model: $0) }
        for model in models where try kind(of: model) != .segmentation {
            throw Failure.badData("\(model): is not a segmenter, as \(models[0]) is: compare models of one task")
        }
        let all = try Self.pairs(images, masks, progress)
        let pairs = limit.map { Images.spread(all, limit: $0) } ?? all
        let workers = try (0..<min(Engine.defaultThreads, pairs.count, 8)).map { _ in
            try zip(files, models).map { try load($0, $1, ModelSettings()) }
        }
        try requireMemory((2 + workers.count) * 32 << 20)
        labels = workers[0][0].description.labels.map { String(decoding: $0, as: UTF8.self) }
        for (model, path) in zip(workers[0], models)
        where model.description.labels.map({ String(decoding: $0, as: UTF8.self) }) != labels {
            throw Failure.badData("\(path): has other classes than \(models[0])")
        }
        counts = models.map { _ in Counts(classCount: workers[0][0].description.labels.count) }
        // A worker has models of its own; `lock` guards the progress.
        nonisolated(unsafe) let rows = workers
        nonisolated(unsafe) let progress = progress
        deal(pairs.count, to: workers.count) { worker, next in
            while let index = next() {
                let outcome = Swift.Result { try run(pairs[index], rows[worker]) }
                lock.withLock {
                    switch outcome {
                    case .success(let found):
                        for model in counts.indices { counts[model] += found[model] }
                        judged.insert(index)
                    case .failure(let problem as ImageProblem):
                        progress.say("\(printable(pairs[index].image)): skipped: \(problem.message)")
                    case .failure(let error): failure = failure ?? error
                    }
                    done += 1
                    progress.update("evaluating", done: done, total: pairs.count, isLong: true)
                }
            }
        }
        if let failure { throw failure }
        paths = pairs.indices.filter { judged.contains($0) }.map { pairs[$0].image }
        guard !paths.isEmpty else { throw Failure.noInput("\(images): none of the images could be read") }
    }

    private func run(_ pair: (image: String, mask: String), _ models: [Model]) throws -> [Counts] {
        let truth = try InputFile.read(pair.mask, limit: MaskFile.largestFile) { bytes in
            do throws(AnnotationError) {
                return try MaskFile(bytes)
            } catch {
                throw Failure.badData("\(pair.mask): \(error.message)")
            }
        }
        var counts: [Counts] = [], size = ImageSize(width: 0, height: 0), first: [UInt8] = []
        for model in models {
            let start = DispatchTime.now().uptimeNanoseconds
            _ = try ImageFile.read(pair.image) { jpeg throws(JPEGError) in
                _ = try model.load(jpeg: jpeg)
                model.run()
            }
            let mask = model.result().mask!
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            size = model.imageSize
            guard truth.width == size.width, truth.height == size.height else {
                throw Failure.badData(
                    "\(pair.mask): is \(truth.width)x\(truth.height), but \(pair.image) is \(size.width)x\(size.height)")
            }
            let found = Self.enlarged(mask, to: size)
            if counts.isEmpty { first = found }
            var count = try count(found, truth, first, pair.mask)
            count.seconds = seconds
            counts.append(count)
        }
        return counts
    }

    /// Each pixel's class is that of the mask's pixel that it lies in, as in the PNGs of `swiftlet detect`.
    private static func enlarged(_ mask: ClassMask, to size: ImageSize) -> [UInt8] {
        let columns = (0..<size.width).map { ClassMask.place(of: $0, in: size.width, of: mask.size.width) }
        return (0..<size.height).flatMap { y in
            let row = ClassMask.place(of: y, in: size.height, of: mask.size.height) * mask.size.width
            return columns.map { mask.classes[row + $0] }
        }
    }

    private func count(_ found: [UInt8], _ truth: MaskFile, _ first: [UInt8], _ path: String) throws -> Counts {
        let classCount = labels.count
        var counts = Counts(classCount: classCount)
        for place in found.indices where truth.classes[place] != MaskFile.ignored {
            let right = Int(truth.classes[place])
            guard right < classCount else {
                throw Failure.badData(
                    "\(path): has class \(right), but the model has classes 0 to \(classCount - 1); pixels that are not to "
                        + "be judged are \(MaskFile.ignored)")
            }
            counts.pixels[right * classCount + Int(found[place])] += 1
            if found[place] == first[place] { counts.agreeing += 1 }
        }
        return counts
    }

    /// Images with their masks; those without are told of.
    private static func pairs(
        _ images: String, _ masks: String, _ progress: Progress
    ) throws -> [(image: String, mask: String)] {
        guard Images.isDirectory(masks) else {
            throw Failure.noInput("\(masks): is no directory: --masks needs one with a PNG for each image")
        }
        let names: [(path: String, name: String)]
        if Images.isDirectory(images) {
            names = try (Images.here(images) + Images.below(images)).map { ("\(images)/\($0)", $0) }
        } else {
            names = try Images.paths(images).map { ($0, URL.name(of: $0)) }
        }
        var without: [String] = []
        let pairs = names.compactMap { path, name -> (image: String, mask: String)? in
            let mask = "\(masks)/\((name as NSString).deletingPathExtension).png"
            if FileManager.default.fileExists(atPath: mask) { return (path, mask) }
            without.append(name)
            return nil
        }
        guard !pairs.isEmpty else {
            throw Failure.noInput(
                "\(images): has no JPEG with a mask in \(masks): the mask of NAME.jpg is called NAME.png")
        }
        if let first = without.first {
            progress.say(
                printable("\(without.count) of \(names.count) images have no mask in \(masks), as \(first): skipped"))
        }
        return pairs
    }
}
