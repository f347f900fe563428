import CLinux
import Detector
import Engine
import Service
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
        func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, decimals: 3) }
        let (least, median, most) = (times[0], times[times.count / 2], times[times.count - 1])
        let size = detector.inputSize

        if options.isJSON {
            write(
                "{\"width_px\":\(size.width),\"height_px\":\(size.height),\"path\":\"\(engine.path.name)\","
                    + "\"threads\":\(options.threads),\"runs\":\(options.runs),"
                    + "\"prepare_ms\":\(milliseconds(preparation)),\"min_ms\":\(milliseconds(least)),"
                    + "\"median_ms\":\(milliseconds(median)),\"max_ms\":\(milliseconds(most)),"
                    + "\"arena_bytes\":\(engine.arenaByteCount),"
                    + "\"lower_bound_bytes\":\(engine.arenaLowerBound)}\n", to: standardOutput)
            return .success
        }
        func row(_ title: String, _ value: String) { write(padded(title, to: 10) + value + "\n", to: standardOutput) }
        row("model", "\(text(detector.description.name)), \(size.width)x\(size.height)")
        row("engine", "\(engine.path.name) kernels, \(options.threads) threads, \(engine.storedPrecision) weights")
        row("prepare", "\(milliseconds(preparation)) ms")
        row(
            "run", "median \(milliseconds(median)) ms, least \(milliseconds(least)), most \(milliseconds(most)) "
                + "of \(options.runs) runs")
        row("arena", "\(byteCount(engine.arenaByteCount)), at least \(byteCount(engine.arenaLowerBound)) needed")
        return .success
    }
}
