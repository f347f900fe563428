import Model
import Dispatch
import Foundation
import Vision

/// Runs a network in fp32 over pictures and collects what its tensors hold. Each of several observing detectors takes
/// the next picture as soon as it is done with its last one.
public final class Calibration: @unchecked Sendable {
    /// Told how many pictures of how many are done, over both passes. Called by one thread at a time.
    public typealias Report = (_ done: Int, _ total: Int) -> Void
    /// Told of a picture that is left out, and why. Called by one thread at a time.
    public typealias Warn = (_ picture: String, PictureProblem) -> Void

    private let scheme: QuantisationScheme
    private let detectors: [Model]
    private let report: Report
    private let warn: Warn

    private let lock = NSLock()
    // Guarded by `lock`.
    private var next = 0
    private var done = 0
    private var total = 0
    private var unreadable: Set<Int> = []
    private var merged: [TensorStatistics]

    /// Statistics of the stored tensors of `scheme`, in its order. `detectors` run the network for which it was made,
    /// and observe; `pictures` are paths of JPEG files.
    public static func statistics(
        _ scheme: QuantisationScheme, detectors: [Model], pictures: [String], report: @escaping Report,
        warn: @escaping Warn
    ) throws(QuantizerError) -> [TensorStatistics] {
        let calibration = Calibration(scheme, detectors, report, warn)
        let readable = calibration.extremes(pictures)
        guard !readable.isEmpty else { throw .noReadablePictures }
        for (tensor, statistics) in zip(scheme.tensors, calibration.merged) where !statistics.isFinite {
            throw .tensor(.notFinite(tensor.name.text))
        }
        calibration.histograms(readable)
        return calibration.merged
    }

    private init(
        _ scheme: QuantisationScheme, _ detectors: [Model], _ report: @escaping Report, _ warn: @escaping Warn
    ) {
        precondition(!detectors.isEmpty)
        self.scheme = scheme
        self.detectors = detectors
        self.report = report
        self.warn = warn
        merged = scheme.tensors.map { TensorStatistics($0) }
    }

    /// Returns the pictures that could be read.
    private func extremes(_ pictures: [String]) -> [String] {
        total = 2 * pictures.count
        pass(pictures) { [scheme] detector, statistics in
            for index in scheme.tensors.indices {
                statistics[index].observeExtremes(detector.engine.view(scheme.tensors[index].tensor)!)
            }
        }
        return pictures.indices.filter { !unreadable.contains($0) }.map { pictures[$0] }
    }

    private func histograms(_ pictures: [String]) {
        total = done + pictures.count
        let wanted = scheme.tensors.indices.filter {
            if case .minimumError = scheme.tensors[$0].rule { true } else { false }
        }
        for index in wanted { merged[index].prepareHistograms() }
        pass(pictures) { [scheme] detector, statistics in
            for index in wanted {
                statistics[index].observeHistogram(detector.engine.view(scheme.tensors[index].tensor)!)
            }
        }
    }

    private func pass(_ pictures: [String], _ observe: @Sendable (Model, inout [TensorStatistics]) -> Void) {
        next = 0
        let initial = merged
        DispatchQueue.concurrentPerform(iterations: detectors.count) { worker in
            var statistics = initial
            while let index = takeNext(of: pictures.count) {
                let isRead = load(pictures[index], index, into: detectors[worker])
                if isRead {
                    detectors[worker].engine.run()
                    observe(detectors[worker], &statistics)
                }
                lock.withLock {
                    done += 1
                    report(done, total)
                }
            }
            lock.withLock {
                for index in merged.indices { merged[index].merge(statistics[index]) }
            }
        }
    }

    private func takeNext(of count: Int) -> Int? {
        lock.withLock {
            guard next < count else { return nil }
            next += 1
            return next - 1
        }
    }

    private func load(_ picture: String, _ index: Int, into detector: Model) -> Bool {
        do throws(PictureProblem) {
            let contents = try PictureFile.contents(picture)
            do {
                _ = try detector.load(jpeg: contents.bytes)
            } catch {
                throw .jpeg(error)
            }
            return true
        } catch {
            lock.withLock {
                unreadable.insert(index)
                warn(picture, error)
            }
            return false
        }
    }
}
