/// The daemon's maximum memory, in bytes: each part is a limit that its owner keeps, and MemoryMax of the service's
/// unit contains their sum with room. A test compares the two.
public enum MemoryBudget {
    /// The model file and the engine's arena. What an operator configures may need more, and a larger MemoryMax: the
    /// daemon says so.
    public static let network = 40 << 20
    /// An image as it is stored: one from a file, which is larger than a camera's.
    static let image = FileSource.imageLimit
    /// Its pixels, with what libjpeg needs to get at them and what it keeps.
    static let decoding = JPEGLimits.live.memory + 4 << 20
    /// Copies that clients have asked for.
    static let copies = StreamLimits().images * CapturedImage.maximumByteCount
    /// What waits for clients, and what they have sent.
    static let clients = StreamLimits().clients * (StreamLimits().queueBytes + StreamProtocol.inputLimit)
    /// The program, its threads' stacks, lines, labels and settings.
    static let rest = 6 << 20

    /// All of it.
    static let total = network + image + decoding + copies + clients + rest
}
