import ArgumentParser
import Foundation

struct Quantize: ModelCommand {
    enum Target: String, ExpressibleByArgument, CaseIterable {
        case int8, fp16
    }

    static let configuration = CommandConfiguration(
        abstract: "Make an int8 or fp16 model file of one in fp32.",
        discussion: """
            int8 needs images like those that the model will see: their values in the network decide what a stored \
            byte stands for. 64 are plenty. They need no annotations, and should be upright and varied.

            Example:
              swiftlet-model quantize detector.gguf --precision int8 --calibrate photos/ -o detector-int8.gguf
            """)

    @Argument(help: "The model file, fp32 as imported.", completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(help: "How weights and activations are stored: int8 or fp16.")
    var precision = Target.int8

    @Option(
        help: ArgumentHelp(
            "For int8: a directory of JPEGs, or a text file with one path a line, relative to its directory.",
            valueName: "directory|list"))
    var calibrate: String?

    @Option(help: "Use at most N images, evenly sampled.")
    var limit = 64

    @Option(
        name: .shortAndLong, help: "The model file to write; by default the model's name with the precision added.",
        completion: .file(extensions: ["gguf"]))
    var output: String?

    @Flag(
        help: ArgumentHelp(
            "Print the signal-to-noise ratio of every stored tensor, worst first, and of the outputs.",
            discussion: """
                'total' compares what the int8 engine stores with fp32, noise of all earlier layers included; tensors \
                inside inverted residuals never exist whole and have none. 'own' is the rounding of that tensor alone. \
                Measured on the images of the calibration.
                """))
    var report = false

    @Flag(help: "Print the report as one JSON object.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit must be 1 to 100000") }
        guard precision != .int8 || calibrate != nil else {
            throw ValidationError("int8 needs --calibrate: a directory of JPEGs, or a text file that lists some")
        }
        guard report || !json else { throw ValidationError("--json is for --report") }
        guard precision == .int8 || !report else { throw ValidationError("--report is for int8") }
        guard precision == .int8 || calibrate == nil else {
            throw ValidationError("--calibrate is for int8: fp16 needs no images")
        }
    }

    private var target: String {
        if let output { return output }
        return (model.hasSuffix(".gguf") ? String(model.dropLast(5)) : model) + "-\(precision.rawValue).gguf"
    }

    func execute() throws {
        let file = try open(model: model)
        let images = try calibrate.map { Images.spread(try Images.paths($0), limit: limit) } ?? []
        let inputs = try inputFiles([model] + (calibrate.map { [$0] } ?? []) + images, output: target)
        let progress = Progress()
        do {
            let source = try FloatModel(file)
            switch precision {
            case .fp16:
                // The engine checks what the quantiser does not: every tensor's presence and shape.
                _ = try load(file, model, ModelSettings())
                try source.writeHalf(to: target, inputs: inputs) { progress.update("writing tensors", done: $0, total: $1) }
            case .int8: try writeInt8(source, file, images, inputs, progress)
            }
        } catch let error as QuantizerError {
            if error == .noReadableImages { throw Failure.noInput("\(calibrate ?? ""): \(error.message)") }
            throw Failure.unmade(of: model, error)
        }
        progress.say("wrote \(printable(target)), \(byteCount(try open(model: target).byteCount))")
    }

    private func writeInt8(
        _ source: FloatModel, _ file: ModelFile, _ images: [String], _ inputs: InputFiles, _ progress: Progress
    ) throws {
        // The engine checks the file before anything is made of its graph.
        let detectors = try (0..<min(Engine.defaultThreads, images.count, 8)).map { _ in
            try load(file, model, ModelSettings(observing: true))
        }
        let scheme = try QuantisationScheme(source.graph)
        try requireMemory((2 + detectors.count) * 32 << 20)
        let statistics = try Calibration.statistics(
            scheme, detectors: detectors, images: images,
            report: { progress.update("calibrating", done: $0, total: $1, isLong: true) },
            warn: { progress.say("\(printable($0)): skipped: \($1.message)") })
        let quantised = try Int8Model(source, scheme, statistics)
        try quantised.write(to: target, inputs: inputs) { progress.update("writing layers", done: $0, total: $1) }
        if report {
            let written = try open(model: target)
            let candidates = try detectors.map { _ in try load(written, model, ModelSettings()) }
            let noise = NoiseMeter(NoiseReport(quantised), detectors, candidates)
            let result = noise.measure(images) {
                progress.update("measuring noise", done: $0, total: $1, isLong: true)
            }
            progress.finish()
            print(json ? try result.json() : result.table)
        }
    }
}
