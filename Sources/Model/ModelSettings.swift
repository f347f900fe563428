/// What a program decides about the way into a model, and about what comes out.
public struct ModelSettings {
    /// A minimum score for one class.
    public struct ClassThreshold {
        /// UTF-8.
        public var label: [UInt8]
        /// What is found of the class scores more than this, 0...1.
        public var threshold: Float

        /// A model rejects a label that it does not have.
        public init(label: [UInt8], threshold: Float) {
            self.label = label
            self.threshold = threshold
        }
    }

    /// How an image gets to the network's size.
    public enum Resize: Sendable {
        /// As the network's upstream evaluates it, to the bit, from the full image.
        case upstream
        /// `ResizeRule.fast`, from a JPEG decoded at a fraction of its size where that is large enough.
        case fast
    }

    /// What is found scores more than this, or has a larger share of the image; nil is `TaskKind.defaultThreshold`.
    public var threshold: Float?
    /// Instead of `threshold`, for some classes. Of two for the same label the later one counts.
    public var classThresholds: [ClassThreshold]
    /// The best this many detections, classes or segments of an image are kept; nil keeps all, but the best five classes.
    public var limit: Int?
    /// Which comes first.
    public var order = DetectionOrder.ofSuppression
    /// For images and JPEGs; a `PixelView` is always resized by `ResizeRule.fast`.
    public var resize: Resize
    /// Of JPEGs.
    public var images = JPEGLimits()
    /// What JPEGs and `PixelView`s are turned by, after EXIF has made them upright: for cameras that are mounted turned.
    public var rotation = Orientation.upright
    /// Threads of the engine, 1...64; detections do not depend on it.
    public var threads: Int
    /// The kernels to run with; nil takes what SWIFTLET_PATH names, and otherwise the fastest.
    public var path: KernelPath?
    /// Keeps all intermediate tensors of an fp32 network readable; costs memory and time.
    public var observing = false

    /// Labels are checked when a model is made. `threads` within 1...64 is its precondition.
    public init(
        threshold: Float? = nil, classThresholds: [ClassThreshold] = [], limit: Int? = nil,
        resize: Resize = .upstream, threads: Int = 1, observing: Bool = false
    ) {
        self.threshold = threshold
        self.classThresholds = classThresholds
        self.limit = limit
        self.resize = resize
        self.threads = threads
        self.observing = observing
    }
}
