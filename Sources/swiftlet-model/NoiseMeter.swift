import Foundation

/// Runs an int8 model beside its original, which observes, several images at a time.
final class NoiseMeter: @unchecked Sendable {
    private let pairs: [(reference: Model, candidate: Model)]
    private let empty: NoiseReport

    private let lock = NSLock()
    // Guarded by `lock`.
    private var done = 0

    /// - Parameter empty: the report that `measure` adds to.
    init(_ empty: NoiseReport, _ references: [Model], _ candidates: [Model]) {
        pairs = Array(zip(references, candidates))
        self.empty = empty
    }

    /// Images that cannot be read are skipped.
    func measure(_ images: [String], progress: @escaping (_ done: Int, _ total: Int) -> Void) -> QuantizationReport {
        let classCount = pairs[0].reference.description.labels.count
        // By image, so that sums do not depend on which worker took which.
        var results = [(noise: NoiseReport, comparison: Comparison)?](repeating: nil, count: images.count)
        results.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let results = buffer
            nonisolated(unsafe) let progress = progress
            deal(images.count, to: pairs.count) { worker, next in
                while let index = next() {
                    results[index] = measure(images[index], pairs[worker], classCount: classCount)
                    lock.withLock {
                        done += 1
                        progress(done, images.count)
                    }
                }
            }
        }
        var noise = empty
        let read = results.compactMap { $0 }
        for result in read { noise.merge(result.noise) }
        guard case .detection = pairs[0].reference.task else { return QuantizationReport(noise.lines, nil) }
        return QuantizationReport(noise.lines, CompareReport(read.map(\.comparison), classCount: classCount))
    }

    private func measure(
        _ image: String, _ pair: (reference: Model, candidate: Model), classCount: Int
    ) -> (NoiseReport, Comparison)? {
        guard let contents = try? ImageFile.contents(image),
            let left = try? pair.reference.run(jpeg: contents.bytes),
            (try? pair.candidate.load(jpeg: contents.bytes)) != nil
        else { return nil }
        var noise = empty
        noise.add(reference: pair.reference.engine, running: pair.candidate.engine)
        var comparison = Comparison(classCount: classCount)
        guard case .detection = pair.reference.task else { return (noise, comparison) }
        let right = pair.candidate.outputs()
        comparison.add(
            reference: left.predictions, candidate: right.predictions, referenceDetections: left.detections,
            candidateDetections: right.detections)
        return (noise, comparison)
    }
}

extension Model {
    /// The raw outputs for a JPEG, and the detections in them.
    func run(
        jpeg: UnsafeRawBufferPointer
    ) throws(JPEGError) -> (predictions: [Float], detections: [Detection]) {
        _ = try load(jpeg: jpeg)
        engine.run()
        return outputs()
    }

    /// Of the last run.
    func outputs() -> (predictions: [Float], detections: [Detection]) {
        var predictions = [Float](repeating: 0, count: engine.predictionCount)
        predictions.withUnsafeMutableBufferPointer { engine.copyPredictions(to: $0) }
        return (predictions, Array(result().detections))
    }
}

/// What `swiftlet-model quantize --report` prints.
struct QuantizationReport: Encodable {
    struct Line: Encodable {
        var name: String
        var totalDb: Double?
        var ownDb: Double
        var rms: Double

        enum CodingKeys: String, CodingKey {
            case name
            case totalDb = "total_db"
            case ownDb = "own_db"
            case rms
        }
    }

    /// Worst first; tensors without a total by their own rounding.
    var tensors: [Line]
    /// Of detectors.
    var outputs: CompareReport?

    init(_ lines: [NoiseReport.Line], _ outputs: CompareReport?) {
        tensors = lines.map {
            Line(name: $0.name, totalDb: $0.total.map { min($0, 999) }, ownDb: min($0.own, 999), rms: $0.level)
        }.sorted { ($0.totalDb ?? $0.ownDb) < ($1.totalDb ?? $1.ownDb) }
        self.outputs = outputs
    }

    func json() throws -> String { try compactJSON(self) }

    var table: String {
        Self.table(tensors, title: "signal to noise, dB") + (outputs.map { "\n\n" + $0.table } ?? "")
    }

    static func table(_ tensors: [Line], title: String) -> String {
        func row(_ name: String, _ total: String, _ own: String) -> String {
            padded(name, to: 64) + padded(total, to: 10, .right) + padded(own, to: 10, .right)
        }
        let rows = tensors.map {
            row(printable($0.name), $0.totalDb.map { String(format: "%.1f", $0) } ?? "-", String(format: "%.1f", $0.ownDb))
        }
        return ([row(title, "total", "own")] + rows).joined(separator: "\n")
    }
}

/// One line with sorted keys.
func compactJSON(
    _ value: some Encodable, keys: JSONEncoder.KeyEncodingStrategy = .convertToSnakeCase
) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = keys
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
