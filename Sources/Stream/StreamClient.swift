/// One place for a client: what the publishing threads and the server's share, guarded by its lock. What the client
/// sends is in `ClientInput`.
struct StreamClient {
    /// -1: the place is free.
    var descriptor: Int32 = -1
    var queue: ClientQueue
    /// When the client last took something, or when something began to wait for it.
    var lastProgress: UInt64 = 0
    /// It gets what is queued, then its connection ends.
    var isLeaving = false
    var options: ClientOptions
    /// Frames that pass before the next one is for this client.
    var framesToSkip: UInt64 = 0
    /// It has asked for an image and has not got it.
    var wantsSnapshot = false
    /// The image that the queue's line with a descriptor speaks of.
    var image: SharedImages.Reference?
    /// A descriptor was sent to it that it may not have received yet.
    var hasDescriptorUnderWay = false

    init(queue: ClientQueue, options: ClientOptions) {
        self.queue = queue
        self.options = options
    }

    mutating func open(_ descriptor: Int32, now: UInt64) {
        self = StreamClient(queue: queue, options: options)
        self.descriptor = descriptor
        queue.reset()
        options.reset()
        lastProgress = now
    }

    /// Whether the next frame is for this client; counts it.
    mutating func takesFrame() -> Bool {
        if framesToSkip > 0 {
            framesToSkip -= 1
            return false
        }
        framesToSkip = options.every - 1
        return true
    }
}
