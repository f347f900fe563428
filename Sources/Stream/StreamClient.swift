import CLinux

/// One place for a client.
struct StreamClient {
    /// -1: the place is free.
    var descriptor: Int32 = -1
    var queue: ClientQueue
    /// When the client last took something, or when something began to wait for it.
    var lastProgress: UInt64 = 0
    /// No input is read or answered before this time.
    var inputPausedUntil: UInt64 = 0
    /// The client has shut down its sending side and may go on reading.
    var inputHasEnded = false
    /// It gets what is queued, then its connection ends.
    var isLeaving = false
    var options: ClientOptions
    /// Frames that pass before the next one is for this client.
    var framesToSkip: UInt64 = 0
    /// It has asked for a picture and has not got it.
    var wantsSnapshot = false
    /// The picture that the queue's line with a descriptor speaks of.
    var picture: SharedPictures.Reference?
    /// A descriptor was sent to it that it may not have received yet.
    var hasDescriptorUnderWay = false
    /// What the client has sent and nobody has looked at yet. The server thread's own, as is what stands in it.
    let input: UnsafeMutableRawBufferPointer
    var inputCount = 0

    init(queue: ClientQueue, options: ClientOptions, input: UnsafeMutableRawBufferPointer) {
        self.queue = queue
        self.options = options
        self.input = input
    }

    mutating func open(_ descriptor: Int32, now: UInt64) {
        self.descriptor = descriptor
        queue.reset()
        options.reset()
        lastProgress = now
        inputPausedUntil = 0
        inputHasEnded = false
        isLeaving = false
        framesToSkip = 0
        wantsSnapshot = false
        picture = nil
        hasDescriptorUnderWay = false
        inputCount = 0
    }

    /// Bytes of the first line that the client has sent, newline included; nil when there is none. The end of input
    /// ends a line too.
    var inputLine: Int? {
        guard inputCount > 0, let start = input.baseAddress else { return nil }
        let end = clinux_find_byte(start, inputCount, UInt8(ascii: "\n"))
        return end < inputCount ? end + 1 : inputHasEnded ? inputCount : nil
    }

    /// Whether there is something to answer.
    var hasPendingInput: Bool { inputLine != nil || inputCount == input.count }

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
