/// A frame's way: source, network, sinks.
private func run() {
    clinux_save_memory()
    // Before all else: a signal that comes meanwhile waits.
    let signals = Signals()
    let log = Log(program: "swiftletd", output: try? LogOutput())
    let start = Start(Options.parse(log), signals, log)
    let options = start.options

    let (model, input) = start.model()
    let source = start.source(for: model)
    let reloader = start.reloader(for: model)
    let filter = reloader.initialFilter()
    let metrics = start.metrics()
    let server = start.server(for: model, source, metrics)
    let sinks = start.sinks(for: model, source, server)
    let monitor = start.monitor(metrics, server, reloader)
    let settings = PipelineSettings(
        filter: filter, period: options.period, rotation: options.configuration.rotation, sourceText: options.sourceText,
        control: reloader.control, metrics: metrics, log: log)
    var pipeline = start.orEnd { () throws(SystemError) in
        try Pipeline(source, input, model, sinks, PipelineClock(stop: signals.stop), settings)
    }
    start.announce(model)
    if !source.isLive { start.waitForClient(of: server) }
    let end = start.orEnd { () throws(SystemError) in try pipeline.run() }

    if let failure = end.failure { log.error(failure.message(source: text(options.source))) }
    monitor.stop()
    for sink in sinks { sink.close() }
    let counters = server.counters
    log.notice(
        "stopped: \(end.frames) frame\(end.frames == 1 ? "" : "s") processed, \(end.corruptFrames) skipped, "
            + "\(counters.linesSent) line\(counters.linesSent == 1 ? "" : "s") sent, \(counters.linesDropped) dropped")
    (end.failure?.exitCode ?? .success).exit()
}

run()
