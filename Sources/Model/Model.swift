import CLinux
import Engine
import ModelFile
import Pixels
import Vision

/// A model ready to run: one picture in, its task's result out. Joins model file, engine and vision. Not thread-safe; one
/// thread owns it.
public final class Model {
    /// What the model file says; `input.size` is the file's own, `format.size` the one that it runs at.
    public let description: ModelDescription
    /// What computes the output from the input.
    public let engine: Engine
    /// What the network's input must be, at the size that it runs at.
    public let format: InputFormat
    /// What the output stands for.
    public let task: ModelTask
    /// The upright size of the last picture.
    public private(set) var pictureSize = PictureSize(width: 0, height: 0)

    private let thresholds: [Float]
    private let settings: ModelSettings
    private let pictures: PictureInput

    /// The largest number of values that a network may put out: 256 MiB of fp32.
    private static let largestOutputCount = 1 << 26

    /// Reads the model at `path` and prepares it for `size`, or its own size where that is nil.
    public convenience init(
        path: UnsafePointer<CChar>, size: PictureSize? = nil, settings: ModelSettings
    ) throws(ModelError) {
        // Swift ends the process where it gets no memory. What reads the model, computes, and waits for clients takes less
        // than this beside the pictures, threads' stacks included.
        let needed = settings.pictures.memory + (64 << 20) + settings.threads * (8 << 20)
        guard clinux_can_map(needed) else { throw .noMemoryForPictures(byteCount: needed) }
        try self.init(file: try Self.file(path), size: size, settings: settings)
    }

    /// Reads the model file at `path`, for one model alone.
    public static func file(_ path: UnsafePointer<CChar>) throws(ModelError) -> ModelFile {
        do {
            return try ModelFile(path: path, forOneEngine: true)
        } catch {
            throw .model(error)
        }
    }

    /// What a model file says, what its network's input must be at `size` (nil: the file's own), and its graph there.
    public static func read(
        _ file: ModelFile, size: PictureSize? = nil
    ) throws(ModelError) -> (description: ModelDescription, format: InputFormat, graph: Graph) {
        let description: ModelDescription, stored: GraphFile, graph: Graph
        do throws(ModelFileError) {
            description = try ModelDescription(file)
            stored = try GraphFile(file)
        } catch {
            throw .model(error)
        }
        var format = description.input
        if let size {
            let sides = ModelDescription.inputSides
            guard sides.contains(size.width), sides.contains(size.height) else { throw .inputSize(size) }
            format.size = size
        }
        do {
            graph = try stored.graph(
                input: MapShape(height: format.size.height, width: format.size.width, channels: 3))
        } catch {
            throw .graph(error)
        }
        guard graph.shape(graph.output).count <= largestOutputCount else { throw .inputSize(format.size) }
        return (description, format, graph)
    }

    /// The same for a model file that is read already, which the engine goes on using. Throws what is wrong with the
    /// model, the size (`inputSize`) or a label of the settings (`unknownLabel`), or why the engine cannot run it.
    public init(file: ModelFile, size: PictureSize? = nil, settings: ModelSettings) throws(ModelError) {
        let graph: Graph
        (description, format, graph) = try Self.read(file, size: size)
        do {
            task = try ModelTask(description, graph)
        } catch {
            throw .model(error)
        }
        do {
            engine = try Engine(
                graph: graph, file: file, threads: settings.threads, path: settings.path,
                observing: settings.observing, pixels: PixelScaling(format))
        } catch {
            throw .engine(error)
        }
        self.settings = settings
        thresholds = try Self.thresholds(settings, description.labels)
        pictures = try Self.pictureInput(format, description, settings)
    }

    /// A way in for pictures that another thread may use while this model runs; it writes to that thread's tensor.
    public func makePictureInput() throws(ModelError) -> PictureInput {
        try Self.pictureInput(format, description, settings)
    }

    private static func pictureInput(
        _ format: InputFormat, _ description: ModelDescription, _ settings: ModelSettings
    ) throws(ModelError) -> PictureInput {
        let input = PictureInput(format: format, settings: settings, upstream: description.resize)
        guard input.isUsable else { throw .noMemoryForPictures(byteCount: settings.pictures.memory) }
        return input
    }

    /// The network's input, overwritten by a run.
    public var input: PictureInput.Tensor {
        engine.input.isEmpty ? .bytes(engine.inputBytes) : .values(engine.input)
    }

    /// Decodes a JPEG picture into the network's input.
    /// - Returns: how often libjpeg warned of damage that it decoded around.
    public func load(jpeg bytes: UnsafeRawBufferPointer) throws(JPEGError) -> Int {
        let loaded = try pictures.load(jpeg: bytes, into: input)
        pictureSize = loaded.size
        return loaded.warnings
    }

    /// Puts a picture into the network's input.
    public func load(_ picture: borrowing Picture) {
        pictureSize = picture.size
        pictures.load(picture, into: input)
    }

    /// Computes the output from the input.
    public func run() { engine.run() }

    /// What the output says of the picture that was loaded; valid until the next call.
    public func result() -> ModelResult {
        result(of: pictureSize, thresholds: thresholds, limit: settings.limit)
    }

    /// The same for a picture that came from elsewhere, whose upright size is given, with other thresholds, one per
    /// class, and another limit, for programs whose settings change.
    public func result(of picture: PictureSize, thresholds: [Float], limit: Int?) -> ModelResult {
        switch task {
        case .detection(let decoder):
            let isMoved = format.fit == .letterbox && picture.width > 0 && picture.height > 0
            let map = isMoved ? BoxMap(to: format.fit.area(of: picture, in: format.size), of: format.size) : nil
            let rows: OutputRows =
                switch engine.predictions {
                case .fp32(let values): .fp32(values)
                case .fp16(let values): .fp16(values)
                }
            return ModelResult(
                detections: decoder.decode(rows, thresholds: thresholds, limit: limit, order: settings.order, map: map))
        }
    }

    private static func thresholds(_ settings: ModelSettings, _ labels: [[UInt8]]) throws(ModelError) -> [Float] {
        var thresholds = [Float](repeating: settings.threshold, count: labels.count)
        for (position, setting) in settings.classThresholds.enumerated() {
            var known = false
            // The background has no detections. Labels may repeat; the setting is for all of them.
            for index in 1..<labels.count where labels[index] == setting.label {
                thresholds[index] = setting.threshold
                known = true
            }
            guard known else { throw .unknownLabel(position: position, labels: labels) }
        }
        return thresholds
    }
}
