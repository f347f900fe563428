/// What the two threads of a server share, and what belongs to the server's own (`StreamCore+Thread.swift`).
///
/// `@unchecked Sendable`: what both threads touch is guarded by `lock`; the rest belongs to the server's thread once
/// that runs.
final class StreamCore: @unchecked Sendable {
    /// Becomes readable when the first client has been accepted, and stays so.
    let firstClient: Event

    let limits: StreamLimits
    let hello: UnsafeMutableRawBufferPointer
    /// The model's classes, UTF-8.
    let labels: [ArraySlice<UInt8>]
    /// The first class that clients may name.
    let firstClass: Int
    let busyLine: [UInt8]
    let slowLine: [UInt8]
    let snapshotsOffLine: [UInt8]
    let imageTooLargeLine: [UInt8]
    let noImageMemoryLine: [UInt8]
    let noStatusLine: [UInt8]
    let wake: Event
    let lock: Lock
    /// Guarded by `lock`.
    let clients: UnsafeMutableBufferPointer<StreamClient>
    /// Guarded by `lock`.
    var counted = StreamCounters()
    /// When draining ends; nil while the server is open. Guarded by `lock`.
    var drainDeadline: UInt64?
    /// The latest line about the camera, for clients that come later. Guarded by `lock`.
    let state: UnsafeMutableRawBufferPointer
    /// Guarded by `lock`.
    var stateCount = 0
    /// Guarded by `lock`.
    var images: SharedImages
    /// Where a snapshot's line begins. Guarded by `lock`.
    var snapshotHead = JSONWriter(capacity: StreamProtocol.snapshotHeadLimit)
    /// Where the line for one client is put together. Guarded by `lock`.
    let selection: UnsafeMutableRawBufferPointer

    // The server thread's own.
    /// As many as `clients`, place by place.
    let inputs: UnsafeMutableBufferPointer<ClientInput>
    var socket: ListeningSocket?
    /// The socket's descriptor, -1 once it is closed.
    var listener: Int32
    let polls: UnsafeMutableBufferPointer<clinux_poll>
    let discarded: UnsafeMutableRawBufferPointer
    let inputScratch: UnsafeMutableRawBufferPointer
    var answers = JSONWriter(capacity: StreamProtocol.inputLimit + 256)
    /// Writes what a status line tells, a key and a number each, called on the server's thread; nil: there is none.
    let writeStatus: StreamServer.StatusWriter?
    var statusWriter: JSONWriter
    /// What `statusWriter` contains, and when it was asked for it.
    var statusLine: UnsafeRawBufferPointer?
    var statusMade: UInt64 = 0
    /// The options of the line that is being read.
    var incoming: ClientOptions
    var acceptPausedUntil: UInt64 = 0

    private let queues: UnsafeMutableRawBufferPointer
    private let inputBytes: UnsafeMutableRawBufferPointer
    private let notices: UnsafeMutablePointer<UInt8>
    /// The clients' sets of classes, and the one of `incoming`.
    private let classes: UnsafeMutableBufferPointer<UInt64>

    init(
        socket: consuming ListeningSocket, hello: [UInt8], labels: [ArraySlice<UInt8>], firstClass: Int, limits: StreamLimits,
        status: StreamServer.StatusWriter?
    ) throws(StreamError) {
        writeStatus = status
        statusWriter = JSONWriter(capacity: status == nil ? 64 : StreamProtocol.lineLimit)
        listener = socket.descriptor
        self.socket = consume socket
        self.labels = labels
        self.firstClass = firstClass
        do throws(SystemError) {
            lock = try Lock()
            wake = try Event()
            firstClient = try Event()
        } catch {
            throw .cannotStart(error.code)
        }
        var writer = JSONWriter(capacity: 128)
        busyLine = Array(try writer.errorLine("too many clients"))
        slowLine = Array(try writer.errorLine("too slow: closed"))
        snapshotsOffLine = Array(try writer.errorLine("snapshots are off: [stream] snapshots of the configuration"))
        imageTooLargeLine = Array(try writer.errorLine("no snapshot: the image is larger than 8 MiB"))
        noImageMemoryLine = Array(try writer.errorLine("no snapshot: no memory for the image"))
        noStatusLine = Array(try writer.errorLine("no status: this server counts nothing"))
        self.limits = limits
        queues = try Self.map(limits.clients * limits.queueBytes)
        inputBytes = try Self.map(limits.clients * StreamProtocol.inputLimit)
        notices = .allocate(capacity: limits.clients * ClientQueue.noticeCapacity)
        let words = ClientOptions.words(classes: labels.count)
        classes = .allocate(capacity: (limits.clients + 1) * words)
        classes.initialize(repeating: 0)
        incoming = ClientOptions(classes: Self.part(limits.clients, of: classes, words))
        clients = .allocate(capacity: limits.clients)
        inputs = .allocate(capacity: limits.clients)
        for index in 0..<limits.clients {
            let queue = ClientQueue(
                ring: Self.part(index, of: queues, limits.queueBytes),
                notice: notices + index * ClientQueue.noticeCapacity)
            let client = StreamClient(
                queue: queue, options: ClientOptions(classes: Self.part(index, of: classes, words)))
            clients.initializeElement(at: index, to: client)
            let input = ClientInput(buffer: Self.part(index, of: inputBytes, StreamProtocol.inputLimit))
            inputs.initializeElement(at: index, to: input)
        }
        polls = .allocate(capacity: limits.clients + 2)
        polls.initialize(repeating: clinux_poll(fd: -1, events: 0, revents: 0))
        discarded = .allocate(byteCount: 4096, alignment: 16)
        inputScratch = .allocate(byteCount: StreamProtocol.inputLimit, alignment: 16)
        state = .allocate(byteCount: StreamProtocol.stateLimit, alignment: 16)
        images = SharedImages(count: limits.givesSnapshots ? limits.images : 0)
        selection = .allocate(byteCount: StreamProtocol.lineLimit, alignment: 16)
        self.hello = .allocate(byteCount: hello.count, alignment: 16)
        self.hello.copyBytes(from: hello)
    }

    deinit {
        _ = clinux_unmap(queues.baseAddress, queues.count)
        _ = clinux_unmap(inputBytes.baseAddress, inputBytes.count)
        notices.deallocate()
        classes.deallocate()
        clients.deallocate()
        inputs.deallocate()
        polls.deallocate()
        discarded.deallocate()
        inputScratch.deallocate()
        state.deallocate()
        images.deallocate()
        selection.deallocate()
        hello.deallocate()
    }

    /// Memory that costs something once it is used.
    private static func map(_ size: Int) throws(StreamError) -> UnsafeMutableRawBufferPointer {
        var mapped: UnsafeMutableRawPointer?
        let error = clinux_map_anonymous(size, false, &mapped)
        guard error == 0, let mapped else { throw .cannotStart(error) }
        return UnsafeMutableRawBufferPointer(start: mapped, count: size)
    }

    private static func part(
        _ index: Int, of all: UnsafeMutableRawBufferPointer, _ size: Int
    ) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: all[(index * size)..<((index + 1) * size)])
    }

    private static func part(
        _ index: Int, of all: UnsafeMutableBufferPointer<UInt64>, _ size: Int
    ) -> UnsafeMutableBufferPointer<UInt64> {
        UnsafeMutableBufferPointer(rebasing: all[(index * size)..<((index + 1) * size)])
    }

    // MARK: - Publishing

    func publish(_ line: UnsafeRawBufferPointer) {
        publish { index, now in queue(line, for: index, now: now) }
    }

    func publish(state line: UnsafeRawBufferPointer) {
        precondition(line.count <= state.count, "a state's line is short")
        publish(keeping: line) { index, now in queue(line, for: index, now: now) }
    }

    func publish(_ frame: FrameSegments, _ image: CapturedImage?) {
        publish(then: { now in if let image { queueSnapshots(frame, image, now: now) } }) { index, now in
            guard clients[index].takesFrame() else { return }
            guard !clients[index].options.takesAllDetections else { return queue(frame.line, for: index, now: now) }
            queue(frame.line(for: clients[index].options, in: selection), for: index, now: now)
        }
    }

    private func publish(
        keeping kept: UnsafeRawBufferPointer? = nil, then: (_ now: UInt64) -> Void = { _ in },
        _ queueLine: (_ index: Int, _ now: UInt64) -> Void
    ) {
        let now = clinux_monotonic_ns()
        let hasClients = lock.locked {
            if let kept {
                state.copyMemory(from: kept)
                stateCount = kept.count
            }
            counted.linesPublished += 1
            guard drainDeadline == nil else { return false }
            for index in clients.indices where clients[index].descriptor >= 0 && !clients[index].isLeaving {
                queueLine(index, now)
            }
            then(now)
            return counted.clients > 0
        }
        if hasClients { wake.signal() }
    }

    /// Under the lock.
    func queue(_ line: UnsafeRawBufferPointer, for index: Int, now: UInt64, withDescriptor: Bool = false) {
        precondition(line.count <= limits.queueBytes / 2, "a line longer than half a queue")
        if clients[index].queue.isEmpty(hello: UnsafeRawBufferPointer(hello)) { clients[index].lastProgress = now }
        counted.linesDropped += UInt64(clients[index].queue.append(line, withDescriptor: withDescriptor))
    }

    // MARK: - Closing

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
