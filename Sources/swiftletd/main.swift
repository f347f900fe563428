import CLinux
import Camera
import Kernels
import Model
import Engine
import Files
import Pixels
import Service
import Stream
import Threading
import Vision

/// How long clients may take to read what is queued when the daemon ends.
private let drainTime: UInt64 = 2_000_000_000

private func startDetector(_ options: Options, _ log: Log) -> (detector: Model, input: PictureInput) {
    // Thresholds and limit come with each frame: they may change.
    var settings = ModelSettings(resize: options.resize, threads: options.threads)
    settings.rotation = Orientation(clockwise: options.configuration.rotation) ?? .upright
    // What a full line leaves out must be the worst.
    settings.order = .bestFirst
    settings.pictures = .live
    do throws(ModelError) {
        let detector = try Model(path: options.model, settings: settings)
        return (detector, try detector.makePictureInput())
    } catch {
        log.error(error.message(model: text(options.model)))
        error.exitCode.exit()
    }
}

private func openSource(_ options: Options, _ detector: Model, stop: Int32, _ log: Log) -> CaptureLoop.Source {
    guard options.source[0] != 0 else {
        let request = CaptureRequest(
            networkWidth: detector.format.size.width, networkHeight: detector.format.size.height,
            width: options.size?.width, height: options.size?.height,
            rate: options.period > 0 ? 1e9 / Double(options.period) : nil, format: options.configuration.cameraFormat)
        let driver = V4L2Driver(CameraSelector(name: options.cameraName), request, interrupt: stop)
        var deadlines = LiveCamera<V4L2Driver>.Deadlines()
        deadlines.frame = UInt64(options.configuration.cameraTimeout * 1e9)
        return .camera(LiveCamera(driver, deadlines: deadlines))
    }
    do throws(CameraError) {
        let source = try FileSource(path: options.source, repeats: options.repeats, interrupt: stop)
        if source.otherKind != .unknown {
            log.warning(CameraError.message(source: text(options.source), alsoHolds: source.otherKind))
        }
        return .files(source)
    } catch {
        log.error(error.message(source: text(options.source)))
        error.exitCode.exit()
    }
}

private func startServer(
    _ options: Options, inherited: Int32?, clients: Int, _ detector: Model, _ source: CaptureLoop.Source,
    _ metrics: Metrics, _ log: Log
) -> StreamServer {
    let kind: StaticString =
        switch source {
        case .camera: "camera"
        case .files(let files):
            switch files.kind {
            case .picture: "picture"
            case .folder: "folder"
            case .sequence: "mjpeg"
            case .stream: "stream"
            }
        }
    let hello = HelloLine(
        program: "swiftletd", version: Product.version, modelName: detector.description.name,
        architecture: bytes(ModelDescription.architecture), precision: bytes(detector.engine.storedPrecision),
        inputWidth: detector.format.size.width, inputHeight: detector.format.size.height, sourceKind: kind,
        sourcePath: options.source[0] == 0 ? options.cameraName ?? [] : bytes(options.source),
        rotation: options.configuration.rotation, threshold: options.threshold,
        isFiltered: options.configuration.isFiltered,
        snapshots: options.configuration.allowsSnapshots, labels: detector.description.labels)
    var limits = StreamLimits()
    limits.clients = clients
    limits.givesSnapshots = options.configuration.allowsSnapshots
    let status = StatusLine(metrics)
    do throws(StreamError) {
        return try StreamServer(
            at: inherited.map { .inherited($0) } ?? .path(options.socket), hello: hello.encoded(),
            labels: detector.description.labels, limits: limits, status: { status.write(to: &$0, $1) })
    } catch {
        log.error(error.message(socket: text(options.socket)))
        error.exitCode.exit()
    }
}

/// Descriptors that the daemon itself has at most, clients left out: signals, events, camera or picture, files that are
/// being written, pictures for clients.
private let ownDescriptors = 32

/// How many clients the limit on open files leaves room for. Ends the process where there is none for any.
private func clientLimit(_ log: Log) -> Int {
    let wanted = StreamLimits().clients + ownDescriptors
    let limit = Int(clamping: clinux_raise_descriptor_limit(UInt64(wanted)))
    let remedy = "raise it to \(wanted) (ulimit -n, LimitNOFILE= of the unit)"
    guard limit > ownDescriptors else {
        log.error("only \(limit) files may be open, and \(ownDescriptors + 1) are needed: \(remedy)")
        ExitCode.system.exit()
    }
    guard limit < wanted else { return StreamLimits().clients }
    log.warning("only \(limit) files may be open, which is enough for \(limit - ownDescriptors) clients: \(remedy)")
    return limit - ownDescriptors
}

private func inheritedSocket(_ log: Log) -> Int32? {
    do throws(StreamError) {
        return try InheritedSocket.take()
    } catch {
        log.error(error.message(socket: "the inherited socket"))
        error.exitCode.exit()
    }
}

/// Ends the process where the system lacks what `make` needs.
private func orEnd<Made: ~Copyable>(_ log: Log, _ make: () throws(SystemError) -> Made) -> Made {
    do throws(SystemError) {
        return try make()
    } catch {
        log.error(error.message)
        ExitCode.system.exit()
    }
}

private func run() {
    // Before all else: a signal that comes meanwhile waits until somebody looks.
    var stop: Int32 = -1, reload: Int32 = -1
    var error = clinux_stop_signals(&stop)
    if error == 0 { error = clinux_reload_signal(&reload) }
    let log = Log(program: "swiftletd", output: try? LogOutput())
    let options = Options.parse(log)
    let inherited = inheritedSocket(log)
    guard error == 0 else {
        log.error("cannot receive signals: \(errorText(error))")
        ExitCode.system.exit()
    }
    let clients = clientLimit(log)
    let modelFile = Reloader.ModelIdentity(options.model)
    let (detector, input) = startDetector(options, log)
    let source = openSource(options, detector, stop: stop, log)
    let reloader = orEnd(log) { () throws(SystemError) in
        try Reloader(options, modelFile, labels: detector.description.labels, log)
    }
    let filter = reloader.initialFilter()
    let metrics = orEnd(log) { () throws(SystemError) in try Metrics() }
    let server = startServer(options, inherited: inherited, clients: clients, detector, source, metrics, log)
    let housekeeper = orEnd(log) { () throws(SystemError) in
        try Housekeeper(
            .init(
                metrics: metrics, stream: server, manager: ServiceManager(), metricsPath: options.metrics,
                reloadSignal: reload, reload: { reloader.reload() }), log)
    }
    let slot = orEnd(log) { () throws(SystemError) in try FrameSlot(like: detector.input) }
    let reporter = CameraReporter(server, metrics, sourceText: options.sourceText, log)
    let capture = CaptureLoop(
        source, input: input, slot: slot, stream: server, stop: stop, metrics: metrics,
        period: options.period, newPeriods: reloader.periods, rotation: options.configuration.rotation, log: log,
        reporter: reporter)
    let (name, size) = (text(detector.description.name), detector.format.size)
    log.notice(
        "started: model \(name) at \(size.width)x\(size.height), \(detector.engine.path.name) kernels, "
            + "\(options.threads) threads, \(options.sourceText), "
            + (inherited == nil ? "socket \(text(options.socket))" : "socket of the service manager"))

    let needed = (modelFile?.size ?? 0) + UInt64(detector.engine.arenaByteCount)
    if needed > MemoryBudget.network {
        log.warning(
            "the model takes \(byteCount(Int(clamping: needed))), and the service's MemoryMax is made for "
                + "\(byteCount(MemoryBudget.network)): raise it (systemctl edit swiftlet)")
    }

    // Whoever starts the daemon on a few pictures and then a client must not miss any.
    if case .files = source, !options.repeats, options.wait > 0 {
        var isStopped = false
        var hasClient = false
        _ = clinux_wait_readable(stop, server.firstClient, Int64(options.wait), &isStopped, &hasClient)
    }
    let thread = orEnd(log) { () throws(SystemError) in try capture.start() }
    var loop = FrameLoop(
        detector: detector, slot: slot, server: server, stop: stop, metrics: metrics, filter: filter,
        newFilters: reloader.filters, log: log)
    var code = ExitCode.success
    let end = loop.run()
    thread.join()
    if let failure = capture.failure {
        log.error(failure.message(source: text(options.source)))
        code = failure.exitCode
    }
    if end == .sourceEnded, capture.failure?.isOfContent ?? true {
        var writer = JSONWriter(capacity: 256)
        do throws(StreamError) {
            server.publish(try writer.endLine(frames: loop.frames, corruptFrames: capture.corruptFrames))
        } catch {
            log.error(error.message(socket: text(options.socket)))
        }
    }
    housekeeper.stop()
    server.close(drain: drainTime)
    let counters = server.counters
    log.notice(
        "ended: \(loop.frames) frames, \(capture.corruptFrames) pictures left out, \(counters.linesSent) lines sent, "
            + "\(counters.linesDropped) dropped")
    code.exit()
}

run()
