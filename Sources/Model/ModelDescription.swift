/// Everything a model file says about a model beside its weights.
public struct ModelDescription {
    /// Classes in the largest model that is accepted, background included.
    public static let largestClassCount = 4096
    /// The sides of the smallest and the largest input, in pixels.
    public static let inputSides = 32...2048
    /// Levels of anchors.
    static let levels = 1...6
    /// Bytes of the longest label that is accepted: a line of the stream contains a hundred detections with such.
    public static let labelLimit = 256

    /// What people call the model, UTF-8.
    public var name: [UInt8]
    /// Of which networks it is one, for people and reports, UTF-8.
    public var family: [UInt8]
    /// The size that the model was made for, and what becomes of a pixel.
    public var input: InputFormat
    /// The resize with which the network was evaluated upstream.
    public var resize: ResizeRule
    /// What the output stands for.
    public var task: TaskDescription
    /// UTF-8, one per class; a detector's class 0 is the background.
    public var labels: [ArraySlice<UInt8>]

    /// For writing a model file; what is out of range is found when the file is read.
    public init(
        name: [UInt8], family: [UInt8], input: InputFormat, resize: ResizeRule, task: TaskDescription,
        labels: [ArraySlice<UInt8>]
    ) {
        self.name = name
        self.family = family
        self.input = input
        self.resize = resize
        self.task = task
        self.labels = labels
    }

    /// The classes that a result may name: all but the background.
    public var classes: Range<Int> { task.kind.firstClass..<max(labels.count, task.kind.firstClass) }
}
