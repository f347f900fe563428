/// `swiftlet plan`: the arena of a model before it runs, and a segmenter's mask beside it.
enum Plan {
    static func run(_ options: PlanOptions, _ log: Log) -> ExitCode {
        let model = options.model!
        let description: ModelDescription, plan: MemoryPlan, precision: Precision, mask: Int?
        do throws(ModelError) {
            let file = try Model.file(model)
            let graph: Graph
            (description, _, graph) = try Model.read(file)
            precision = Precision(running: file)
            mask = maskByteCount(description, graph)
            do { plan = try MemoryPlan(graph, precision: precision, threads: options.threads) } catch { throw .engine(error) }
        } catch {
            log.error(error.message(model: text(model)))
            return error.exitCode
        }
        let size = description.input.size
        if let path = options.svg {
            let drawing = PlanDrawing.svg(plan)
            var inputs = InputFiles()
            inputs.insert(model)
            do throws(OutputError) {
                try Array(drawing.utf8).withUnsafeBufferPointer { bytes throws(OutputError) in
                    try OutputFile.write(UnsafeRawBufferPointer(bytes), to: path, inputs: inputs, kinds: .any)
                }
            } catch {
                log.error("\(text(path)): \(error.message)")
                return error.exitCode
            }
        }
        let output = Output(log: log)
        if options.isJSON {
            writeJSON(plan, mask: mask, to: output)
        } else {
            let title = "\(text(description.name)), \(size.width)x\(size.height), \(precision.name)"
            writeSummary(plan, mask: mask, title: title, to: output)
        }
        return .success
    }

    /// What a segmenter's decoder allocates for the mask and what it is made of; nil for other tasks.
    private static func maskByteCount(_ description: ModelDescription, _ graph: Graph) -> Int? {
        guard description.task.kind == .segmentation else { return nil }
        let output = graph.shape(graph.output)
        return SegmentationDecoder.byteCount(
            mapSize: ImageSize(width: output.width, height: output.height), classCount: output.channels,
            size: description.input.size)
    }

    private static func writeSummary(_ plan: MemoryPlan, mask: Int?, title: String, to output: Output) {
        let peak = plan.peakStep
        output.row("model", title)
        output.row("arena", "\(byteCount(plan.byteCount)) for \(plan.buffers.count) buffers in \(plan.stepCount) steps")
        output.row("at least", byteCount(plan.lowerBound))
        if let mask { output.row("mask", byteCount(mask)) }
        output.row("peak", "step \(peak):")
        for buffer in plan.buffers where buffer.steps.contains(peak) {
            let name = printable(buffer.name.text) + (buffer.isScratch ? " (scratch)" : "")
            output.write("  \(padded(byteCount(buffer.byteCount), to: 12, .right))  \(name)\n")
        }
    }

    private static func writeJSON(_ plan: MemoryPlan, mask: Int?, to output: Output) {
        // A buffer takes about 200 bytes.
        var json = JSONWriter(capacity: 4096 + plan.buffers.count * 512)
        json.beginObject()
        json.integer("arena_bytes", plan.byteCount)
        json.integer("lower_bound_bytes", plan.lowerBound)
        if let mask {
            json.integer("mask_bytes", mask)
        }
        json.integer("steps", plan.stepCount)
        json.beginArray("buffers")
        for buffer in plan.buffers {
            json.beginObject()
            json.string("name", Array(buffer.name.text.utf8))
            json.boolean("scratch", buffer.isScratch)
            json.integer("offset_bytes", buffer.offset)
            json.integer("size_bytes", buffer.byteCount)
            json.integer("first_step", buffer.steps.lowerBound)
            json.integer("last_step", buffer.steps.upperBound)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        output.write(&json)
    }
}

extension MemoryPlan {
    /// The first step with the maximum of live bytes.
    var peakStep: Int {
        var peak = (step: 0, bytes: 0)
        for step in 0...stepCount {
            var bytes = 0
            for buffer in buffers where buffer.steps.contains(step) { bytes += buffer.byteCount }
            if bytes > peak.bytes { peak = (step, bytes) }
        }
        return peak.step
    }
}
