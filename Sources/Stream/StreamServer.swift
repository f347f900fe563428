import CLinux

/// Bounds of a server. The defaults are the product's; tests make them small.
public struct StreamLimits: Sendable {
    public var clients = 64
    /// Bytes of each client's queue: at least twice the longest line.
    public var queueBytes = 2 * StreamProtocol.lineLimit
    /// Bytes the kernel keeps for each client beyond the queue, as asked for with SO_SNDBUF.
    public var kernelBytes = 64 << 10
    /// A client that takes nothing for this long while something waits is closed. Nanoseconds.
    public var stuckAfter: UInt64 = 10_000_000_000
    /// Input from a client is read at most once in this time, 4 KiB at a time. Nanoseconds.
    public var inputPause: UInt64 = 100_000_000

    public init() {}
}

/// What a server has done since it began.
public struct StreamCounters: Equatable, Sendable {
    /// Connected at the moment.
    public var clients = 0
    public var accepted: UInt64 = 0
    /// Sent away because all places were taken.
    public var refused: UInt64 = 0
    /// Closed because they took nothing for too long.
    public var stuck: UInt64 = 0
    public var linesPublished: UInt64 = 0
    /// Lines times clients.
    public var linesSent: UInt64 = 0
    public var linesDropped: UInt64 = 0
}

/// Lines of text for any number of local clients over a Unix stream socket.
///
/// A thread of the server's own accepts, sends and closes. `publish` only copies the line into each client's bounded
/// queue: it never waits for a client and never allocates. A client that falls behind loses its oldest lines, whole
/// ones, and is told how many; one that stays behind is closed. Every client begins with the hello line.
///
/// `@unchecked Sendable`: what both threads touch is guarded by `lock`; the rest belongs to the server's thread once
/// that runs.
public final class StreamServer: @unchecked Sendable {
    /// Becomes readable when the first client has been accepted, and stays so.
    public let firstClient: Int32

    let limits: StreamLimits
    let hello: UnsafeMutableRawBufferPointer
    let busyLine: [UInt8]
    let wake: Int32
    let lock: Lock
    /// Guarded by `lock`.
    let clients: UnsafeMutableBufferPointer<StreamClient>
    /// Guarded by `lock`.
    var counted = StreamCounters()
    /// When draining ends; nil while the server is open. Guarded by `lock`.
    var drainDeadline: UInt64?

    // The server thread's own.
    var socket: ListeningSocket?
    /// The socket's descriptor, -1 once it is closed.
    var listener: Int32
    let polls: UnsafeMutableBufferPointer<clinux_poll>
    let input: UnsafeMutableRawBufferPointer
    var acceptPausedUntil: UInt64 = 0

    private let queues: UnsafeMutableRawBufferPointer
    private let notices: UnsafeMutablePointer<UInt8>
    private var thread: clinux_thread = 0
    private var isRunning = false

    /// Listens at `path` and starts the thread. Signals that the process handles elsewhere must be blocked already.
    public init(
        path: UnsafePointer<CChar>, hello: [UInt8], limits: StreamLimits = StreamLimits()
    ) throws(StreamError) {
        let socket = try ListeningSocket(path: path, backlog: Int32(limits.clients))
        listener = socket.descriptor
        self.socket = consume socket
        lock = try Lock()
        var writer = JSONWriter(capacity: 128)
        busyLine = Array(try writer.errorLine("too many clients"))
        wake = try Self.makeEvent()
        firstClient = try Self.makeEvent()
        self.limits = limits
        // Clients' queues cost memory once they are used.
        var mapped: UnsafeMutableRawPointer?
        let size = limits.clients * limits.queueBytes
        let error = clinux_map_anonymous(size, false, &mapped)
        guard error == 0, let mapped else { throw .cannotStart(error) }
        queues = UnsafeMutableRawBufferPointer(start: mapped, count: size)
        notices = .allocate(capacity: limits.clients * ClientQueue.noticeCapacity)
        clients = .allocate(capacity: limits.clients)
        for index in 0..<limits.clients {
            let start = index * limits.queueBytes
            clients.initializeElement(
                at: index,
                to: StreamClient(
                    queue: ClientQueue(
                        ring: UnsafeMutableRawBufferPointer(rebasing: queues[start..<start + limits.queueBytes]),
                        notice: notices + index * ClientQueue.noticeCapacity)))
        }
        polls = .allocate(capacity: limits.clients + 2)
        polls.initialize(repeating: clinux_poll(fd: -1, events: 0, revents: 0))
        input = .allocate(byteCount: 4096, alignment: 16)
        self.hello = .allocate(byteCount: hello.count, alignment: 16)
        self.hello.copyBytes(from: hello)
        try start()
    }

    deinit {
        close(drain: 0)
        _ = clinux_close(wake)
        _ = clinux_close(firstClient)
        _ = clinux_unmap(queues.baseAddress, queues.count)
        notices.deallocate()
        clients.deallocate()
        polls.deallocate()
        input.deallocate()
        hello.deallocate()
    }

    private static func makeEvent() throws(StreamError) -> Int32 {
        var descriptor: Int32 = -1
        let error = clinux_event_create(&descriptor)
        guard error == 0 else { throw .cannotStart(error) }
        return descriptor
    }

    private func start() throws(StreamError) {
        // The thread is joined before the server goes, so it may hold the server unretained.
        let error = clinux_thread_start(
            "stream", 256 << 10,
            { context in
                Unmanaged<StreamServer>.fromOpaque(context!).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque(), &thread)
        guard error == 0 else { throw .cannotStart(error) }
        isRunning = true
    }

    /// Queues a whole line, newline included, for every client that is connected now.
    public func publish(_ line: UnsafeRawBufferPointer) {
        precondition(line.count <= limits.queueBytes / 2, "a line longer than half a queue")
        let now = clinux_monotonic_ns()
        let hasClients = lock.locked {
            counted.linesPublished += 1
            guard drainDeadline == nil else { return false }
            for index in clients.indices where clients[index].descriptor >= 0 {
                if clients[index].queue.isEmpty(hello: UnsafeRawBufferPointer(hello)) {
                    clients[index].lastProgress = now
                }
                counted.linesDropped += UInt64(clients[index].queue.append(line))
            }
            return counted.clients > 0
        }
        if hasClients { clinux_event_signal(wake) }
    }

    public var counters: StreamCounters { lock.locked { counted } }

    /// Stops listening, gives the clients up to `drain` nanoseconds to take what is queued, closes them and removes the
    /// socket file. Nothing happens the second time.
    public func close(drain: UInt64) {
        guard isRunning else { return }
        isRunning = false
        lock.locked { drainDeadline = clinux_monotonic_ns() + drain }
        clinux_event_signal(wake)
        _ = clinux_thread_join(thread)
    }
}

/// One place for a client.
struct StreamClient {
    /// -1: the place is free.
    var descriptor: Int32 = -1
    var queue: ClientQueue
    /// When the client last took something, or when something began to wait for it.
    var lastProgress: UInt64 = 0
    /// No input is read before this time.
    var inputPausedUntil: UInt64 = 0
    /// The client has shut down its sending side and may go on reading.
    var inputHasEnded = false

    init(queue: ClientQueue) { self.queue = queue }

    mutating func open(_ descriptor: Int32, now: UInt64) {
        self.descriptor = descriptor
        queue.reset()
        lastProgress = now
        inputPausedUntil = 0
        inputHasEnded = false
    }
}
