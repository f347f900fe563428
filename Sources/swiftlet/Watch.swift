/// `swiftlet watch`: what the daemon sees, on a terminal or line by line.
struct Watch: ~Copyable {
    /// The first and the longest time between two attempts to connect, in nanoseconds.
    private static var firstRetry: UInt64 { 250_000_000 }
    private static var lastRetry: UInt64 { 4_000_000_000 }
    /// Between two drawings: what comes faster cannot be read.
    private static var minimumRedrawInterval: UInt64 { 100_000_000 }
    /// The age of the last frame grows also when nothing comes.
    private static var maximumRedrawInterval: UInt64 { 500_000_000 }

    private let options: WatchOptions
    private let log: Log
    private let output: Output
    private let socket: String
    private var screen: WatchScreen?
    private var connection = StreamConnection()
    private var state = WatchState()
    private var retry = Watch.firstRetry
    private var nextAttempt: UInt64 = 0
    private var lastDrawing: UInt64 = 0
    private var hasNews = true

    static func run(_ options: WatchOptions, _ log: Log) -> ExitCode {
        var watch = Watch(options, log)
        let (code, message) = watch.run()
        watch.screen?.leave()
        if let message { log.error(message) }
        return code
    }

    private init(_ options: WatchOptions, _ log: Log) {
        self.options = options
        self.log = log
        output = Output(log: log)
        socket = text(options.socket)
        screen = WatchScreen()
    }

    private typealias End = (code: ExitCode, message: String?)

    private mutating func run() -> End {
        var stop: Int32 = -1, window: Int32 = -1
        var error = clinux_stop_signals(&stop)
        if error == 0, screen != nil { error = clinux_terminal_signals(&window) }
        guard error == 0 else { return (.system, "cannot receive signals: \(errorText(error))") }
        // What cannot be reached at the start is a mistake more likely than a restart.
        error = connection.open(options.socket)
        guard error == 0 else { return (connectionExitCode(error), connectionMessage(error, socket: socket)) }
        if let end = begin() { return end }
        error = screen?.enter() ?? 0
        while error == 0 {
            let now = clinux_monotonic_ns()
            if !connection.isOpen, now >= nextAttempt, let end = reconnect(now) { return end }
            error = drawIfDue(now)
            guard error == 0 else { break }
            var polls: InlineArray<4, clinux_poll> = [
                clinux_poll(fd: stop, events: clinux_poll_in, revents: 0),
                clinux_poll(fd: window, events: clinux_poll_in, revents: 0),
                clinux_poll(fd: screen?.hasKeys == true ? 0 : -1, events: clinux_poll_in, revents: 0),
                clinux_poll(fd: connection.descriptor, events: clinux_poll_in, revents: 0),
            ]
            var ready: Int32 = 0
            let timeout = self.timeout(now)
            _ = withUnsafeMutablePointer(to: &polls) {
                clinux_poll_wait(
                    UnsafeMutableRawPointer($0).assumingMemoryBound(to: clinux_poll.self), 4, timeout, &ready)
            }
            guard ready > 0 else { continue }
            if polls[0].revents != 0 { return (.success, nil) }
            if polls[1].revents != 0 { error = takeWindowSignal(window) }
            if polls[2].revents != 0, isQuitting() { return (.success, nil) }
            if polls[3].revents != 0, let end = receive() { return end }
        }
        return (.ioError, "the results cannot be written: \(errorText(error))")
    }

    // MARK: - The connection

    /// What is to be said right after connecting.
    private mutating func begin() -> End? {
        say("connected to \(socket)")
        guard let threshold = options.threshold else { return nil }
        let line = Array("{\"min_score\":\(fixed(threshold, decimals: 9))}\n".utf8)
        let isSent = line.withUnsafeBytes { connection.send($0) }
        if !isSent { lose("swiftletd takes no request") }
        return nil
    }

    private mutating func reconnect(_ now: UInt64) -> End? {
        let error = connection.open(options.socket)
        guard error != 0 else { return begin() }
        nextAttempt = now + retry
        retry = min(2 * retry, Self.lastRetry)
        return nil
    }

    /// The connection is of no use any more.
    private mutating func lose(_ reason: String) {
        connection.close()
        state.isConnected = false
        nextAttempt = clinux_monotonic_ns() + retry
        retry = min(2 * retry, Self.lastRetry)
        say("\(socket): \(reason): waiting until swiftletd is back")
    }

    private mutating func receive() -> End? {
        if connection.receive() == .end {
            lose("the connection has ended")
            return nil
        }
        do throws(StreamLineError) {
            while connection.isOpen, let line = try connection.next() {
                if let end = take(line) { return end }
            }
        } catch {
            return (.badData, "\(socket): \(error.message): is that swiftletd's socket?")
        }
        return nil
    }

    private mutating func take(_ line: StreamLine) -> End? {
        hasNews = true
        switch line.kind {
        case .hello:
            guard line.protocolVersion == StreamProtocol.version else {
                return (.badData, protocolMessage(line.protocolVersion, socket: socket))
            }
            retry = Self.firstRetry
            state.take(hello: line)
            print("model \(state.model)")
        case .frame:
            state.take(frame: line, now: clinux_monotonic_ns())
            if screen == nil, let text = WatchLines.frame(state) { print(text) }
            if let count = options.count, state.frames >= count { return (.success, nil) }
        case .camera:
            state.take(camera: line)
            print("camera \(state.camera): \(state.message)")
        case .dropped:
            state.lostLines += line.count
            print("\(line.count) lines lost: this reader is too slow")
        case .error:
            state.message = text(line.message)
            print("error: \(state.message)")
        case .end:
            state.message = "the source has ended after \(line.count) frames"
            print(state.message)
            // A table stays readable; who reads lines gets no more.
            if screen == nil { return (.success, nil) }
        case .options, .snapshot, .status, .other: break
        }
        return nil
    }

    // MARK: - Showing

    /// News of the connection.
    private mutating func say(_ text: String) {
        state.connection = text
        hasNews = true
        print(text)
    }

    /// A line where there is no screen.
    private func print(_ text: String) {
        if screen == nil { output.write(printable(text) + "\n") }
    }

    private mutating func drawIfDue(_ now: UInt64) -> Int32 {
        guard screen != nil, now - lastDrawing >= (hasNews ? Self.minimumRedrawInterval : Self.maximumRedrawInterval) else {
            return 0
        }
        lastDrawing = now
        hasNews = false
        return screen?.draw(state, now: now) ?? 0
    }

    /// Until something is due by itself, in nanoseconds; -1: never.
    private func timeout(_ now: UInt64) -> Int64 {
        var due = UInt64.max
        if screen != nil { due = lastDrawing + (hasNews ? Self.minimumRedrawInterval : Self.maximumRedrawInterval) }
        if !connection.isOpen { due = min(due, nextAttempt) }
        return due == .max ? -1 : Int64(due - min(due, now))
    }

    private mutating func takeWindowSignal(_ descriptor: Int32) -> Int32 {
        var isResized = false, isSuspended = false
        clinux_terminal_signal_taken(descriptor, &isResized, &isSuspended)
        (hasNews, lastDrawing) = (true, 0)
        guard isSuspended else { return 0 }
        screen?.leave()
        clinux_suspend()
        return screen?.enter() ?? 0
    }

    /// Reads the keys that were pressed. A terminal that has gone ends it too.
    private func isQuitting() -> Bool {
        var key: UInt8 = 0
        var got = 0
        let error = clinux_read(0, &key, 1, &got)
        if error != 0 { return error != clinux_EAGAIN }
        return got == 0 || key == UInt8(ascii: "q") || key == UInt8(ascii: "Q")
    }
}
