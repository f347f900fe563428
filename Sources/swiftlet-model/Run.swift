import ArgumentParser
import Foundation

struct Run: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a model on one image and write its raw outputs, and what they say, as safetensors.",
        discussion: """
            Of a detector, writes float32 tensors confidences [1, R, C] (logits), locations [1, R, 4] (box offsets), \
            anchors [1, R, 4] (centre x, centre y, width, height), det.scores [D] and det.boxes_norm_xyxy [D, 4], and \
            int32 det.labels [D]. Of a classifier, writes logits [1, C], and prints the best classes. Of a segmenter, \
            writes logits_lowres [1, C, h, w] as the network makes them and uint8 mask_argmax_u8 [1, H, W], the class of \
            each pixel of the network's input, and prints each class with its share of the image and its box in it.
            The image is a JPEG, or a safetensors file with image_u8_rgb_hwc [H, W, 3]. One of another size than the \
            network's input is resized as the network's upstream does it.
            """)

    @Argument(help: "The model file.", completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(help: ArgumentHelp("A JPEG, or safetensors with image_u8_rgb_hwc.", valueName: "file"))
    var input: String

    @Option(name: .shortAndLong, help: "The safetensors file to write.", completion: .file())
    var output: String

    @Option(help: "Minimum score of detections (default: 0.3) or classes (0), or share of a segment (0.001).")
    var threshold: Float?

    @Option(help: ArgumentHelp("The network's input size; by default the model's own.", valueName: "WxH"))
    var size: Size?

    func validate() throws {
        guard (0...1).contains(threshold ?? 0) else { throw ValidationError("--threshold must be 0 to 1") }
        try size?.validate()
    }

    func execute() throws {
        _ = try inputFiles([model, input], output: output)
        let file = try open(model: model)
        let detector = try swiftlet_model.load(file, model, size: size?.image, ModelSettings(threshold: threshold))
        try load(into: detector)
        detector.run()
        switch detector.task {
        case .detection: try writeDetections(detector)
        case .classification: try writeLogits(detector)
        case .segmentation(let decoder): try writeMask(detector, decoder)
        }
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

    private func predictions(_ detector: Model) -> [Float] {
        var predictions = [Float](repeating: 0, count: detector.engine.predictionCount)
        predictions.withUnsafeMutableBufferPointer { detector.engine.copyPredictions(to: $0) }
        return predictions
    }

    private func write(_ fill: (inout SafetensorsWriter) throws -> Void) throws {
        var writer = SafetensorsWriter()
        do {
            try fill(&writer)
            try writer.write(to: output, inputs: try inputFiles([model, input]))
        } catch CheckpointError.cannotWrite(let path, let error) {
            throw Failure.unwritable(path, error)
        } catch let error as CheckpointError {
            throw Failure.cannotCreate(error.message)
        }
    }

    private func writeLogits(_ classifier: Model) throws {
        let logits = predictions(classifier)
        try write { try $0.add("logits", shape: [1, logits.count], logits) }
        for best in classifier.result().classes {
            let label = classifier.description.labels[Int(best.classIndex)]
            print("\(fixed(Double(best.score), decimals: 4))  \(best.classIndex)  \(printable(text(label)))")
        }
        print("\(logits.count) classes; wrote \(printable(output))")
    }

    private func writeMask(_ segmenter: Model, _ decoder: SegmentationDecoder) throws {
        let rows = predictions(segmenter), result = segmenter.result(), mask = result.mask!
        let (size, classes) = (decoder.mapSize, decoder.classCount), pixels = size.width * size.height
        var logits = [Float](repeating: 0, count: rows.count)
        for (place, value) in rows.enumerated() { logits[place % classes * pixels + place / classes] = value }
        try write { writer in
            try writer.add("logits_lowres", shape: [1, classes, size.height, size.width], logits)
            try writer.add(
                "mask_argmax_u8", shape: [1, mask.size.height, mask.size.width], elementType: .uint8, bytes: Array(mask.classes))
        }
        for segment in result.segments {
            let box = segment.box.pixels(in: segmenter.imageSize)
            let sides = [box.left, box.top, box.right, box.bottom].map { fixed(Double($0), decimals: 1) }
            print(
                "\(fixed(Double(segment.share), decimals: 4))  \(segment.classIndex)  "
                    + "\(printable(text(segmenter.description.labels[Int(segment.classIndex)])))  \(sides.joined(separator: " "))"
            )
        }
        print("\(classes) classes, mask of \(mask.size.width)x\(mask.size.height); wrote \(printable(output))")
    }

    private func writeDetections(_ detector: Model) throws {
        let classCount = detector.description.labels.count, rows = detector.task.anchors.count
        let record = 4 + classCount
        let predictions = predictions(detector)
        var confidences: [Float] = [], locations: [Float] = [], anchors: [Float] = []
        for row in 0..<rows {
            let values = predictions[row * record..<(row + 1) * record]
            locations += values.prefix(4)
            confidences += values.dropFirst(4)
            let anchor = detector.task.anchors[row]
            anchors += [anchor.centreX, anchor.centreY, anchor.width, anchor.height]
        }
        let detections = Array(detector.result().detections)
        try write { writer in
            try writer.add("confidences", shape: [1, rows, classCount], confidences)
            try writer.add("locations", shape: [1, rows, 4], locations)
            try writer.add("anchors", shape: [1, rows, 4], anchors)
            try writer.add("det.labels", shape: [detections.count], detections.map(\.classIndex))
            try writer.add("det.scores", shape: [detections.count], detections.map(\.score))
            try writer.add(
                "det.boxes_norm_xyxy", shape: [detections.count, 4],
                detections.flatMap { [$0.box.left, $0.box.top, $0.box.right, $0.box.bottom] })
        }
        let found = "\(detections.count) detection\(detections.count == 1 ? "" : "s")"
        print("\(found) above \(threshold ?? TaskKind.detection.defaultThreshold), \(rows) anchors; wrote \(printable(output))")
    }
}
