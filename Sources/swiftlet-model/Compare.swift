import ArgumentParser

struct Compare: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how far a quantised model is from its original, on images.",
        discussion: """
            Prints the signal-to-noise ratio of the raw outputs in rows where the reference sees something (a class \
            scores more than \(Comparison.foreground)), and which share of the detections above the threshold have a \
            partner of the same class with an IoU of at least \(Comparison.minimumOverlap). With annotations, also the \
            average precision of both as COCO evaluates it, of detections above \(ImageRunner.minimumScore).
            Use images that were not used for calibration.

            Example:
              swiftlet-model compare detector.gguf detector-int8.gguf --images test/ --annotations test.json
            """)

    @Argument(help: "The model file to compare with, usually fp32.", completion: .file(extensions: ["gguf"]))
    var reference: String

    @Argument(help: "The model file in question.", completion: .file(extensions: ["gguf"]))
    var candidate: String

    @Option(
        help: ArgumentHelp(
            "A directory of JPEGs, or a text file with one path a line, relative to its directory.",
            valueName: "directory|list"))
    var images: String

    @Option(
        help: ArgumentHelp(
            "Boxes in COCO's JSON format; images that it does not name are skipped.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var annotations: String?

    @Option(help: "Use at most N images, evenly sampled.")
    var limit: Int?

    @Option(help: "Detections that score more than this are compared.")
    var threshold: Float = 0.3

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more") }
        guard (ImageRunner.minimumScore...1).contains(threshold) else {
            throw ValidationError("--threshold must be \(ImageRunner.minimumScore) to 1")
        }
    }

    func execute() throws {
        let progress = Progress()
        let truth = try annotations.map { try GroundTruth(path: $0, progress: progress) }
        let run = try ModelRun(
            models: [reference, candidate], images: images, truth: truth, limit: limit, threshold: threshold,
            progress: progress)
        var report = CompareReport(run.results.map { $0.comparisons[0] }, classCount: run.labels.count)
        if let truth {
            let truths = truth.truths(in: run.images)
            report.reference = .init(AveragePrecision(truths: truths, found: run.found(0)))
            report.candidate = .init(AveragePrecision(truths: truths, found: run.found(1)))
        }
        progress.finish()
        print(json ? try report.json() : report.table)
    }
}
