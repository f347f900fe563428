/// What `swiftlet bench` measured, ready to be written. Durations are in nanoseconds, memory in bytes.
struct BenchReport {
    var name: String
    var size: ImageSize
    var threads: Int
    /// Opening the model file and preparing the engine.
    var load: UInt64
    /// One sample per run: what the clock on the wall says, and what the processors spent.
    var wall: Samples
    var processor: Samples
    var multiplyAccumulates: Int64
    /// nil where the file has gone meanwhile.
    var modelByteCount: Int?
    /// Before the model is opened, and after the last run.
    var memoryBefore: ProcessMemory
    var memoryAfter: ProcessMemory

    /// What model and engine added to the process at most.
    private var growth: Int? {
        guard let before = memoryBefore.resident, let peak = memoryAfter.peak else { return nil }
        return max(peak - before, 0)
    }

    private var multiplyAccumulatesPerSecond: Double { Double(multiplyAccumulates) / Double(wall.median) * 1e9 }

    func writeJSON(_ engine: Engine, _ layers: LayerTimes?, _ board: BoardReport?, to output: Output) {
        // A layer takes about 130 bytes.
        var json = JSONWriter(capacity: 4096 + engine.stepCount * 256 + (board?.capacity ?? 0))
        func number(_ key: StaticString, _ value: Int?) {
            json.key(key)
            if let value { json.integer(value) } else { json.null() }
        }
        func milliseconds(_ key: StaticString, _ nanoseconds: UInt64) {
            json.decimal(key, Double(nanoseconds) / 1e6, decimals: 3)
        }
        json.beginObject()
        number("width_px", size.width)
        number("height_px", size.height)
        json.string("path", engine.path.name)
        number("threads", threads)
        number("runs", wall.count)
        milliseconds("load_ms", load)
        milliseconds("min_ms", wall.minimum)
        milliseconds("p10_ms", wall.percentile(10))
        milliseconds("median_ms", wall.median)
        milliseconds("p90_ms", wall.percentile(90))
        milliseconds("max_ms", wall.maximum)
        milliseconds("cpu_ms", processor.median)
        json.integer("macs", UInt64(multiplyAccumulates))
        json.decimal("macs_per_s", multiplyAccumulatesPerSecond, decimals: 0)
        number("model_bytes", modelByteCount)
        number("resident_bytes", memoryAfter.resident)
        number("peak_resident_bytes", memoryAfter.peak)
        number("resident_growth_bytes", growth)
        number("arena_bytes", engine.arenaByteCount)
        number("lower_bound_bytes", engine.arenaLowerBound)
        if let board {
            json.key("board")
            board.write(to: &json)
        }
        layers?.write(engine, to: &json)
        json.endObject()
        output.write(&json)
    }

    func writeSummary(_ engine: Engine, to output: Output) {
        func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, decimals: 3) }
        func bytes(_ count: Int?) -> String { count.map { byteCount($0) } ?? "unknown" }
        output.row("model", "\(name), \(size.width)x\(size.height), \(bytes(modelByteCount))")
        output.row("engine", "\(engine.path.name) kernels, \(threads) threads, \(engine.storedPrecision) weights")
        output.row("load", "\(milliseconds(load)) ms")
        output.row(
            "run",
            "median \(milliseconds(wall.median)) ms, minimum \(milliseconds(wall.minimum)), maximum "
                + "\(milliseconds(wall.maximum)) of \(wall.count) runs; 80 % within "
                + "\(milliseconds(wall.percentile(10)))...\(milliseconds(wall.percentile(90)))")
        output.row("processor", "\(milliseconds(processor.median)) ms")
        output.row(
            "speed",
            "\(fixed(Double(multiplyAccumulates) / 1e6, decimals: 1)) million multiply-accumulates, "
                + "\(fixed(multiplyAccumulatesPerSecond / 1e9, decimals: 2)) billion per second")
        output.row(
            "memory",
            "\(bytes(memoryAfter.resident)) now, \(bytes(memoryAfter.peak)) at most, of which the model and "
                + "its runs \(bytes(growth))")
        output.row(
            "arena", "\(byteCount(engine.arenaByteCount)), at least \(byteCount(engine.arenaLowerBound)) needed")
    }
}
