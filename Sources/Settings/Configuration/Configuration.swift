/// What a configuration file says, with the product's defaults where it says nothing.
public struct Configuration {
    /// Where detections count, or do not.
    public struct Zone {
        /// UTF-8.
        public var name: [UInt8]
        /// Where detections count; nil for a zone that only excludes.
        public var include: Box?
        /// Where detections do not count, whatever includes them.
        public var exclude: Box?
        /// Where the file begins it, from 1.
        var line = 0
    }

    /// A class as the file calls it, and where it does so.
    public struct ClassName {
        /// UTF-8.
        public var label: [UInt8]
        /// From 1.
        public var line: Int
    }

    /// A minimum score for one class.
    public struct ClassThreshold {
        /// Not known to be a class of the model: see `mistakes(for:)`.
        public var name: ClassName
        /// 0...1; detections of the class score more than this.
        public var threshold: Float
    }

    /// Paths and names are bytes without a null; nil where the file has none.
    public var modelPath: [UInt8]?
    /// Where the file names the model, from 1; 0 where it does not.
    public var modelPathLine = 0
    /// Of the engine, 1...`Engine.maximumThreadCount`.
    public var threads = Engine.defaultThreads
    /// As `CameraSelector` takes it; nil takes the first camera.
    public var cameraName: [UInt8]?
    /// What the camera should deliver; nil leaves the choice to the program.
    public var cameraSize: ImageSize?
    /// The only format to take from the camera; nil leaves the choice to the program.
    public var cameraFormat: PixelFormat?
    /// The minimum time that the camera may take for a frame, in seconds.
    public var cameraTimeout = 3.0
    /// What images are turned by, clockwise and in degrees: 0, 90, 180 or 270.
    public var rotation = 0
    /// Maximum frames per second; nil is no limit.
    public var rate: Double?
    /// What the model does, which the file does not say: it decides about defaults, and about what means something.
    public var task = TaskKind.detection
    /// What is found scores more than this; nil where the file does not say.
    public var givenThreshold: Float?
    /// The best this many detections or classes of a frame are kept; nil where the file does not say.
    public var givenLimit: Int?
    /// The file's, or the task's own.
    public var threshold: Float { givenThreshold ?? task.defaultThreshold }
    /// The file's, or the task's own.
    public var limit: Int { givenLimit ?? task.defaultLimit }
    /// Whether images are resized just as the model was evaluated, and not the quick way.
    public var resizesAsUpstream = false
    /// Only these classes are detected; nil is all.
    public var classes: [ClassName]?
    /// Instead of `threshold`, in the file's order.
    public var classThresholds: [ClassThreshold] = []
    /// Comments that would be such if a label began with their sign: a mistake where the model has that label.
    var commentedThresholds: [ClassName] = []
    /// At most `maximumZones`, in the file's order.
    public var zones: [Zone] = []
    /// Whether classes, their thresholds or zones skip some of what is found.
    public var isFiltered: Bool { classes != nil || !classThresholds.isEmpty || !zones.isEmpty }
    /// Where the daemon listens, unless it is given a socket.
    public var socketPath: [UInt8] = bytes(Configuration.defaultSocketPath)
    /// Whether clients of the socket may have images.
    public var allowsSnapshots = true
    /// Where the daemon writes its metrics; nil writes none.
    public var metricsPath: [UInt8]?

    /// The defaults.
    public init() {}

    /// Where the daemon looks when it is not told.
    public static var defaultPath: StaticString { "/etc/swiftlet/swiftlet.conf" }

    /// In the directory that the service's unit makes.
    public static var defaultSocketPath: StaticString { "/run/swiftlet/swiftlet.sock" }

    /// The same as a C string.
    public static var defaultSocket: UnsafePointer<CChar> { cString(defaultSocketPath) }

    /// Zones of one file.
    public static let maximumZones = 64
    /// Seconds.
    public static let timeoutRange = 1...3600.0
    /// Frames per second.
    public static let rateRange = 0.001...1000.0
    /// Detections or classes of a frame.
    public static let limitRange: ClosedRange<Int64> = 1...1000

    /// What the file says of classes that a model does not have, and of what means nothing for its task.
    /// - Parameter labels: the model's, UTF-8; a detector's first is the background, which is no class to detect.
    public func mistakes(for labels: [ArraySlice<UInt8>]) -> [INIDiagnostic] {
        var mistakes: [INIDiagnostic] = []
        let sorted = SortedLabels(labels)
        func check(_ name: ClassName, _ section: StaticString, _ key: [UInt8]) {
            let isKnown = sorted.places(of: name.label).contains { $0 >= task.firstClass }
            if !isKnown, mistakes.count < ConfigurationReader.maximumDiagnostics {
                let near = nearest(to: name.label, in: labels.dropFirst(task.firstClass).map { Array($0) })
                let reason = INIDiagnostic.Reason.unknownClass(name.label, nearest: near)
                mistakes.append(.init(line: name.line, section: bytes(section), key: key, reason: reason))
            }
        }
        for name in commentedThresholds where sorted.places(of: name.label).contains(where: { $0 >= task.firstClass }) {
            mistakes.append(.init(line: name.line, section: bytes("threshold"), key: name.label, reason: .commentedClass))
        }
        for zone in zones where task != .detection {
            mistakes.append(.init(line: zone.line, section: bytes("zone ") + zone.name, reason: .zoneWithoutObjects(task)))
        }
        for name in classes ?? [] { check(name, "detect", bytes("classes")) }
        for setting in classThresholds { check(setting.name, "threshold", setting.name.label) }
        return mistakes
    }
}
