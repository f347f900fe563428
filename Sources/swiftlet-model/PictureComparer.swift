import Detector
import Dispatch
import Foundation
import Quantizer
import Vision

/// Runs two models over pictures, several pictures at a time.
final class PictureComparer: @unchecked Sendable {
    /// Average precision is of detections that score more than this, as the networks' upstream evaluates them.
    static let leastScore: Float = 0.01

    struct Result {
        var path: String
        var comparison: Comparison
        /// Above `leastScore`, of the reference and the candidate.
        var detections: ([Detection], [Detection])
        var size: PictureSize
    }

    private let pairs: [(Detector, Detector)]
    private let threshold: Float
    private let progress: Progress
    private let warn: (_ picture: String, JPEGError?) -> Void

    private let lock = NSLock()
    // Guarded by `lock`.
    private var next = 0
    private var done = 0
    private var results: [Int: Result] = [:]

    init(
        _ pairs: [(Detector, Detector)], threshold: Float, progress: Progress,
        warn: @escaping (_ picture: String, JPEGError?) -> Void
    ) {
        self.pairs = pairs
        self.threshold = threshold
        self.progress = progress
        self.warn = warn
    }

    /// The results of the pictures that can be read, in the order of `paths`.
    func compare(_ paths: [String]) -> [Result] {
        DispatchQueue.concurrentPerform(iterations: pairs.count) { worker in
            while let index = takeNext(of: paths.count) {
                let (result, problem) = compare(paths[index], pairs[worker])
                lock.withLock {
                    results[index] = result
                    if result == nil { warn(paths[index], problem) }
                    done += 1
                    progress.update("comparing", done: done, total: paths.count, isLong: true)
                }
            }
        }
        return paths.indices.compactMap { results[$0] }
    }

    private func takeNext(of count: Int) -> Int? {
        lock.withLock {
            guard next < count else { return nil }
            next += 1
            return next - 1
        }
    }

    private func compare(_ path: String, _ pair: (Detector, Detector)) -> (Result?, JPEGError?) {
        guard let bytes = FileManager.default.contents(atPath: path) else { return (nil, nil) }
        do {
            let (left, leftFound) = try pair.0.run(jpeg: bytes)
            let (right, rightFound) = try pair.1.run(jpeg: bytes)
            var comparison = Comparison(classCount: pair.0.description.labels.count)
            comparison.add(
                reference: left, candidate: right, referenceDetections: leftFound.filter { $0.score > threshold },
                candidateDetections: rightFound.filter { $0.score > threshold })
            let result = Result(
                path: path, comparison: comparison, detections: (leftFound, rightFound), size: pair.0.pictureSize)
            return (result, nil)
        } catch {
            return (nil, error as? JPEGError)
        }
    }
}
