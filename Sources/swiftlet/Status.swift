/// `swiftlet status`: the daemon's status, from the daemon or from the file that it writes every 10
/// seconds.
enum Status {
    /// Seconds after which the daemon has missed two writings.
    private static var stale: Double { 30 }

    static func run(_ options: StatusOptions, _ log: Log) -> ExitCode {
        var question = StatusQuestion(options.socket, log)
        let code = options.file.map { question.read($0) } ?? question.ask()
        guard code == .success, let samples = question.samples else { return code }
        guard let written = samples.value("swiftlet_written_time_seconds") else {
            log.error("\(question.source): is not what swiftletd says")
            return .badData
        }
        let age = Double(clinux_realtime_ns()) / 1e9 - written
        let output = Output(log: log)
        if options.isJSON {
            writeJSON(samples, age, to: output)
        } else {
            writeSummary(samples, age, camera: question.camera, to: output)
        }
        if age <= stale { return .success }
        log.error("the metrics are \(fixed(age, decimals: 0)) s old: swiftletd does not run, or cannot write them")
        return .unavailable
    }

    private static func writeSummary(
        _ samples: MetricsSamples, _ age: Double, camera: String, to output: Output
    ) {
        func number(_ name: StaticString, _ label: StaticString? = nil) -> String {
            samples.value(name, label).map { fixed($0, decimals: 0) } ?? "?"
        }
        for state in ["absent", "opening", "streaming", "stalled", "unusable"] as [StaticString]
        where samples.value("swiftlet_camera_state", state) == 1 {
            var line = "\(state)"
            for reason in CameraLine.Reason.allCases where samples.value("swiftlet_camera_fault", reason.name) == 1 {
                line += " (\(reason.name))"
            }
            line += ", opened \(number("swiftlet_camera_starts_total")) times"
            for reason in ["stalled", "unusable"] as [StaticString] {
                guard let count = samples.value("swiftlet_camera_restarts_total", reason), count > 0 else { continue }
                line += ", restarted \(fixed(count, decimals: 0)) times as \(reason)"
            }
            output.row("camera", line)
        }
        let running =
            (samples.value("swiftlet_written_time_seconds") ?? 0)
            - (samples.value("swiftlet_start_time_seconds") ?? 0)
        output.row("running", "\(fixed(running, decimals: 0)) s")
        let frames = "\(number("swiftlet_frames_captured_total")) captured, "
        output.row("frames", frames + "\(number("swiftlet_frames_published_total")) published")
        var drops = ""
        for why in ["skipped", "superseded", "corrupt", "driver", "unsent"] as [StaticString] {
            guard let count = samples.value("swiftlet_frames_dropped_total", why), count > 0 else { continue }
            drops += (drops.isEmpty ? "" : ", ") + "\(fixed(count, decimals: 0)) \(why)"
        }
        output.row("dropped", drops.isEmpty ? "none" : drops)
        for stage in ["capture", "decode", "inference", "publish"] as [StaticString] {
            guard let sum = samples.value("swiftlet_stage_seconds_sum", stage),
                let count = samples.value("swiftlet_stage_seconds_count", stage), count > 0
            else { continue }
            output.row("\(stage)", "\(fixed(sum / count * 1000, decimals: 2)) ms on average")
        }
        let lines = "\(number("swiftlet_lines_sent_total")) lines sent, "
        let lost = "\(number("swiftlet_lines_dropped_total")) dropped"
        output.row("clients", "\(number("swiftlet_clients")); \(lines)\(lost)")
        output.row("memory", byteCount(Int(exactly: samples.value("swiftlet_resident_bytes") ?? 0) ?? 0))
        if let temperature = samples.value("swiftlet_temperature_celsius") {
            output.row("board", "\(fixed(temperature, decimals: 1)) degrees Celsius")
        }
        for why in ["undervoltage", "frequency_capped", "throttled", "temperature"] as [StaticString]
        where samples.value("swiftlet_throttled", why) == 1 {
            output.row("warning", "the board is limited: \(why)")
        }
        output.row("as of", "\(fixed(max(age, 0), decimals: 0)) s ago")
    }

    /// Every sample under the name that the file gives it, labels included.
    private static func writeJSON(_ samples: MetricsSamples, _ age: Double, to output: Output) {
        // Quotes are escaped, and the file's comments are not there.
        var json = JSONWriter(capacity: 2 * MetricsText.capacity)
        json.beginObject()
        json.decimal("age_s", age, decimals: 3)
        for sample in samples.all {
            json.key(sample.name + (sample.labels.isEmpty ? [] : bytes("{") + sample.labels + bytes("}")))
            if let integer = sample.integer {
                json.integer(integer)
            } else {
                json.decimal(sample.value, decimals: 6)
            }
        }
        json.endObject()
        output.write(&json)
    }
}
