/// The daemon's thread for everything that is not a frame: it tells the service manager how things stand, feeds the
/// watchdog, writes the metrics' file and takes SIGHUP. The frame path only counts (`Metrics`).
public final class ServiceMonitor {
    /// What the daemon gives its monitor to work with. The closures run on the monitor's thread.
    public struct Duties {
        /// What is written, and what decides whether the watchdog is fed.
        public var metrics: Metrics
        /// Its counters are written too.
        public var stream: StreamServer
        /// Told of READY, of the state, and that the daemon lives.
        public var manager: ServiceManager
        /// A C string that stays, or nil: no file is written.
        public var metricsPath: UnsafePointer<CChar>?
        /// Readable when SIGHUP has come (`clinux_reload_signal`), or -1.
        public var reloadSignal: Int32
        /// Called for each SIGHUP; the service manager waits until it returns.
        public var reload: () -> Void

        /// The pointer stays valid as long as the monitor.
        public init(
            metrics: Metrics, stream: StreamServer, manager: ServiceManager, metricsPath: UnsafePointer<CChar>?,
            reloadSignal: Int32, reload: @escaping () -> Void
        ) {
            self.metrics = metrics
            self.stream = stream
            self.manager = manager
            self.metricsPath = metricsPath
            self.reloadSignal = reloadSignal
            self.reload = reload
        }
    }

    private let chores: Chores
    private var thread: Thread?

    /// Starts the thread. It says READY once the first frame is published or it is known that the camera gives none.
    public init(_ duties: Duties, _ log: Log) throws(SystemError) {
        let chores = try Chores(duties, log)
        self.chores = chores
        thread = try Thread("service", stackByteCount: 256 << 10) { chores.run() }
    }

    deinit { stop() }

    /// Says STOPPING, writes the metrics for the last time and ends the thread. Nothing happens the second time.
    public func stop() {
        guard let thread else { return }
        chores.stop.signal()
        thread.join()
        self.thread = nil
    }
}

/// What the monitor's thread owns. `@unchecked Sendable`: other threads touch `stop` alone.
private final class Chores: @unchecked Sendable {
    /// Nanoseconds between two writings of the metrics' file.
    private static var metricsPeriod: UInt64 { 10_000_000_000 }

    let stop: Event
    private let duties: ServiceMonitor.Duties
    private let log: Log
    private let machine: Machine
    private let started = clinux_realtime_ns()
    private var text = MetricsText()
    private var vitals = Vitals()
    private var nextMetrics: UInt64 = 0
    private var nextFeed: UInt64 = 0
    private var isReady = false
    /// The last errno value of writing the file; 0 after a success.
    private var metricsError: Int32 = 0

    init(_ duties: ServiceMonitor.Duties, _ log: Log) throws(SystemError) {
        stop = try Event()
        self.duties = duties
        self.log = log
        machine = Machine()
    }

    func run() {
        // A third of what is allowed: one late wake-up does no harm.
        let feedPeriod = duties.manager.watchdogPeriod.map { $0 / 3 }
        while true {
            let now = clinux_monotonic_ns()
            if !isReady { announce() }
            if let feedPeriod, now >= nextFeed {
                if vitals.areGood(duties.metrics, at: now) { duties.manager.feedWatchdog() }
                nextFeed = now + feedPeriod
            }
            if now >= nextMetrics {
                writeMetrics()
                if isReady { duties.manager.status(status) }
                nextMetrics = now + Self.metricsPeriod
            }
            let next = feedPeriod == nil ? nextMetrics : min(nextMetrics, nextFeed)
            guard wait(next > now ? next - now : 0) else { break }
        }
        duties.manager.stopping()
        writeMetrics()
    }

    /// Waits for news, a signal or a time. False when it is over.
    private func wait(_ timeout: UInt64) -> Bool {
        var polls: InlineArray<3, clinux_poll> = [
            clinux_poll(fd: stop.descriptor, events: clinux_poll_in, revents: 0),
            clinux_poll(fd: duties.metrics.news.descriptor, events: clinux_poll_in, revents: 0),
            clinux_poll(fd: duties.reloadSignal, events: clinux_poll_in, revents: 0),
        ]
        var ready: Int32 = 0
        _ = withUnsafeMutablePointer(to: &polls) {
            clinux_poll_wait(
                UnsafeMutableRawPointer($0).assumingMemoryBound(to: clinux_poll.self), 3, Int64(timeout), &ready)
        }
        guard ready > 0 else { return true }
        if polls[0].revents != 0 { return false }
        if polls[1].revents != 0 {
            duties.metrics.news.clear()
            if isReady { duties.manager.status(status) }
        }
        if polls[2].revents != 0 {
            clinux_reload_taken(duties.reloadSignal)
            if isReady { duties.manager.reloading() }
            duties.reload()
            if isReady { duties.manager.ready(status: status) }
        }
        return true
    }

    private func announce() {
        switch duties.metrics.camera {
        case .absent, .stalled, .unusable: break
        case .opening, .streaming, nil: guard duties.metrics.framesPublished > 0 else { return }
        }
        isReady = true
        duties.manager.ready(status: status)
    }

    private var status: String {
        let frames = duties.metrics.framesPublished, clients = duties.stream.counters.clients
        let fault = duties.metrics.cameraFault.map { " (\($0.name))" } ?? ""
        let camera = duties.metrics.camera.map { "camera \($0.name)\(fault), " } ?? ""
        return "\(camera)\(frames) frames, \(clients) \(clients == 1 ? "client" : "clients")"
    }

    private func writeMetrics() {
        guard let path = duties.metricsPath else { return }
        guard let bytes = text.write(duties.metrics, duties.stream.counters, machine, started: started) else {
            preconditionFailure("the metrics' text has an upper bound")
        }
        let error = clinux_replace_file(path, bytes.baseAddress!, bytes.count, 0o644)
        // One line when it begins to fail or fails otherwise, and one when that is over.
        if error != 0, error != metricsError {
            let reason = (error == clinux_ENODEV ? OutputError.notRegularFile : .system(error)).message
            log.warning("\(Service.text(path)): \(reason); keeping the previous metrics")
        } else if error == 0, metricsError != 0 {
            log.notice("\(Service.text(path)): writing metrics again")
        }
        metricsError = error
    }
}

/// Whether the daemon lives: what may feed the watchdog.
struct Vitals {
    private var frames: UInt64 = 0

    /// True when a frame was published since the last question, when it is known that there is no camera, and while no
    /// frame is due or being worked on.
    mutating func areGood(_ metrics: Metrics, at now: UInt64) -> Bool {
        let published = metrics.framesPublished
        defer { frames = published }
        return published != frames || metrics.camera == .absent || metrics.isIdle(at: now)
    }
}
