import Foundation

/// Runs a network in fp32 over images and collects what its tensors hold. Each of several observing detectors takes
/// the next image as soon as it is done with its last one.
public final class Calibration: @unchecked Sendable {
    /// Told how many images of how many are done, over both passes. Called by one thread at a time.
    public typealias Report = (_ done: Int, _ total: Int) -> Void
    /// Told of an image that is skipped, and why. Called by one thread at a time.
    public typealias Warn = (_ image: String, ImageProblem) -> Void

    private let scheme: QuantisationScheme
    private let detectors: [Model]
    private let report: Report
    private let warn: Warn

    private let lock = NSLock()
    // Guarded by `lock`.
    private var done = 0
    private var total = 0
    private var unreadable: Set<Int> = []
    private var merged: [TensorStatistics]

    /// Statistics of the stored tensors of `scheme`, in its order. `detectors` run the network for which it was made,
    /// and observe; `images` are paths of JPEG files.
    public static func statistics(
        _ scheme: QuantisationScheme, detectors: [Model], images: [String], report: @escaping Report,
        warn: @escaping Warn
    ) throws(QuantizerError) -> [TensorStatistics] {
        let calibration = Calibration(scheme, detectors, report, warn)
        let readable = calibration.extremes(images)
        guard !readable.isEmpty else { throw .noReadableImages }
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

    /// Returns the images that could be read.
    private func extremes(_ images: [String]) -> [String] {
        total = 2 * images.count
        pass(images) { [scheme] detector, statistics in
            for index in scheme.tensors.indices {
                statistics[index].observeExtremes(detector.engine.view(scheme.tensors[index].tensor)!)
            }
        }
        return images.indices.filter { !unreadable.contains($0) }.map { images[$0] }
    }

    private func histograms(_ images: [String]) {
        total = done + images.count
        let wanted = scheme.tensors.indices.filter {
            if case .minimumError = scheme.tensors[$0].rule { true } else { false }
        }
        for index in wanted { merged[index].prepareHistograms() }
        pass(images) { [scheme] detector, statistics in
            for index in wanted {
                statistics[index].observeHistogram(detector.engine.view(scheme.tensors[index].tensor)!)
            }
        }
    }

    private func pass(_ images: [String], _ observe: @Sendable (Model, inout [TensorStatistics]) -> Void) {
        let initial = merged
        deal(images.count, to: detectors.count) { worker, next in
            var statistics = initial
            while let index = next() {
                let isRead = load(images[index], index, into: detectors[worker])
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

    private func load(_ image: String, _ index: Int, into detector: Model) -> Bool {
        do throws(ImageProblem) {
            _ = try ImageFile.read(image) { jpeg throws(JPEGError) in try detector.load(jpeg: jpeg) }
            return true
        } catch {
            lock.withLock {
                unreadable.insert(index)
                warn(image, error)
            }
            return false
        }
    }
}
