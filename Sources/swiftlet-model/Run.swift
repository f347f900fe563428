import ArgumentParser
import Foundation

struct Run: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a model on one image and write its raw outputs and detections as safetensors.",
        discussion: """
            Writes float32 tensors confidences [1, R, C] (logits), locations [1, R, 4] (box offsets), anchors [1, R, 4] \
            (centre x, centre y, width, height), det.scores [D] and det.boxes_norm_xyxy [D, 4], and int32 det.labels [D].
            The image is a JPEG, or a safetensors file with image_u8_rgb_hwc [H, W, 3]. One of another size than the \
            network's input is resized as the network's upstream does it.
            """)

    @Argument(help: "The model file.", completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(help: ArgumentHelp("A JPEG, or safetensors with image_u8_rgb_hwc.", valueName: "file"))
    var input: String

    @Option(name: .shortAndLong, help: "The safetensors file to write.", completion: .file())
    var output: String

    @Option(help: "Detections score more than this.")
    var threshold: Float = 0.3

    @Option(help: ArgumentHelp("The network's input size; by default the model's own.", valueName: "WxH"))
    var size: Size?

    func validate() throws {
        guard (0...1).contains(threshold) else { throw ValidationError("--threshold must be 0 to 1") }
        try size?.validate()
    }

    func execute() throws {
        _ = try inputFiles([model, input], output: output)
        let file = try open(model: model)
        let detector = try swiftlet_model.load(file, model, size: size?.image, ModelSettings(threshold: threshold))
        try load(into: detector)
        detector.run()
        try write(detector)
    }

    private func load(into detector: Model) throws {
        if ImageFile.isJPEG(input) {
            try InputFile.read(input, limit: ImageFile.largest) { try load(jpeg: $0, into: detector) }
            return
        }
        do {
            let name = "image_u8_rgb_hwc"
            guard let tensor = try Checkpoint(path: input)[name] else {
                throw Failure.badData("\(input): contains no tensor \(name); give a JPEG, or safetensors with that tensor")
            }
            let sides = 1...16_384
            guard tensor.elementType == .uint8, tensor.shape.count == 3, tensor.shape[2] == 3,
                sides.contains(tensor.shape[0]), sides.contains(tensor.shape[1])
            else { throw Failure.badData("\(input): \(name) must be uint8 [height, width, 3]") }
            var image = Image()
            image.reshape(to: ImageSize(width: tensor.shape[1], height: tensor.shape[0]))
            _ = image.pixels.update(from: try tensor.bytes())
            detector.load(image)
        } catch let error as CheckpointError {
            switch error {
            case .notACheckpoint, .foreignFile:
                throw Failure.badData("\(input): is neither a JPEG nor a safetensors file")
            default: throw Failure.unreadable(input, error)
            }
        }
    }

    private func load(jpeg: UnsafeRawBufferPointer, into detector: Model) throws {
        do {
            _ = try detector.load(jpeg: jpeg)
        } catch {
            throw Failure.badData("\(input): \(error.message)")
        }
    }

    private func write(_ detector: Model) throws {
        let classCount = detector.description.labels.count, rows = detector.task.anchors.count
        let record = 4 + classCount
        var predictions = [Float](repeating: 0, count: detector.engine.predictionCount)
        predictions.withUnsafeMutableBufferPointer { detector.engine.copyPredictions(to: $0) }
        var confidences: [Float] = [], locations: [Float] = [], anchors: [Float] = []
        for row in 0..<rows {
            let values = predictions[row * record..<(row + 1) * record]
            locations += values.prefix(4)
            confidences += values.dropFirst(4)
            let anchor = detector.task.anchors[row]
            anchors += [anchor.centreX, anchor.centreY, anchor.width, anchor.height]
        }
        let detections = Array(detector.result().detections)
        var writer = SafetensorsWriter()
        do {
            try writer.add("confidences", shape: [1, rows, classCount], confidences)
            try writer.add("locations", shape: [1, rows, 4], locations)
            try writer.add("anchors", shape: [1, rows, 4], anchors)
            try writer.add("det.labels", shape: [detections.count], detections.map(\.classIndex))
            try writer.add("det.scores", shape: [detections.count], detections.map(\.score))
            try writer.add(
                "det.boxes_norm_xyxy", shape: [detections.count, 4],
                detections.flatMap { [$0.box.left, $0.box.top, $0.box.right, $0.box.bottom] })
            try writer.write(to: output, inputs: try inputFiles([model, input]))
        } catch CheckpointError.cannotWrite(let path, let error) {
            throw Failure.unwritable(path, error)
        } catch let error as CheckpointError {
            throw Failure.cannotCreate(error.message)
        }
        let found = "\(detections.count) detection\(detections.count == 1 ? "" : "s")"
        print("\(found) above \(threshold), \(rows) anchors; wrote \(printable(output))")
    }
}
