/// `swiftlet bench`: how long the network takes on this machine, and what memory.
enum Bench {
    static func run(_ options: BenchOptions, _ log: Log) -> ExitCode {
        if let frames = options.frames { return InputBench.run(frames, options, log) }
        let model = options.model!
        let profile = options.board.map { BoardLookup(log: log).profile($0) }
        let threads = options.threads ?? profile?.threads ?? Engine.defaultThreads
        let memoryBefore = ProcessMemory()
        let loaded: Model
        let started = clinux_monotonic_ns()
        do throws(ModelError) {
            loaded = try Model(file: Model.file(model), settings: ModelSettings(threads: threads))
        } catch {
            log.error(error.message(model: text(model)))
            return error.exitCode
        }
        let load = clinux_monotonic_ns() - started
        let engine = loaded.engine
        let times = RunTimes(runs: options.runs, before: { fillInput(of: engine) }, run: { engine.run() })

        // While the clock is still that of a computing processor.
        let state = profile == nil ? nil : BoardState()

        var multiplyAccumulates: Int64 = 0
        for node in engine.graph.nodes { multiplyAccumulates += engine.graph.multiplyAccumulates(node) }
        var status = clinux_file_status()
        let statusError = clinux_status_at(clinux_working_directory, model, &status)
        let report = BenchReport(
            name: text(loaded.description.name), size: loaded.format.size, threads: threads, load: load,
            wall: times.wall, processor: times.processor, multiplyAccumulates: multiplyAccumulates,
            modelByteCount: statusError == 0 ? Int(clamping: status.size) : nil, memoryBefore: memoryBefore,
            memoryAfter: ProcessMemory())
        let layers = options.showsLayers ? LayerTimes(engine, runs: options.runs) : nil
        var board: BoardReport?
        if let profile, let state {
            let measurement = BoardMeasurement(
                precision: engine.precision, path: engine.path, model: loaded.budgetedModel,
                multiplyAccumulates: multiplyAccumulates, threads: threads, latency: Double(times.wall.median) / 1e6,
                peakMemory: report.memoryAfter.peak)
            board = BoardReport(title: profile.title, checks: profile.checks(state, measurement))
        }
        let output = Output(log: log)
        if options.isJSON {
            report.writeJSON(engine, layers, board, to: output)
        } else {
            report.writeSummary(engine, to: output)
            board?.writeSummary(to: output)
            layers?.writeTable(engine, to: output)
        }
        return board.map { $0.failedCheckCount > 0 } ?? false ? .unavailable : .success
    }

    /// The network overwrites its input; the values do not matter to its speed.
    static func fillInput(of engine: Engine) {
        engine.input.update(repeating: 0.5)
        engine.inputBytes.update(repeating: 128)
    }
}

extension Model {
    /// The network among those that boards have budgets for: at 320x320, and with six classes or fewer beside the
    /// background.
    fileprivate var budgetedModel: BoardProfile.Model? {
        guard format.size == ImageSize(width: 320, height: 320), description.labels.count <= 7 else { return nil }
        let isXXS = description.name == bytes("MobileViTv3-XXS SSDLite")
        guard isXXS || description.name == bytes("MobileViTv3-0.5 SSDLite") else { return nil }
        switch engine.precision {
        case .int8: return isXXS ? .xxsInt8 : .v05Int8
        case .fp16: return isXXS ? .xxsFP16 : .v05FP16
        case .fp32: return nil
        }
    }
}

/// What the clock on the wall says of some runs, and what the processors spent on them.
struct RunTimes {
    private(set) var wall: Samples
    private(set) var processor: Samples

    /// - Parameter before: comes before each run and does not count.
    init(runs: Int, before: () -> Void = {}, run body: () -> Void) {
        wall = Samples(capacity: runs)
        processor = Samples(capacity: runs)
        // The first runs fault pages in, make tables and wake the processor up.
        for run in -2..<runs {
            before()
            let processorStart = clinux_process_cpu_ns()
            let start = clinux_monotonic_ns()
            body()
            let end = clinux_monotonic_ns()
            let processorEnd = clinux_process_cpu_ns()
            guard run >= 0 else { continue }
            wall.append(end - start)
            processor.append(processorEnd - processorStart)
        }
        wall.sort()
        processor.sort()
    }
}

/// Durations in nanoseconds; in order after `sort()`, which the rest expects.
struct Samples {
    private var values: [UInt64] = []

    init(capacity: Int) { values.reserveCapacity(capacity) }

    var count: Int { values.count }
    var minimum: UInt64 { values[0] }
    var median: UInt64 { values[values.count / 2] }
    var maximum: UInt64 { values[values.count - 1] }

    mutating func append(_ duration: UInt64) { values.append(duration) }
    mutating func sort() { values.sort() }

    /// The sample below which `percent` (0..<100) of a hundred lie.
    func percentile(_ percent: Int) -> UInt64 { values[values.count * percent / 100] }
}

/// Bytes of this process that are in memory; nil where the system does not tell.
struct ProcessMemory {
    var resident: Int?
    /// The maximum so far.
    var peak: Int?

    init() {
        var memory = clinux_process_memory()
        guard clinux_read_process_memory(&memory) == 0 else { return }
        resident = Int(clamping: memory.resident)
        peak = Int(clamping: memory.peak_resident)
    }
}
