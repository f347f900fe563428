/// The noise in each tensor of int8 models, measured against the model that they were made of.
enum LayerNoise {
    /// - Parameters:
    ///   - models: the first in fp32 or fp16, at least one of the others in int8.
    ///   - images: that can be read.
    /// - Returns: for each int8 model its place in `models` and its tensors, worst first.
    static func measure(
        _ models: [String], _ images: [String], _ progress: Progress
    ) throws -> [(model: Int, tensors: [QuantizationReport.Line])] {
        let files = try models.map { try open(model: $0) }
        let source: FloatModel
        do {
            source = try FloatModel(files[0])
        } catch {
            throw Failure.usage("\(models[0]): --layers needs a first model in fp32 or fp16: \(error.message)")
        }
        let quantised = files.indices.filter { files[$0].tensors.contains { $0.storageType == .int8 } }
        guard !quantised.isEmpty else {
            throw Failure.usage("--layers needs an int8 model after the first, to tell its tensors' noise")
        }
        let workers = min(Engine.defaultThreads, images.count, 8)
        let references = try (0..<workers).map { _ in try load(files[0], models[0], ModelSettings(observing: true)) }
        return try quantised.map { model in
            let candidates = try (0..<workers).map { _ in try load(files[model], models[model], ModelSettings()) }
            guard try GraphFile(files[model]) == GraphFile(files[0]) else {
                throw Failure.badData("\(models[model]): is of another network than \(models[0])")
            }
            let report: NoiseReport
            do throws(QuantizerError) {
                report = try NoiseReport(source, int8: files[model])
            } catch {
                throw Failure.unmade(of: models[model], error)
            }
            let meter = NoiseMeter(report, references, candidates)
            let measured = meter.measure(images) {
                progress.update("measuring noise", done: $0, total: $1, isLong: true)
            }
            return (model, measured.tensors)
        }
    }
}
