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
            Recognises MobileViTv3-XXS and MobileViTv3-0.5 with SSDLite head and the number of classes from the tensors \
            themselves, and folds batch norm. Nothing in the checkpoint is executed.

            Example:
              swiftlet-model import checkpoint_ema_best.pt -o detector.gguf --labels coco
            """)

    @Argument(help: "The checkpoint: a PyTorch file of any version, or safetensors.", completion: .file())
    var checkpoint: String

    @Option(name: .shortAndLong, help: "The model file to write.", completion: .file(extensions: ["gguf"]))
    var output: String

    @Option(
        help: ArgumentHelp(
            "The network: \(Architecture.known.map(\.name).joined(separator: ", ")). Recognised if not given.",
            valueName: "name"))
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
            A file with one label per line, without the background; or 'coco' for its 80 classes. Numbers before the labels, \
            YOLO's data.yaml, JSON and TensorFlow's label maps are read too.
            """, valueName: "file|coco"))
    var labels: String?

    @Option(help: "How weights are stored: fp32 or fp16.")
    var precision = StoragePrecision.fp32

    @Option(help: "The order of the colour planes, rgb or bgr. Default: as published.")
    var channelOrder: ChannelOrder?

    @Option(help: ArgumentHelp("The network's input size.", valueName: "WxH"))
    var size = Size(width: 320, height: 320)

    @Option(
        help: "How images of another shape are fitted: stretch as published, or letterbox (with grey margins).")
    var fit = ImageFit.stretch

    @Option(
        help: ArgumentHelp(
            """
            The anchors' scales that the network was trained with: the smallest side, and the one after the largest \
            level's, as shares of the image's.
            """, valueName: "min,max"))
    var anchorScales = AnchorScales(of: .published)

    func validate() throws {
        try size.validate()
        try anchorScales.validate()
    }

    func execute() throws {
        let progress = Progress()
        let inputs = try inputFiles([checkpoint] + (labels.map { $0 == "coco" ? [] : [$0] } ?? []), output: output)
        let importer: Importer
        do {
            importer = try Importer(
                try CheckpointFile(path: checkpoint), architecture: architecture, weights: weights, precision: precision)
        } catch let error as CheckpointError {
            throw Failure.unreadable(checkpoint, error)
        } catch let error as QuantizerError {
            throw failure(error)
        }
        for note in importer.notes {
            for line in note.lines { progress.say(line) }
        }
        let names = try classLabels(count: importer.classCount, progress)
        progress.say("\(importer.architecture.title), \(importer.classCount) classes with background")
        do {
            let description = importer.description(
                labels: names, size: size.image, fit: fit, channelOrder: channelOrder, anchors: anchorScales.layout)
            try importer.write(to: output, inputs: inputs, description: description) {
                progress.update("writing tensors", done: $0, total: $1)
            }
        } catch {
            throw failure(error)
        }
        progress.say("wrote \(printable(output))")
    }

    private func failure(_ error: QuantizerError) -> Failure {
        switch error {
        case .noSuchArchitecture: .usage(error.message)
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

    /// One label per class, the background first.
    private func classLabels(count: Int, _ progress: Progress) throws -> [String] {
        let foreground: [String]
        switch labels {
        case nil where count == 81, "coco": foreground = COCO.labels
        case nil:
            foreground = (1..<count).map { "class \($0)" }
            progress.say("no labels: classes are called class 1 to class \(count - 1); --labels gives them names")
        case let path?: return ["background"] + (try labels(path, count: count - 1, progress))
        }
        guard foreground.count == count - 1 else {
            throw Failure.badData(
                "coco: \(foreground.count) labels, but the network has \(count - 1) classes beside the background")
        }
        return ["background"] + foreground
    }

    private func labels(_ path: String, count: Int, _ progress: Progress) throws -> [String] {
        let file = try InputFile.read(path, limit: LabelFile.largestFile) { bytes in
            do throws(AnnotationError) {
                return try LabelFile(bytes, count: count)
            } catch {
                throw Failure.badData("\(path): \(error.message)")
            }
        }
        for remark in file.remarks { progress.say(printable("\(path): \(remark)")) }
        return file.labels
    }
}
