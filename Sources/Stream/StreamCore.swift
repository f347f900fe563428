import CLinux

/// What the two threads of a server share, and what belongs to the server's own (`StreamCore+Thread.swift`).
///
/// `@unchecked Sendable`: what both threads touch is guarded by `lock`; the rest belongs to the server's thread once
/// that runs.
final class StreamCore: @unchecked Sendable {
    /// Becomes readable when the first client has been accepted, and stays so.
    let firstClient: Event

    let limits: StreamLimits
    let hello: UnsafeMutableRawBufferPointer
    let busyLine: [UInt8]
    let wake: Event
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

    init(path: UnsafePointer<CChar>, hello: [UInt8], limits: StreamLimits) throws(StreamError) {
        let socket = try ListeningSocket(path: path, backlog: Int32(limits.clients))
        listener = socket.descriptor
        self.socket = consume socket
        lock = try Lock()
        var writer = JSONWriter(capacity: 128)
        busyLine = Array(try writer.errorLine("too many clients"))
        wake = try Event()
        firstClient = try Event()
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
    }

    deinit {
        _ = clinux_unmap(queues.baseAddress, queues.count)
        notices.deallocate()
        clients.deallocate()
        polls.deallocate()
        input.deallocate()
        hello.deallocate()
    }

    func publish(_ line: UnsafeRawBufferPointer) {
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
        if hasClients { wake.signal() }
    }

    /// False when that was done before.
    func beginClosing(drain: UInt64) -> Bool {
        let isFirst = lock.locked {
            guard drainDeadline == nil else { return false }
            drainDeadline = clinux_monotonic_ns() + drain
            return true
        }
        if isFirst { wake.signal() }
        return isFirst
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
