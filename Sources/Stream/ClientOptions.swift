/// A client's request for each frame's line.
struct ClientOptions {
    /// Detections that score less are skipped.
    var minimumScore: Float = 0
    /// The client gets every nth frame.
    var every: UInt64 = 1
    /// Detections of classes that are not in `classes` are skipped.
    var isSelective = false
    /// One bit per class.
    private let classes: UnsafeMutableBufferPointer<UInt64>

    /// `classes` has a bit for each class of the model.
    init(classes: UnsafeMutableBufferPointer<UInt64>) { self.classes = classes }

    /// Words that hold a bit for each class.
    static func words(classes: Int) -> Int { (classes + 63) / 64 }

    /// Everything, as for a client that has said nothing.
    mutating func reset() { self = ClientOptions(classes: classes) }

    mutating func clearClasses() { classes.update(repeating: 0) }

    mutating func add(class index: Int) { classes[index >> 6] |= 1 << UInt64(index & 63) }

    /// Takes another client's place's options, classes included.
    mutating func copy(_ other: ClientOptions) {
        (minimumScore, every, isSelective) = (other.minimumScore, other.every, other.isSelective)
        for index in classes.indices { classes[index] = other.classes[index] }
    }

    /// Whether each frame's line goes out as it is.
    var takesAllDetections: Bool { minimumScore <= 0 && !isSelective }

    func includes(class index: Int, score: Float) -> Bool {
        guard score >= minimumScore else { return false }
        guard isSelective else { return true }
        return index >= 0 && index >> 6 < classes.count && classes[index >> 6] & 1 << UInt64(index & 63) != 0
    }
}
