import CLinux

/// A model ready to run: one image in, its task's result out. Joins model file, engine and vision. Not thread-safe; one
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
    /// The upright size of the last image.
    public private(set) var imageSize = ImageSize(width: 0, height: 0)

    /// The best this many detections, classes or segments of an image are kept; nil keeps all.
    public var limit: Int?

    private let thresholds: [Float]
    private let settings: ModelSettings
    private let images: ImageInput

    /// The largest number of values that a network may put out: 256 MiB of fp32.
    private static let largestOutputCount = 1 << 26

    /// Reads the model at `path` and prepares it for `size`, or its own size where that is nil.
    public convenience init(
        path: UnsafePointer<CChar>, size: ImageSize? = nil, settings: ModelSettings
    ) throws(ModelError) {
        // Swift ends the process where it gets no memory. What reads the model, computes, and waits for clients takes less
        // than this beside the images, threads' stacks included.
        let needed = settings.images.memory + (64 << 20) + settings.threads * (8 << 20)
        guard clinux_can_map(needed) else { throw .noMemoryForImages(byteCount: needed) }
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
        _ file: ModelFile, size: ImageSize? = nil
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

    /// The same for a model file that is read already, which the engine continues using. Throws what is wrong with the
    /// model, the size (`inputSize`) or a label of the settings (`unknownLabel`), or why the engine cannot run it.
    public init(file: ModelFile, size: ImageSize? = nil, settings: ModelSettings) throws(ModelError) {
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
        limit = settings.limit ?? (description.task.kind == .classification ? description.task.kind.defaultLimit : nil)
        thresholds = try Self.thresholds(settings, description)
        images = try Self.imageInput(format, description, settings)
    }

    /// A way in for images that another thread may use while this model runs; it writes to that thread's tensor.
    public func makeImageInput() throws(ModelError) -> ImageInput {
        try Self.imageInput(format, description, settings)
    }

    private static func imageInput(
        _ format: InputFormat, _ description: ModelDescription, _ settings: ModelSettings
    ) throws(ModelError) -> ImageInput {
        let input = ImageInput(format: format, settings: settings, upstream: description.resize)
        guard input.isUsable else { throw .noMemoryForImages(byteCount: settings.images.memory) }
        return input
    }

    /// The network's input, overwritten by a run.
    public var input: ImageInput.Tensor {
        engine.input.isEmpty ? .bytes(engine.inputBytes) : .values(engine.input)
    }

    /// Decodes a JPEG image into the network's input.
    /// - Returns: how often libjpeg warned of damage that it decoded around.
    public func load(jpeg bytes: UnsafeRawBufferPointer) throws(JPEGError) -> Int {
        let loaded = try images.load(jpeg: bytes, into: input)
        imageSize = loaded.size
        return loaded.warnings
    }

    /// Puts an image into the network's input.
    public func load(_ image: borrowing Image) {
        imageSize = image.size
        images.load(image, into: input)
    }

    /// Computes the output from the input.
    public func run() { engine.run() }

    /// What the output says of the image that was loaded; valid until the next call.
    public func result() -> ModelResult {
        result(of: imageSize, thresholds: thresholds, limit: limit)
    }

    /// The same for an image that came from elsewhere, whose upright size is given, with other thresholds, one per
    /// class, and another limit, for programs whose settings change.
    public func result(of image: ImageSize, thresholds: [Float], limit: Int?) -> ModelResult {
        let output: OutputRows =
            switch engine.predictions {
            case .fp32(let values): .fp32(values)
            case .fp16(let values): .fp16(values)
            }
        switch task {
        case .detection(let decoder):
            let isMoved = format.fit == .letterbox && image.width > 0 && image.height > 0
            let map = isMoved ? BoxMap(to: format.fit.area(of: image, in: format.size), of: format.size) : nil
            return ModelResult(
                detections: decoder.decode(output, thresholds: thresholds, limit: limit, order: settings.order, map: map))
        case .classification(let decoder):
            return ModelResult(classes: decoder.decode(output, thresholds: thresholds, limit: limit))
        case .segmentation(let decoder):
            let isEmpty = image.width <= 0 || image.height <= 0
            let area = (isEmpty ? .stretch : format.fit).area(of: image, in: format.size)
            let found = decoder.decode(output, area: area, thresholds: thresholds, limit: limit)
            return ModelResult(segments: found.segments, mask: found.mask)
        }
    }

    private static func thresholds(
        _ settings: ModelSettings, _ description: ModelDescription
    ) throws(ModelError) -> [Float] {
        let labels = description.labels, usual = settings.threshold ?? description.task.kind.defaultThreshold
        var thresholds = [Float](repeating: usual, count: labels.count)
        for (position, setting) in settings.classThresholds.enumerated() {
            var known = false
            // Labels may repeat; the setting is for all of them.
            for index in description.classes where labels[index].elementsEqual(setting.label) {
                thresholds[index] = setting.threshold
                known = true
            }
            guard known else { throw .unknownLabel(position: position, labels: Array(labels[description.classes])) }
        }
        return thresholds
    }
}
