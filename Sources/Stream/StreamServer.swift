/// Bounds of a server. The defaults are the product's; tests make them small.
public struct StreamLimits: Sendable {
    /// Those beyond it are sent away.
    public var clients = 64
    /// Bytes of each client's queue: at least twice the longest line.
    public var queueBytes = 2 * StreamProtocol.lineLimit
    /// Bytes the kernel keeps for each client beyond the queue, as asked for with SO_SNDBUF.
    public var kernelBytes = 64 << 10
    /// A client that takes nothing for this long while something waits is closed. Nanoseconds.
    public var stuckAfter: UInt64 = 10_000_000_000
    /// Input from a client is read, and a line of it answered, at most once in this time. Nanoseconds.
    public var inputPause: UInt64 = 100_000_000
    /// Whether clients may have images.
    public var givesSnapshots = true
    /// Images that clients can get at a time. Each costs its memory.
    public var images = 2
    /// How long an image can be read after its frame's line was made. Nanoseconds.
    public var imageLife: UInt64 = 2_000_000_000

    /// The product's.
    public init() {}
}

/// What a server has done since it began.
public struct StreamCounters: Equatable, Sendable {
    /// Connected at the moment.
    public var clients = 0
    /// Clients that got a place.
    public var accepted: UInt64 = 0
    /// Sent away because all places were taken.
    public var rejected: UInt64 = 0
    /// Closed because they took nothing for too long.
    public var stuck: UInt64 = 0
    /// Lines of the daemon, however many clients there were.
    public var linesPublished: UInt64 = 0
    /// Lines times clients.
    public var linesSent: UInt64 = 0
    /// Lines times clients that were too slow for them.
    public var linesDropped: UInt64 = 0
    /// Images times clients.
    public var snapshots: UInt64 = 0

    /// All 0.
    public init() {}
}

/// Lines of text for any number of local clients over a Unix stream socket.
///
/// A thread of the server's own accepts, sends and closes. `publish` only copies the line into each client's bounded
/// queue: it never waits for a client and never allocates. A client that falls behind loses its oldest lines, whole
/// ones, and is told how many; one that stays behind is told so and closed. Every client begins with the hello line and
/// the latest state, and may send lines of its own that request a part of each frame, an image or
/// the daemon's counters (`ClientOptionsReader`).
public final class StreamServer: Sendable {
    private let core: StreamCore
    private let thread: Thread

    /// Where clients come from.
    public enum Address {
        /// A socket file that the server makes and removes.
        case path(UnsafePointer<CChar>)
        /// A listening Unix stream socket that another process made, as systemd does (`InheritedSocket`). The server
        /// closes it and leaves its file alone.
        case inherited(Int32)
    }

    /// Listens at `path` and starts the thread.
    public convenience init(
        path: UnsafePointer<CChar>, hello: [UInt8], labels: [ArraySlice<UInt8>] = [], limits: StreamLimits = StreamLimits()
    ) throws(StreamError) {
        try self.init(at: .path(path), hello: hello, labels: labels, limits: limits)
    }

    /// Writes what a status line tells: a key and a number each. Called on the server's thread.
    public typealias StatusWriter = (inout JSONWriter, StreamCounters) -> Void

    /// Starts the thread. Signals that the process handles elsewhere must be blocked already.
    /// - Parameters:
    ///   - labels: UTF-8, one per class: what clients may call classes in their options.
    ///   - firstClass: the first that they may: 1 after a background.
    ///   - status: for clients that request the daemon's status; nil rejects them.
    public init(
        at address: Address, hello: [UInt8], labels: [ArraySlice<UInt8>] = [], firstClass: Int = 1,
        limits: StreamLimits = StreamLimits(), status: StatusWriter? = nil
    ) throws(StreamError) {
        let socket: ListeningSocket
        switch address {
        case .path(let path): socket = try ListeningSocket(path: path, backlog: Int32(limits.clients))
        case .inherited(let descriptor): socket = ListeningSocket(inherited: descriptor)
        }
        let core = try StreamCore(
            socket: socket, hello: hello, labels: labels, firstClass: firstClass, limits: limits, status: status)
        self.core = core
        do throws(SystemError) {
            thread = try Thread("stream", stackByteCount: 256 << 10) { core.run() }
        } catch {
            throw .cannotStart(error.code)
        }
    }

    deinit { close(drain: 0) }

    /// Becomes readable when the first client has been accepted, and stays so.
    public var firstClient: Int32 { core.firstClient.descriptor }

    /// Queues a whole line, newline included, for every client that is connected now.
    public func publish(_ line: UnsafeRawBufferPointer) { core.publish(line) }

    /// Queues a frame's line for every client that is connected now, or what the client's options leave of it.
    /// - Parameter image: the frame's own, for clients that wait for one: the server retains what they get.
    public func publish(_ frame: FrameSegments, image: CapturedImage? = nil) { core.publish(frame, image) }

    /// Whether a client waits for an image that it could get now: what is captured next should be published with one.
    /// For any thread; nothing is allocated.
    public var wantsImage: Bool { core.wantsImage }

    /// Tells the clients that wait for an image why there is none.
    public func rejectImage(_ error: ImageError) { core.rejectImage(error) }

    /// Queues a line about the camera (`JSONWriter.cameraLine`) like any other, and keeps it: clients that come later
    /// get it after the hello line. At most `StreamProtocol.stateLimit` bytes.
    public func publish(state line: UnsafeRawBufferPointer) { core.publish(state: line) }

    /// As of one moment. For any thread; waits for no client.
    public var counters: StreamCounters { core.lock.locked { core.counted } }

    /// Stops listening, gives the clients up to `drain` nanoseconds to take what is queued, closes them and removes the
    /// socket file. Nothing happens the second time.
    public func close(drain: UInt64) {
        if core.beginClosing(drain: drain) { thread.join() }
    }
}
