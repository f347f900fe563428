/// Descriptors that become readable with a signal; -1 and an errno value where there are none.
struct Signals {
    private(set) var stop: Int32 = -1
    private(set) var reload: Int32 = -1
    private(set) var error: Int32

    init() {
        error = clinux_stop_signals(&stop)
        if error == 0 { error = clinux_reload_signal(&reload) }
    }
}

/// Makes the parts of the daemon. Each ends the process where it cannot be made, with what is wrong and how to mend it.
struct Start {
    let options: Options
    private let signals: Signals
    private let log: Log
    private let inherited: Int32?
    private let clients: Int
    /// As it was before the model was read.
    private let modelFile: Reloader.ModelIdentity?

    init(_ options: Options, _ signals: Signals, _ log: Log) {
        self.options = options
        self.signals = signals
        self.log = log
        inherited = Self.inheritedSocket(log)
        if signals.error != 0 {
            log.error("cannot receive signals: \(errorText(signals.error))")
            ExitCode.system.exit()
        }
        clients = Self.clientLimit(log)
        modelFile = Reloader.ModelIdentity(options.model)
    }

    /// What `make` makes, unless the system lacks what that needs.
    func orEnd<Made: ~Copyable>(_ make: () throws(SystemError) -> Made) -> Made {
        do throws(SystemError) {
            return try make()
        } catch {
            log.error(error.message)
            ExitCode.system.exit()
        }
    }

    // MARK: - The frame's way

    func model() -> (Model, ImageInput) {
        // Thresholds and limit come with each frame: they may change.
        var settings = ModelSettings(resize: options.resize, threads: options.threads)
        settings.rotation = Orientation(clockwise: options.configuration.rotation) ?? .upright
        // What a full line skips must be the worst.
        settings.order = .bestFirst
        settings.images = .live
        do throws(ModelError) {
            let model = try Model(path: options.model, settings: settings)
            return (model, try model.makeImageInput())
        } catch {
            log.error(error.message(model: text(options.model)))
            error.exitCode.exit()
        }
    }

    /// The only place that knows all kinds of sources.
    func source(for model: Model) -> FrameSource {
        guard options.source[0] != 0 else { return camera(for: model.format.size) }
        do throws(CameraError) {
            if let raw = options.raw {
                guard !options.repeats else { throw .cannotRepeatStream }
                return try RawSource(path: options.source, raw, stride: options.stride, interrupt: signals.stop)
            }
            let source = try FileSource(path: options.source, repeats: options.repeats, interrupt: signals.stop)
            if source.otherKind != .unknown {
                log.warning(CameraError.message(source: text(options.source), alsoHolds: source.otherKind))
            }
            return source
        } catch {
            log.error(error.message(source: text(options.source)))
            error.exitCode.exit()
        }
    }

    private func camera(for network: ImageSize) -> FrameSource {
        let request = CaptureRequest(
            networkWidth: network.width, networkHeight: network.height, width: options.size?.width,
            height: options.size?.height, rate: options.period > 0 ? 1e9 / Double(options.period) : nil,
            format: options.configuration.cameraFormat)
        let driver = V4L2Driver(CameraSelector(name: options.cameraName), request, interrupt: signals.stop)
        var deadlines = LiveCamera<V4L2Driver>.Deadlines()
        deadlines.frame = UInt64(options.configuration.cameraTimeout * 1e9)
        return LiveCamera(driver, deadlines: deadlines)
    }

    private func hello(for model: Model, _ source: FrameSource) throws(StreamError) -> [UInt8] {
        try HelloLine(
            program: "swiftletd", version: Product.version, modelName: model.description.name,
            architecture: model.description.family, precision: bytes(model.engine.storedPrecision),
            task: model.kind == .detection ? nil : model.kind.word, inputWidth: model.format.size.width,
            inputHeight: model.format.size.height, sourceKind: source.kindName,
            sourcePath: options.source[0] == 0 ? options.cameraName ?? [] : bytes(options.source),
            rotation: options.configuration.rotation, threshold: options.configuration(for: model.kind).threshold,
            isFiltered: options.configuration.isFiltered,
            snapshots: options.configuration.allowsSnapshots, labels: model.description.labels
        ).encoded()
    }

    func server(for model: Model, _ source: FrameSource, _ metrics: Metrics) -> StreamServer {
        var limits = StreamLimits()
        limits.clients = clients
        limits.givesSnapshots = options.configuration.allowsSnapshots
        let status = StatusLine(metrics)
        do throws(StreamError) {
            return try StreamServer(
                at: inherited.map { .inherited($0) } ?? .path(options.socket), hello: hello(for: model, source),
                labels: model.description.labels, firstClass: model.kind.firstClass, limits: limits,
                status: { status.write(to: &$0, $1) })
        } catch {
            log.error(error.message(socket: text(options.socket)))
            error.exitCode.exit()
        }
    }

    /// Where results go.
    func sinks(for model: Model, _ source: FrameSource, _ server: StreamServer) -> [FrameSink] {
        guard let record = options.record else { return [StreamSink(server)] }
        let file: RecordFile
        do throws(OutputError) {
            file = try RecordFile(path: record)
        } catch {
            log.error("\(text(record)): \(error.message)")
            error.exitCode.exit()
        }
        let hello = (try? hello(for: model, source)) ?? []
        do throws(SystemError) {
            return [StreamSink(server), try RecordSink(file, hello: hello, name: text(record), log)]
        } catch {
            log.error(error.message)
            ExitCode.system.exit()
        }
    }

    // MARK: - Beside it

    func reloader(for model: Model) -> Reloader {
        orEnd { () throws(SystemError) in
            try Reloader(options, modelFile, labels: model.description.labels, model.kind, log)
        }
    }

    func metrics() -> Metrics { orEnd { () throws(SystemError) in try Metrics() } }

    func monitor(_ metrics: Metrics, _ server: StreamServer, _ reloader: Reloader) -> ServiceMonitor {
        orEnd { () throws(SystemError) in
            try ServiceMonitor(
                .init(
                    metrics: metrics, stream: server, manager: ServiceManager(), metricsPath: options.metrics,
                    reloadSignal: signals.reload, reload: { reloader.reload() }), log)
        }
    }

    /// Says what runs here, and what may be too large for it.
    func announce(_ model: Model) {
        let (name, size) = (text(model.description.name), model.format.size)
        log.notice(
            "started: model \(name) at \(size.width)x\(size.height), \(model.engine.path.name) kernels, "
                + "\(options.threads) threads, \(options.sourceText), "
                + (inherited == nil ? "socket \(text(options.socket))" : "socket of the service manager"))
        var needed = (modelFile?.size ?? 0) + UInt64(model.engine.arenaByteCount)
        if case .segmentation(let decoder) = model.task { needed += UInt64(decoder.byteCount) }
        guard needed > MemoryBudget.network else { return }
        log.warning(
            "the model needs \(byteCount(Int(clamping: needed))), but the service's MemoryMax allows "
                + "\(byteCount(MemoryBudget.network)): raise it (systemctl edit swiftlet)")
    }

    /// A client that is started after the daemon must not miss any of a few images.
    func waitForClient(of server: StreamServer) {
        guard !options.repeats, options.wait > 0 else { return }
        var isStopped = false, hasClient = false
        _ = clinux_wait_readable(signals.stop, server.firstClient, Int64(options.wait), &isStopped, &hasClient)
    }

    // MARK: - What the process was given

    /// Descriptors that the daemon itself has at most, clients skipped: signals, events, camera or image, files that are
    /// being written, images for clients.
    private static var ownDescriptors: Int { 32 }

    /// How many clients the limit on open files leaves room for.
    private static func clientLimit(_ log: Log) -> Int {
        let wanted = StreamLimits().clients + ownDescriptors
        let limit = Int(clamping: clinux_raise_descriptor_limit(UInt64(wanted)))
        let remedy = "raise it to \(wanted) (ulimit -n, LimitNOFILE= of the unit)"
        guard limit > ownDescriptors else {
            log.error("only \(limit) open files allowed, but \(ownDescriptors + 1) needed: \(remedy)")
            ExitCode.system.exit()
        }
        guard limit < wanted else { return StreamLimits().clients }
        log.warning("only \(limit) open files allowed, enough for \(limit - ownDescriptors) clients: \(remedy)")
        return limit - ownDescriptors
    }

    private static func inheritedSocket(_ log: Log) -> Int32? {
        do throws(StreamError) {
            return try InheritedSocket.take()
        } catch {
            log.error(error.message(socket: "the inherited socket"))
            error.exitCode.exit()
        }
    }
}
