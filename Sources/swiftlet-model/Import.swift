import ArgumentParser
import Foundation

extension StoragePrecision: ExpressibleByArgument {}

extension ChannelOrder: ExpressibleByArgument {}
extension ImageFit: ExpressibleByArgument {}

/// Options whose words are the model file's.
extension ExpressibleByArgument where Self: MetadataChoice {
    /// nil for anything but the words of `allValueStrings`.
    public init?(argument: String) {
        guard let choice = Self.words.first(where: { "\($0.word)" == argument }) else { return nil }
        self = choice.value
    }

    /// The words, in the model file's order.
    public static var allValueStrings: [String] { words.map { "\($0.word)" } }
}

struct Import: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn a PyTorch or safetensors checkpoint into a model file.",
        discussion: """
            Recognises the networks that --list names, in any width, and the number of classes from the tensors themselves, and \
            folds batch norm. Nothing in the checkpoint is executed.

            Example:
              swiftlet-model import checkpoint_ema_best.pt -o detector.gguf --labels coco
            """)

    @Argument(help: "The checkpoint: a PyTorch file of any version, or safetensors.", completion: .file())
    var checkpoint: String?

    @Option(name: .shortAndLong, help: "The model file to write.", completion: .file(extensions: ["gguf"]))
    var output: String?

    @Flag(help: "Only list the networks that are known, and whose names of tensors.")
    var list = false

    @Option(help: ArgumentHelp("The network, by a name of --list. Recognised if not given.", valueName: "name"))
    var architecture: String?

    @Option(
        help: ArgumentHelp(
            """
            Where in the checkpoint the weights are, by its keys: for one that contains several networks, or the weights \
            before they were averaged.
            """, valueName: "name"))
    var weights: String?

    @Option(
        help: ArgumentHelp(
            """
            A file with one label per line, a detector's without the background; or 'coco' for its 80 classes. Numbers before the labels, \
            YOLO's data.yaml, JSON and TensorFlow's label maps are read too.
            """, valueName: "file|coco"))
    var labels: String?

    @Option(help: "How weights are stored: fp32 or fp16.")
    var precision = StoragePrecision.fp32

    @Option(help: "The order of the colour planes, rgb or bgr. Default: as published.")
    var channelOrder: ChannelOrder?

    @Option(
        help: ArgumentHelp(
            """
            What is subtracted from channels, as shares of their largest value, in the network's order. Default: as published.
            """, valueName: "m,m,m"))
    var mean: ChannelStatistics?

    @Option(help: ArgumentHelp("What the difference is divided by. Default: as published.", valueName: "s,s,s"))
    var std: ChannelStatistics?

    @Option(
        help: ArgumentHelp(
            """
            The network's input size. Default: as published, 320x320 for detectors, 256x256 for classifiers, 512x512 for \
            DeepLabv3.
            """, valueName: "WxH"))
    var size: Size?

    @Option(
        help: "How images of another shape are fitted: stretch as published, or letterbox (with grey margins).")
    var fit = ImageFit.stretch

    @Option(
        help: ArgumentHelp(
            """
            The anchors' scales that the network was trained with: the smallest side, and the one after the largest \
            level's, as shares of the image's. Default: as published, 0.1,1.05.
            """, valueName: "min,max"))
    var anchorScales: AnchorScales?

    @Option(
        help: ArgumentHelp(
            "The sides of the patches of layer_3, layer_4 and layer_5, which a checkpoint does not show. Default: 2,2,2.",
            valueName: "n,n,n"))
    var patchSize: Three?

    @Option(
        help: ArgumentHelp(
            "DeepLabv3's output stride, 8, 16 or 32, which a checkpoint does not show. Default: 16.", valueName: "n"))
    var outputStride: Int?

    @Option(
        help: ArgumentHelp(
            "DeepLabv3's dilations, which a checkpoint does not show. Default: 6,12,18.", valueName: "n,n,n"))
    var asppRates: Three?

    func validate() throws {
        guard !list else { return }
        guard checkpoint != nil else { throw ValidationError("Missing expected argument '<checkpoint>'") }
        guard output != nil else { throw ValidationError("Missing expected argument '--output <output>'") }
        try size?.validate()
        try anchorScales?.validate()
        try mean?.validate("--mean", isDivisor: false)
        try std?.validate("--std", isDivisor: true)
        try patchSize?.validate("--patch-size", 1...32)
        try asppRates?.validate("--aspp-rates", 1...127)
        guard [nil, 8, 16, 32].contains(outputStride) else { throw ValidationError("--output-stride needs 8, 16 or 32") }
    }

    func execute() throws {
        guard !list, let checkpoint, let output else { return print(NetworkList.text) }
        let progress = Progress()
        let inputs = try inputFiles([checkpoint] + (labels.map { $0 == "coco" ? [] : [$0] } ?? []), output: output)
        let importer: Importer
        do {
            importer = try Importer(
                try CheckpointFile(path: checkpoint), architecture: architecture, weights: weights,
                unseen: UnseenSizes(
                    outputStride: outputStride, patchSizes: patchSize?.values, rates: asppRates?.values),
                precision: precision)
        } catch let error as CheckpointError {
            throw Failure.unreadable(checkpoint, error)
        } catch let error as QuantizerError {
            throw failure(error, checkpoint)
        }
        for note in importer.notes {
            for line in note.lines { progress.say(line) }
        }
        let isDetector = importer.architecture.task == .detection
        if anchorScales != nil, !isDetector {
            throw failure(.notOfTheNetwork("--anchor-scales", importer.architecture.title), checkpoint)
        }
        if case .segmentation = importer.architecture.task, importer.classCount > TaskKind.segmentation.largestClassCount {
            throw Failure.badData(
                "\(printable(checkpoint)): \(importer.classCount) classes, but a mask has a byte for each pixel: the maximum is "
                    + "\(TaskKind.segmentation.largestClassCount)")
        }
        let names = try classLabels(count: importer.classCount, hasBackground: isDetector, progress)
        progress.say(
            "\(importer.architecture.title), \(importer.classCount) classes" + (isDetector ? " with background" : ""))
        do {
            let description = importer.description(
                labels: names, size: size?.image ?? importer.architecture.size, fit: fit, channelOrder: channelOrder,
                mean: mean?.values, standardDeviation: std?.values, anchors: anchorScales?.layout ?? .published)
            try importer.write(to: output, inputs: inputs, description: description) {
                progress.update("writing tensors", done: $0, total: $1)
            }
        } catch {
            throw failure(error, checkpoint)
        }
        progress.say("wrote \(printable(output))")
    }

    private func failure(_ error: QuantizerError, _ checkpoint: String) -> Failure {
        switch error {
        case .noSuchArchitecture, .notOfTheNetwork: .usage(error.message)
        case .checkpoint(let error): .unreadable(checkpoint, error)
        case .mismatch, .unknownArchitecture:
            if let part = checkpoint.firstMatch(of: /-(\d+)-of-(\d+)\./), part.2 != "00001" {
                .badData(
                    "\(printable(checkpoint)): is part \(Int(part.1) ?? 0) of \(Int(part.2) ?? 0) of a checkpoint: put the parts "
                        + "together first, and save them as one file")
            } else {
                .badData("\(printable(checkpoint)): \(error.message)")
            }
        default: .unmade(of: checkpoint, error)
        }
    }

    /// One label per class; a background comes first.
    private func classLabels(count: Int, hasBackground: Bool, _ progress: Progress) throws -> [String] {
        let background = hasBackground ? ["background"] : [], count = count - background.count
        let found: [String]
        switch labels {
        case nil where hasBackground && count == COCO.labels.count, "coco": found = COCO.labels
        case nil:
            // As annotations and masks number them: a detector's background is no class of theirs.
            let first = hasBackground ? 1 : 0, last = first + count - 1
            found = (first...last).map { "class \($0)" }
            progress.say("no labels: classes are called class \(first) to class \(last); --labels gives them names")
        case let path?: found = try labels(path, count: count, isDetector: hasBackground, progress)
        }
        guard found.count == count else {
            let beside = hasBackground ? " beside the background" : ""
            throw Failure.badData("coco: \(found.count) labels, but the network has \(count) classes\(beside)")
        }
        return background + found
    }

    private func labels(_ path: String, count: Int, isDetector: Bool, _ progress: Progress) throws -> [String] {
        let file = try InputFile.read(path, limit: LabelFile.largestFile) { bytes in
            do throws(AnnotationError) {
                return try LabelFile(bytes, count: count, isDetector: isDetector)
            } catch {
                throw Failure.badData("\(path): \(error.message)")
            }
        }
        for remark in file.remarks { progress.say(printable("\(path): \(remark)")) }
        return file.labels
    }
}
