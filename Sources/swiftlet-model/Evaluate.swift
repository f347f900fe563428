import ArgumentParser
import Foundation

struct Evaluate: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how well models, or a daemon, find, classify or segment what is in images.",
        discussion: """
            Prints average precision and recall as COCO evaluates them (of at most 100 detections of a class in an image, \
            above a score of \(ImageRunner.minimumScore)), for each class, and the confusion matrix. Several models, \
            such as one in fp32, fp16 and int8, are compared on the same images: agreement is the share of detections \
            above the threshold that have a partner of the same class with an IoU of at least \
            \(Comparison.minimumOverlap) in those of the first model.
            Classifiers need no annotations, but a directory for each class, called like its label or its number: they are \
            judged by the share of images whose class scores best (top 1) or is among the best five (top 5).
            Segmenters need --masks: of each class, the IoU of its pixels in all true and in all found masks, and their mean \
            over the classes that occur.

            Examples:
              swiftlet-model evaluate detector.gguf --images test/ --annotations test.json
              swiftlet-model evaluate detector.gguf detector-int8.gguf --images test/ --annotations test.json
              swiftlet-model evaluate classifier.gguf classifier-int8.gguf --images test/    # test/cat/1.jpg ...
              swiftlet-model evaluate segmenter.gguf segmenter-int8.gguf --images test/ --masks masks/
              nc -U /run/swiftlet/swiftlet.sock > stream.jsonl    # of: swiftletd --source test/ --wait 60 ...
              swiftlet-model evaluate --stream stream.jsonl --annotations test.json
            """)

    @Argument(help: "Model files, of any precision.", completion: .file(extensions: ["gguf"]))
    var models: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            A directory of JPEGs (and those below, where it lacks some that are annotated), or a text file with one path a \
            line, relative to its directory.
            """,
            valueName: "directory|list"))
    var images: String?

    @Option(
        help: ArgumentHelp("Lines that were read from swiftletd's socket, in place of models.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var stream: String?

    @Option(
        help: ArgumentHelp(
            """
            Boxes in COCO's JSON format, as Label Studio, CVAT, Roboflow and others export them. What would make figures \
            wrong is rejected with its entry; skipped entries are reported.
            """, valueName: "file"),
        completion: .file(extensions: ["json"]))
    var annotations: String?

    @Option(
        help: ArgumentHelp(
            """
            A directory with a mask for each image, NAME.png for NAME.jpg and of the same size: indexed or grey PNGs of up to \
            8 bits, whose values are the classes; 255 is not judged.
            """, valueName: "directory"))
    var masks: String?

    @Option(help: "Use at most N images, evenly sampled.")
    var limit: Int?

    @Option(help: "Detections that score more than this are told apart and compared.")
    var threshold: Float = 0.3

    @Flag(
        help: ArgumentHelp(
            "Print the noise in every tensor that an int8 model stores, against the first model, worst first.",
            discussion: """
                'total' compares what the int8 engine stores with the first model's values, noise of all earlier \
                layers included; tensors inside inverted residuals never exist whole and have none. 'own' is the \
                rounding of that tensor alone.
                """))
    var layers = false

    @Flag(help: "Print a line of JSON for each model instead of a table.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more") }
        guard (ImageRunner.minimumScore...1).contains(threshold) else {
            throw ValidationError("--threshold must be \(ImageRunner.minimumScore) to 1")
        }
        if stream != nil {
            guard models.isEmpty, images == nil, limit == nil, !layers else {
                throw ValidationError("--stream replaces models, --images, --limit and --layers")
            }
        } else if models.isEmpty || images == nil {
            throw ValidationError("model files and --images are required, or --stream")
        }
    }

    func execute() throws {
        let progress = Progress()
        let kind = try models.first.map { try swiftlet_model.kind(of: $0) } ?? .detection
        if kind == .segmentation { return try evaluateSegmenters(progress) }
        if masks != nil { throw Failure.usage("--masks is for segmenters") }
        if kind == .classification { return try evaluateClassifiers(progress) }
        guard let annotations else { throw Failure.usage("--annotations is required: boxes in COCO's JSON format") }
        let truth = try GroundTruth(path: annotations, progress: progress)
        let reports = try stream.map { [try evaluate(stream: $0, truth, progress)] } ?? evaluateModels(truth, progress)
        try tell(reports, progress)
    }

    private func evaluateClassifiers(_ progress: Progress) throws {
        if annotations != nil {
            throw Failure.usage(
                "\(models[0]): is a classifier: leave --annotations out, and give each class a directory in --images")
        }
        let run = try ClassifierRun(models: models, images: images!, limit: limit, progress: progress)
        var reports = models.indices.map { model in
            ClassificationReport(
                models[model], wanted: run.wanted, found: run.found[model], seconds: run.seconds[model],
                first: model > 0 ? run.found[0] : nil)
        }
        try addLayers(to: &reports, run.paths, progress)
        try tell(reports, progress)
    }

    private func evaluateSegmenters(_ progress: Progress) throws {
        guard let masks, annotations == nil else {
            throw Failure.usage("\(models[0]): is a segmenter: give it --masks, a directory of PNGs, instead of --annotations")
        }
        let run = try SegmenterRun(models: models, images: images!, masks: masks, limit: limit, progress: progress)
        var reports = models.indices.map { model in
            SegmentationReport(
                models[model], run.counts[model], labels: run.labels, images: run.paths.count, isFirst: model == 0)
        }
        guard reports[0].perClass.contains(where: { $0.pixels > 0 }) else {
            throw Failure.badData("\(masks): no pixel is judged: all are 255")
        }
        try addLayers(to: &reports, run.paths, progress)
        try tell(reports, progress)
    }

    private func evaluateModels(_ truth: GroundTruth, _ progress: Progress) throws -> [EvaluationReport] {
        let run = try ModelRun(
            models: models, images: images!, truth: truth, limit: limit, threshold: threshold, progress: progress)
        let truths = truth.truths(in: run.images)
        var reports = models.indices.map { model in
            var report = EvaluationReport(
                models[model], truths, run.found(model), labels: run.labels, classes: run.classes?.classes ?? [],
                images: run.results.count, threshold: Double(threshold))
            let seconds = run.results.map { $0.seconds[model] }.reduce(0, +)
            report.imagesPerSecond = Double(run.results.count) / seconds
            if model > 0 {
                var sum = Comparison(classCount: run.labels.count)
                for result in run.results { sum.merge(result.comparisons[model - 1]) }
                report.compare(sum)
            }
            return report
        }
        try addLayers(to: &reports, run.results.map(\.path), progress)
        return reports
    }

    private func addLayers<Report: ModelReport>(to reports: inout [Report], _ paths: [String], _ progress: Progress) throws {
        guard layers else { return }
        for (model, lines) in try LayerNoise.measure(models, paths, progress) { reports[model].layers = lines }
    }

    private func tell<Report: ModelReport>(_ reports: [Report], _ progress: Progress) throws {
        progress.finish()
        if json {
            for report in reports { print(try report.json()) }
        } else {
            print(Report.table(reports))
        }
    }

    private func evaluate(stream: String, _ truth: GroundTruth, _ progress: Progress) throws -> EvaluationReport {
        let recorded = try RecordedStream(path: stream)
        let names = recorded.names
        guard !names.isEmpty else { throw Failure.badData("\(stream): contains no frame of an image") }
        let matching = try truth.match(names)
        try truth.report(matching, names, of: stream)
        try truth.check(recorded.found(matching))
        let classes = try truth.classes(labels: recorded.labels)
        if recorded.threshold > ImageRunner.minimumScore {
            progress.say(
                "\(stream): contains only what scored more than \(recorded.threshold): the figures are lower than the "
                    + "model's; start swiftletd with --threshold \(ImageRunner.minimumScore) --limit 1000 for those")
        }
        if recorded.isFiltered {
            progress.say(
                "\(stream): the daemon's configuration skips some of what is found by class or zone: the figures are not "
                    + "the model's; record it without [detect] classes, [threshold] and zones")
        }
        if let request = recorded.request {
            progress.say(
                "\(stream): the reader asked for a part of what is found (\(request)): the figures are not the model's; "
                    + "record it without that request")
        }
        if recorded.endsWithinLine { progress.say("\(stream): ends within a line, which is skipped") }
        if recorded.incompleteFrames > 0 {
            progress.say(
                "\(stream): \(recorded.incompleteFrames) frames lack detections that did not fit into a line: the "
                    + "figures are lower than the model's; start swiftletd with a lower --limit")
        }
        let listed = Set(matching.entries.compactMap { $0 })
        return EvaluationReport(
            stream, truth.truths(in: listed), recorded.found(matching, classes), labels: classes.labels,
            classes: classes.classes, images: listed.count, threshold: Double(threshold))
    }
}
