import CLinux
import Engine
import ModelFile
import Networks
import Vision

/// What a program decides about detections.
public struct DetectorSettings {
    /// A minimum score for one class.
    public struct ClassThreshold {
        /// UTF-8.
        public var label: [UInt8]
        /// Detections of the class score more than this, 0...1.
        public var threshold: Float

        /// A detector refuses a label that its model does not have.
        public init(label: [UInt8], threshold: Float) {
            self.label = label
            self.threshold = threshold
        }
    }

    /// How a picture gets to the network's size.
    public enum Resize: Sendable {
        /// As the network's upstream evaluates it, to the bit, from the full picture.
        case upstream
        /// `ResizeRule.fast`, from a JPEG decoded at a fraction of its size where that is large enough.
        case fast
    }

    /// Detections score more than this.
    public var threshold: Float
    /// Instead of `threshold`, for some classes. Of two for the same label the later one holds.
    public var classThresholds: [ClassThreshold]
    /// The best this many detections of a picture are kept; nil keeps what suppression leaves.
    public var limit: Int?
    /// Which comes first.
    public var order = DetectionOrder.ofSuppression
    /// For pictures and JPEGs; a `PixelView` is always resized by `ResizeRule.fast`.
    public var resize: Resize
    /// Of JPEGs.
    public var pictures = JPEGLimits()
    /// What JPEGs and `PixelView`s are turned by, after EXIF has made them upright: for cameras that are mounted turned.
    public var rotation = Orientation.upright
    /// Threads of the engine, 1...64; detections do not depend on it.
    public var threads: Int
    /// The kernels to run with; nil takes what SWIFTLET_PATH names, and otherwise the fastest.
    public var path: KernelPath?
    /// Keeps all intermediate tensors of an fp32 network readable; costs memory and time.
    public var observing = false

    /// Labels are checked when a detector is made. `threads` within 1...64 is its precondition.
    public init(
        threshold: Float = 0.3, classThresholds: [ClassThreshold] = [], limit: Int? = nil,
        resize: Resize = .upstream, threads: Int = 1
    ) {
        self.threshold = threshold
        self.classThresholds = classThresholds
        self.limit = limit
        self.resize = resize
        self.threads = threads
    }
}

/// One picture in, detections out: model file, engine and vision joined. Not thread-safe; one thread owns it.
public final class Detector {
    /// What the model file says; `input.size` is the file's, which `inputSize` may replace.
    public let description: ModelDescription
    /// Runs between `load` and `decode`.
    public let engine: Engine
    /// The size of the network's input.
    public let inputSize: PictureSize
    /// One per row of the network's output.
    public let anchors: [Anchor]
    /// The upright size of the last picture.
    public private(set) var pictureSize = PictureSize(width: 0, height: 0)

    private let thresholds: [Float]
    private let settings: DetectorSettings
    private let pictures: PictureInput
    /// What the network wants its input to be, at the size that it runs at.
    public let format: InputFormat
    private var decoder: DetectionDecoder

    /// Reads the model at `modelPath` and prepares it for `inputSize`, or its own size where that is nil.
    public convenience init(
        modelPath: UnsafePointer<CChar>, inputSize: PictureSize? = nil, settings: DetectorSettings
    ) throws(DetectorError) {
        // Swift ends the process where it gets no memory. What reads the model, computes, and waits for clients takes less
        // than this beside the pictures, threads' stacks included.
        let needed = settings.pictures.memory + (64 << 20) + settings.threads * (8 << 20)
        guard clinux_can_map(needed) else { throw .noMemoryForPictures(byteCount: needed) }
        try self.init(
            file: try LoadedNetwork.file(modelPath), inputSize: inputSize, settings: settings)
    }

    /// The same for a model file that is read already, which the engine goes on using. Throws what is wrong with the
    /// model, the size (`inputSize`) or a label of the settings (`unknownLabel`), or why the engine cannot run it.
    public init(
        file: ModelFile, inputSize: PictureSize? = nil, settings: DetectorSettings
    ) throws(DetectorError) {
        let loaded = try LoadedNetwork(
            file: file, inputSize: inputSize, threads: settings.threads, path: settings.path,
            observing: settings.observing)
        description = loaded.description
        engine = loaded.engine
        self.inputSize = loaded.format.size
        self.settings = settings
        thresholds = try Self.thresholds(settings, description.labels)
        anchors = description.anchors.anchors(
            for: loaded.network.levels.map { PictureSize(width: $0.width, height: $0.height) })
        decoder = DetectionDecoder(
            anchors: anchors, classCount: description.labels.count, centreVariance: description.centreVariance,
            sizeVariance: description.sizeVariance, suppression: description.suppression,
            iouThreshold: description.iouThreshold)
        format = loaded.format
        pictures = try Self.pictureInput(format, description, settings)
    }

    /// A way in for pictures that another thread may use while this detector runs; it writes to that thread's tensor.
    public func makePictureInput() throws(DetectorError) -> PictureInput {
        try Self.pictureInput(format, description, settings)
    }

    private static func pictureInput(
        _ format: InputFormat, _ description: ModelDescription, _ settings: DetectorSettings
    ) throws(DetectorError) -> PictureInput {
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

    /// The detections in the network's output for the picture that was loaded; valid until the next call.
    public func decode() -> UnsafeBufferPointer<Detection> {
        decode(of: pictureSize, thresholds: thresholds, limit: settings.limit)
    }

    /// The same for a picture that came from elsewhere, whose upright size is given, with other thresholds, one per
    /// class, and another limit, for programs whose settings change.
    public func decode(
        of picture: PictureSize, thresholds: [Float], limit: Int?
    ) -> UnsafeBufferPointer<Detection> {
        let found =
            switch engine.predictions {
            case .single(let values):
                decoder.decode(predictions: values, thresholds: thresholds, limit: limit, order: settings.order)
            case .half(let values):
                decoder.decode(predictions: values, thresholds: thresholds, limit: limit, order: settings.order)
            }
        if format.fit == .letterbox, picture.width > 0, picture.height > 0 {
            decoder.moveBoxes(found.count, to: format.fit.area(of: picture, in: inputSize), of: inputSize)
        }
        return found
    }

    private static func thresholds(
        _ settings: DetectorSettings, _ labels: [[UInt8]]
    ) throws(DetectorError) -> [Float] {
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
