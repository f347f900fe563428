import Foundation

/// Runs models over the same images, several images at a time.
final class ImageRunner: @unchecked Sendable {
    /// Average precision is of detections that score more than this, as the networks' upstream evaluates them.
    static let minimumScore: Float = 0.01

    /// One image; what models found comes in their order.
    struct Result {
        var path: String
        var size: ImageSize
        /// Above `minimumScore`.
        var detections: [[Detection]]
        /// Of the second model with the first, of the third with the first, ...
        var comparisons: [Comparison]
        /// From the JPEG's bytes to the detections.
        var seconds: [Double]
    }

    /// One row of models per worker.
    private let workers: [[Model]]
    private let threshold: Float
    private let progress: Progress
    private let warn: (_ image: String, ImageProblem) -> Void

    private let lock = NSLock()
    // Guarded by `lock`.
    private var done = 0
    private var results: [Int: Result] = [:]

    /// - Parameter threshold: detections above it are compared.
    init(
        _ workers: [[Model]], threshold: Float, progress: Progress,
        warn: @escaping (_ image: String, ImageProblem) -> Void
    ) {
        self.workers = workers
        self.threshold = threshold
        self.progress = progress
        self.warn = warn
    }

    /// The results of the images that can be read, in the order of `paths`.
    func run(_ paths: [String], _ what: String) -> [Result] {
        deal(paths.count, to: workers.count) { worker, next in
            while let index = next() {
                let outcome = run(paths[index], workers[worker])
                lock.withLock {
                    switch outcome {
                    case .success(let result): results[index] = result
                    case .failure(let problem): warn(paths[index], problem)
                    }
                    done += 1
                    progress.update(what, done: done, total: paths.count, isLong: true)
                }
            }
        }
        return paths.indices.compactMap { results[$0] }
    }

    private func run(_ path: String, _ models: [Model]) -> Swift.Result<Result, ImageProblem> {
        do throws(ImageProblem) {
            return .success(try ImageFile.read(path) { jpeg throws(JPEGError) in try run(path, jpeg, models) })
        } catch {
            return .failure(error)
        }
    }

    private func run(
        _ path: String, _ jpeg: UnsafeRawBufferPointer, _ models: [Model]
    ) throws(JPEGError) -> Result {
        var result = Result(
            path: path, size: ImageSize(width: 0, height: 0), detections: [], comparisons: [], seconds: [])
        var reference: [Float] = []
        for model in models {
            let start = DispatchTime.now().uptimeNanoseconds
            let (predictions, detections) = try model.run(jpeg: jpeg)
            result.seconds.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)
            result.size = model.imageSize
            result.detections.append(detections)
            guard result.detections.count > 1 else {
                reference = predictions
                continue
            }
            var comparison = Comparison(classCount: model.description.labels.count)
            comparison.add(
                reference: reference, candidate: predictions,
                referenceDetections: result.detections[0].filter { $0.score > threshold },
                candidateDetections: detections.filter { $0.score > threshold })
            result.comparisons.append(comparison)
        }
        return result
    }
}
