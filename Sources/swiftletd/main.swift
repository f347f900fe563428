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
    var settings = DetectorSettings(
        threshold: options.threshold, limit: options.limit, resize: options.resize, threads: options.threads)
    // What a full line leaves out must be the worst.
    settings.order = .bestFirst
    do throws(DetectorError) {
        return try Detector(modelPath: options.model, settings: settings)
    } catch {
        log.error(error.message(model: text(options.model)))
        error.exitCode.exit()
    }
}

private func openSource(_ options: Options, _ detector: Detector, stop: Int32, _ log: Log) -> CaptureLoop.Source {
    guard options.source[0] != 0 else {
        let name = options.camera[0] == 0 ? nil : bytes(options.camera)
        let request = CaptureRequest(
            networkWidth: detector.inputSize.width, networkHeight: detector.inputSize.height,
            width: options.size?.width, height: options.size?.height,
            rate: options.period > 0 ? 1e9 / Double(options.period) : nil)
        let driver = V4L2Driver(CameraSelector(name: name), request, interrupt: stop)
        return .camera(LiveCamera(driver))
    }
    do throws(CameraError) {
        return .files(try FileSource(path: options.source, repeats: options.repeats, interrupt: stop))
    } catch {
        log.error(error.message(source: text(options.source)))
        error.exitCode.exit()
    }
}

private func startServer(
    _ options: Options, _ detector: Detector, _ source: CaptureLoop.Source, _ log: Log
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
        architecture: bytes(ModelKey.architecture), precision: bytes(detector.engine.storedPrecision),
        inputWidth: detector.inputSize.width, inputHeight: detector.inputSize.height, sourceKind: kind,
        sourcePath: bytes(options.source[0] == 0 ? options.camera : options.source), threshold: options.threshold, labels: detector.description.labels)
    do throws(StreamError) {
        return try StreamServer(path: options.socket, hello: hello.encoded())
    } catch {
        log.error(error.message(socket: text(options.socket)))
        error.exitCode.exit()
    }
}

/// Says in one line what became of the camera.
private func report(_ change: CameraChange, _ camera: OpenCamera?, _ options: Options, _ log: Log) {
    let name = camera.map { text($0.identity.name) } ?? options.sourceText
    switch change.state {
    case .absent, .stalled:
        log.warning(change.reason?.message(source: name) ?? "\(name): waiting for frames")
    case .opening:
        break
    case .streaming:
        guard let mode = camera?.mode else { return }
        let rate = mode.rate > 0 ? " at \(fixed(mode.rate, decimals: 1)) frames per second" : ""
        log.notice("\(name): streaming \(mode.width)x\(mode.height) \(mode.format.name)\(rate)")
    }
}

private func run() {
    let log = Log(program: "swiftletd")
    let options = Options.parse(log)
    var stop: Int32 = -1
    let error = clinux_stop_signals(&stop)
    guard error == 0 else {
        log.error("cannot receive signals: \(errorText(error))")
        ExitCode.system.exit()
    }
    let detector = startDetector(options, log)
    let source = openSource(options, detector, stop: stop, log)
    let server = startServer(options, detector, source, log)
    let slot: FrameSlot
    do throws(StreamError) {
        slot = try FrameSlot(like: detector.input)
    } catch {
        log.error(error.message(socket: text(options.socket)))
        ExitCode.system.exit()
    }
    let capture = CaptureLoop(
        source, input: detector.makePictureInput(), slot: slot, stop: stop, period: options.period, log: log
    ) { change, camera in
        report(change, camera, options, log)
    }
    let (name, size) = (text(detector.description.name), detector.inputSize)
    log.notice(
        "started: model \(name) at \(size.width)x\(size.height), \(detector.engine.path.name) kernels, "
            + "\(options.threads) threads, \(options.sourceText), socket \(text(options.socket))")

    // Whoever starts the daemon on a few pictures and then a client must not miss any.
    if case .files = source, !options.repeats, options.wait > 0 {
        var isStopped = false
        var hasClient = false
        _ = clinux_wait_readable(stop, server.firstClient, Int64(options.wait), &isStopped, &hasClient)
    }
    var thread: clinux_thread = 0
    let threadError = capture.start(&thread)
    guard threadError == 0 else {
        log.error("cannot start a thread: \(errorText(threadError))")
        ExitCode.system.exit()
    }
    var loop = FrameLoop(detector: detector, slot: slot, server: server, stop: stop, log: log)
    var code = ExitCode.success
    let end = loop.run()
    _ = clinux_thread_join(thread)
    if let failure = capture.failure {
        log.error(failure.message(source: text(options.source)))
        code = failure.exitCode
    } else if end == .sourceEnded {
        var writer = JSONWriter(capacity: 256)
        do throws(StreamError) {
            server.publish(try writer.endLine(frames: loop.frames, corruptFrames: capture.corruptFrames))
        } catch {
            log.error(error.message(socket: text(options.socket)))
        }
    }
    server.close(drain: drainTime)
    let counters = server.counters
    log.notice(
        "ended: \(loop.frames) frames, \(capture.corruptFrames) pictures left out, \(counters.linesSent) lines sent, "
            + "\(counters.linesDropped) dropped")
    code.exit()
}

run()
