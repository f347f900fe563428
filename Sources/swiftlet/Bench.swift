import CLinux
import Detector
import Engine
import Service
import Stream
import Vision

/// `swiftlet bench`: how long the network takes on this machine.
enum Bench {
    static func run(_ options: BenchOptions, _ log: Log) -> ExitCode {
        let model = options.model!
        let detector: Detector
        let started = clinux_monotonic_ns()
        do throws(DetectorError) {
            detector = try Detector(modelPath: model, settings: DetectorSettings(threads: options.threads))
        } catch {
            log.error(error.message(model: text(model)))
            return error.exitCode
        }
        let preparation = clinux_monotonic_ns() - started
        let engine = detector.engine
        var times: [UInt64] = []
        times.reserveCapacity(options.runs)
        // The first runs fault the model's pages in and wake the processor up.
        for run in -2..<options.runs {
            // The network overwrites its input; the values do not matter to its speed.
            engine.input.update(repeating: 0.5)
            let start = clinux_monotonic_ns()
            engine.run()
            if run >= 0 { times.append(clinux_monotonic_ns() - start) }
        }
        times.sort()
        let (least, median, most) = (times[0], times[times.count / 2], times[times.count - 1])
        let size = detector.inputSize
        let output = Output(log: log)

        if options.isJSON {
            var json = JSONWriter(capacity: 1024)
            func number(_ key: StaticString, _ value: Int) {
                json.key(key)
                json.integer(value)
            }
            func milliseconds(_ key: StaticString, _ nanoseconds: UInt64) {
                json.key(key)
                json.decimal(Double(nanoseconds) / 1e6, decimals: 3)
            }
            json.beginObject()
            number("width_px", size.width)
            number("height_px", size.height)
            json.key("path")
            json.string(engine.path.name)
            number("threads", options.threads)
            number("runs", options.runs)
            milliseconds("prepare_ms", preparation)
            milliseconds("min_ms", least)
            milliseconds("median_ms", median)
            milliseconds("max_ms", most)
            number("arena_bytes", engine.arenaByteCount)
            number("lower_bound_bytes", engine.arenaLowerBound)
            json.endObject()
            output.write(&json)
            return .success
        }
        func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, decimals: 3) }
        output.row("model", "\(text(detector.description.name)), \(size.width)x\(size.height)")
        output.row(
            "engine", "\(engine.path.name) kernels, \(options.threads) threads, \(engine.storedPrecision) weights")
        output.row("prepare", "\(milliseconds(preparation)) ms")
        output.row(
            "run", "median \(milliseconds(median)) ms, least \(milliseconds(least)), most \(milliseconds(most)) "
                + "of \(options.runs) runs")
        output.row(
            "arena", "\(byteCount(engine.arenaByteCount)), at least \(byteCount(engine.arenaLowerBound)) needed")
        return .success
    }
}
