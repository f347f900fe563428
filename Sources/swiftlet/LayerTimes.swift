/// How long each step of a network takes on one thread.
struct LayerTimes {
    struct Layer {
        var step: Int
        /// Nanoseconds, the median over the runs.
        var median: UInt64
    }

    /// The slowest first.
    private(set) var layers: [Layer] = []
    private var total: UInt64 = 0

    /// Runs `engine` `runs` times, step by step.
    init(_ engine: Engine, runs: Int) {
        var samples: [Samples] = []
        for _ in 0..<engine.stepCount { samples.append(Samples(capacity: runs)) }
        for _ in 0..<runs {
            Bench.fillInput(of: engine)
            var start = clinux_monotonic_ns()
            for step in 0..<engine.stepCount {
                engine.runStep(step)
                let end = clinux_monotonic_ns()
                samples[step].append(end - start)
                start = end
            }
        }
        for step in 0..<engine.stepCount {
            samples[step].sort()
            layers.append(Layer(step: step, median: samples[step].median))
            total += samples[step].median
        }
        layers.sort { $0.median != $1.median ? $0.median > $1.median : $0.step < $1.step }
    }

    /// Of the sum over all layers, 0...1.
    private func share(_ layer: Layer) -> Double { total > 0 ? Double(layer.median) / Double(total) : 0 }

    func write(_ engine: Engine, to json: inout JSONWriter) {
        json.beginArray("layers")
        for layer in layers {
            json.beginObject()
            json.integer("step", layer.step)
            json.string("name", Array(engine.stepName(layer.step).text.utf8))
            json.string("operation", engine.stepOperation(layer.step))
            json.decimal("median_ms", Double(layer.median) / 1e6, decimals: 4)
            json.decimal("share", share(layer), decimals: 4)
            json.endObject()
        }
        json.endArray()
    }

    func writeTable(_ engine: Engine, to output: Output) {
        output.write("\n     ms    share  step  operation            layer\n")
        for layer in layers {
            let milliseconds = padded(fixed(Double(layer.median) / 1e6, decimals: 3), to: 7, .right)
            let percent = padded(fixed(share(layer) * 100, decimals: 1), to: 5, .right)
            let step = padded("\(layer.step)", to: 4, .right)
            let operation = padded("\(engine.stepOperation(layer.step))", to: 19)
            output.write(
                "\(milliseconds)  \(percent) %  \(step)  \(operation)  \(printable(engine.stepName(layer.step).text))\n")
        }
    }
}
