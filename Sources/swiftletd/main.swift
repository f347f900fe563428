import CLinux
import Camera
import Detector
import Engine
import Service
import Stream
import Vision

/// How long clients may take to read what is queued when the daemon ends.
private let drainTime: UInt64 = 2_000_000_000

private func startDetector(_ options: Options, _ log: Log) -> Detector {
    // Thresholds and limit come with each frame: they may change.
    var settings = DetectorSettings(resize: options.resize, threads: options.threads)
    // What a full line leaves out must be the worst.
    settings.order = .bestFirst
    do throws(DetectorError) {
        return try Detector(modelPath: options.model, settings: settings)
    } catch {
        log.error(error.message(model: text(options.model)))
        error.exitCode.exit()
    }
}

private func openSource(_ options: Options, stop: Int32, _ log: Log) -> FileSource {
    do throws(CameraError) {
        return try FileSource(path: options.source, repeats: options.repeats, interrupt: stop)
    } catch {
        log.error(error.message(source: text(options.source)))
        error.exitCode.exit()
    }
}

private func startServer(
    _ options: Options, inherited: Int32?, _ detector: Detector, _ source: FileSource, _ log: Log
) -> StreamServer {
    let kind: StaticString =
        switch source.kind {
        case .picture: "picture"
        case .folder: "folder"
        case .sequence: "mjpeg"
        case .stream: "stream"
        }
    let hello = HelloLine(
        program: "swiftletd", version: Product.version, modelName: detector.description.name,
        architecture: bytes(ModelKey.architecture), precision: bytes(detector.engine.storedPrecision),
        inputWidth: detector.inputSize.width, inputHeight: detector.inputSize.height, sourceKind: kind,
        sourcePath: bytes(options.source), threshold: options.threshold, labels: detector.description.labels)
    do throws(StreamError) {
        return try StreamServer(
            at: inherited.map { .inherited($0) } ?? .path(options.socket), hello: hello.encoded(),
            labels: detector.description.labels)
    } catch {
        log.error(error.message(socket: text(options.socket)))
        error.exitCode.exit()
    }
}

private func inheritedSocket(_ log: Log) -> Int32? {
    do throws(StreamError) {
        return try InheritedSocket.take()
    } catch {
        log.error(error.message(socket: "the inherited socket"))
        error.exitCode.exit()
    }
}

private func startHousekeeper(_ duties: Housekeeper.Duties, _ log: Log) -> Housekeeper {
    do throws(StreamError) {
        return try Housekeeper(duties, log)
    } catch {
        log.error("cannot start the service's thread: \(error.message(socket: ""))")
        error.exitCode.exit()
    }
}

private func makeMetrics(_ log: Log) -> Metrics {
    do throws(StreamError) {
        return try Metrics()
    } catch {
        log.error("cannot make the metrics: \(error.message(socket: ""))")
        error.exitCode.exit()
    }
}

private func run() {
    let log = Log(program: "swiftletd")
    let options = Options.parse(log)
    let inherited = inheritedSocket(log)
    var stop: Int32 = -1, reload: Int32 = -1
    var error = clinux_stop_signals(&stop)
    if error == 0 { error = clinux_reload_signal(&reload) }
    guard error == 0 else {
        log.error("cannot receive signals: \(errorText(error))")
        ExitCode.system.exit()
    }
    let detector = startDetector(options, log)
    let source = openSource(options, stop: stop, log)
    let reloader = Reloader(options, labels: detector.description.labels, log)
    let settings = reloader.initial()
    let metrics = makeMetrics(log)
    let server = startServer(options, inherited: inherited, detector, source, log)
    let housekeeper = startHousekeeper(
        .init(
            metrics: metrics, stream: server, manager: ServiceManager(), metricsPath: options.metrics,
            reloadSignal: reload, reload: { reloader.reload() }), log)
    let (name, size) = (text(detector.description.name), detector.inputSize)
    log.notice(
        "started: model \(name) at \(size.width)x\(size.height), \(detector.engine.path.name) kernels, "
            + "\(options.threads) threads, source \(text(options.source)), "
            + (inherited == nil ? "socket \(text(options.socket))" : "socket of the service manager"))

    // Whoever starts the daemon on a few pictures and then a client must not miss any.
    if !options.repeats, options.wait > 0 {
        var isStopped = false
        var hasClient = false
        _ = clinux_wait_readable(stop, server.firstClient, Int64(options.wait), &isStopped, &hasClient)
    }
    var loop = FrameLoop(
        detector: detector, source: source, server: server, stop: stop, metrics: metrics, settings: settings,
        changes: reloader.mailbox, log: log)
    var code = ExitCode.success
    do throws(CameraError) {
        if try loop.run() == .sourceEnded {
            var writer = JSONWriter(capacity: 256)
            do throws(StreamError) {
                server.publish(try writer.endLine(frames: loop.frames, corruptFrames: loop.bad.count))
            } catch {
                log.error(error.message(socket: text(options.socket)))
            }
        }
    } catch {
        log.error(error.message(source: text(options.source)))
        code = error.exitCode
    }
    housekeeper.stop()
    server.close(drain: drainTime)
    let counters = server.counters
    log.notice(
        "ended: \(loop.frames) frames, \(loop.bad.count) pictures left out, \(counters.linesSent) lines sent, "
            + "\(counters.linesDropped) dropped")
    code.exit()
}

run()
