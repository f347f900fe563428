/// The first line that every client gets: who is talking and what the numbers in the other lines mean.
public struct HelloLine {
    /// Who writes the stream: "swiftletd".
    public var program: StaticString
    /// The program's.
    public var version: StaticString
    /// UTF-8. It, the architecture, the precision and the path are cut after `StreamProtocol.textLimit` bytes.
    public var modelName: [UInt8]
    /// The network's, as the model file names it.
    public var architecture: [UInt8]
    /// "fp32", "fp16" or "int8": what the weights are stored in.
    public var precision: [UInt8]
    /// What the model does, as its file has it; nil, detection, is not written.
    public var task: StaticString?
    /// Of the network's input.
    public var inputWidth: Int
    /// In pixels, as is the width.
    public var inputHeight: Int
    /// "picture", "folder", "mjpeg", "stream" or "camera".
    public var sourceKind: StaticString
    /// A path, or what names the camera; UTF-8.
    public var sourcePath: [UInt8]
    /// What the source's images are turned by, clockwise and in degrees: 0, 90, 180 or 270.
    public var rotation: Int
    /// At the start of the daemon: a configuration that is reloaded may change it.
    public var threshold: Float
    /// Whether settings by class or zone skip some of what is found; at the start of the daemon, as the threshold.
    public var isFiltered: Bool
    /// Whether clients may have images.
    public var snapshots: Bool
    /// The place in the list is the class; a detector's class 0 is the background. UTF-8.
    public var labels: [ArraySlice<UInt8>]

    /// Copies nothing until `encoded` is called.
    public init(
        program: StaticString, version: StaticString, modelName: [UInt8], architecture: [UInt8], precision: [UInt8],
        task: StaticString? = nil, inputWidth: Int, inputHeight: Int, sourceKind: StaticString, sourcePath: [UInt8],
        rotation: Int = 0,
        threshold: Float, isFiltered: Bool = false, snapshots: Bool, labels: [ArraySlice<UInt8>]
    ) {
        self.task = task
        self.rotation = rotation
        self.isFiltered = isFiltered
        self.program = program
        self.version = version
        self.modelName = modelName
        self.architecture = architecture
        self.precision = precision
        self.inputWidth = inputWidth
        self.inputHeight = inputHeight
        self.sourceKind = sourceKind
        self.sourcePath = sourcePath
        self.threshold = threshold
        self.snapshots = snapshots
        self.labels = labels
    }

    /// The line with its newline. Labels at the end of a list that is too long for `limit` are counted, not listed:
    /// every detection carries its label anyway.
    public func encoded(limit: Int = StreamProtocol.helloLimit) throws(StreamError) -> [UInt8] {
        var json = JSONWriter(capacity: limit)
        json.beginObject()
        json.string("type", "hello")
        json.integer("protocol", StreamProtocol.version)
        json.string("program", program)
        json.string("version", version)
        json.beginObject("model")
        json.string("name", cut(modelName))
        json.string("architecture", cut(architecture))
        json.string("precision", cut(precision))
        json.integer("width_px", inputWidth)
        json.integer("height_px", inputHeight)
        json.endObject()
        if let task {
            json.string("task", task)
        }
        json.beginObject("source")
        json.string("kind", sourceKind)
        json.string("path", cut(sourcePath))
        if rotation != 0 {
            json.integer("rotate_deg", rotation)
        }
        json.endObject()
        json.decimal("threshold", Double(threshold), decimals: 4)
        if isFiltered {
            json.boolean("filtered", true)
        }
        json.boolean("snapshots", snapshots)
        json.beginArray("labels")
        var listed = 0
        for label in labels {
            let mark = json.mark
            json.string(label)
            if json.hasOverflowed || json.room < Self.tail {
                json.rewind(to: mark)
                break
            }
            listed += 1
        }
        json.endArray()
        json.integer("labels_omitted", labels.count - listed)
        json.endObject()
        return Array(try json.line())
    }

    /// Room for what follows the labels.
    private static let tail = 64

    private func cut(_ text: [UInt8]) -> [UInt8] { Array(text.prefix(StreamProtocol.textLimit)) }
}
