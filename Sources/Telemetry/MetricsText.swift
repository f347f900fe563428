import Synchronization

/// Writes metrics in Prometheus' text format into a buffer of fixed size. What does not fit is an error, not a shorter
/// text.
public struct MetricsText: ~Copyable {
    /// Bytes of the longest text.
    public static var capacity: Int { 32 << 10 }

    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0
    private var hasOverflowed = false

    /// Takes the buffer, the only memory that is ever needed.
    public init() { buffer = .allocate(byteCount: Self.capacity, alignment: 16) }

    deinit { buffer.deallocate() }

    /// Writes everything again. nil where it does not fit; otherwise valid until the next call.
    /// - Parameter started: when the daemon began, in nanoseconds since 1970.
    public mutating func write(
        _ metrics: Metrics, _ stream: StreamCounters, _ machine: borrowing Machine, started: UInt64
    ) -> UnsafeRawBufferPointer? {
        (count, hasOverflowed) = (0, false)
        writeProcess(started: started)
        writeFrames(metrics)
        writeCamera(metrics)
        writeStream(stream)
        writeMachine(machine)
        return hasOverflowed ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    private mutating func writeProcess(started: UInt64) {
        begin("build_info", .gauge, "The program's version.")
        put("swiftlet_build_info{version=\"")
        put(Product.version)
        put("\"} 1\n")
        metric("start_time_seconds", .gauge, "Start of the daemon, in seconds since 1970.", started / 1_000_000, digits: 3)
        metric(
            "written_time_seconds", .gauge, "Time of this report, in seconds since 1970.", clinux_realtime_ns() / 1_000_000,
            digits: 3)
        var memory = clinux_process_memory()
        guard clinux_read_process_memory(&memory) == 0 else { return }
        metric("resident_bytes", .gauge, "Current resident memory.", memory.resident)
        metric("resident_peak_bytes", .gauge, "Peak resident memory.", memory.peak_resident)
    }

    private mutating func writeFrames(_ metrics: Metrics) {
        metric("frames_captured_total", .counter, "Frames received from the source.", metrics.captured.load(ordering: .relaxed))
        metric(
            "frames_decoded_total", .counter, "Frames decoded for the network.",
            metrics.decoded.load(ordering: .relaxed))
        metric("frames_inferred_total", .counter, "Frames processed by the network.", metrics.inferred.load(ordering: .relaxed))
        metric("frames_published_total", .counter, "Frames whose line was queued for clients.", metrics.framesPublished)
        begin("frames_dropped_total", .counter, "Frames without a line.")
        for why in Metrics.Drop.allCases {
            sample("frames_dropped_total", label: "reason", why.name, metrics.dropped(why))
        }
        begin("stage_seconds", .histogram, "Duration of each stage.")
        for stage in Metrics.Stage.allCases { writeHistogram(stage.name, metrics.latency(stage)) }
    }

    private mutating func writeHistogram(_ stage: StaticString, _ histogram: LatencyHistogram) {
        let bounds = LatencyHistogram.bounds
        for place in 0...bounds.count {
            put("swiftlet_stage_seconds_bucket{stage=\"")
            put(stage)
            put("\",le=\"")
            if place < bounds.count { decimal(bounds[place], digits: 6) } else { put("+Inf") }
            put("\"} ")
            integer(histogram.count(upTo: place))
            put("\n")
        }
        put("swiftlet_stage_seconds_sum{stage=\"")
        put(stage)
        put("\"} ")
        decimal(histogram.sum, digits: 9)
        put("\n")
        sample("stage_seconds_count", label: "stage", stage, histogram.count(upTo: bounds.count))
    }

    private mutating func writeCamera(_ metrics: Metrics) {
        guard let current = metrics.camera else { return }
        begin("camera_state", .gauge, "1 for the current state of the camera.")
        for state in CameraLine.State.allCases {
            sample("camera_state", label: "state", state.name, state == current ? 1 : 0)
        }
        metric("camera_starts_total", .counter, "Times the camera was opened.", metrics.cameraStarts.load(ordering: .relaxed))
        begin("camera_fault", .gauge, "1 for the fault of a stalled or unusable camera.")
        let fault = metrics.cameraFault
        for reason in CameraLine.Reason.allCases {
            sample("camera_fault", label: "reason", reason.name, reason == fault ? 1 : 0)
        }
        begin("camera_restarts_total", .counter, "Times the camera was restarted.")
        let stalled = metrics.restartsOfStalled.load(ordering: .relaxed)
        let unusable = metrics.restartsOfUnusable.load(ordering: .relaxed)
        sample("camera_restarts_total", label: "reason", CameraLine.State.stalled.name, stalled)
        sample("camera_restarts_total", label: "reason", CameraLine.State.unusable.name, unusable)
    }

    private mutating func writeStream(_ stream: StreamCounters) {
        metric("clients", .gauge, "Connected clients.", UInt64(stream.clients))
        metric("clients_accepted_total", .counter, "Accepted clients.", stream.accepted)
        metric("clients_refused_total", .counter, "Clients rejected because no place was free.", stream.rejected)
        metric("clients_stuck_total", .counter, "Clients closed because they read nothing.", stream.stuck)
        metric("lines_published_total", .counter, "Lines for all clients.", stream.linesPublished)
        metric("lines_sent_total", .counter, "Lines sent, counted per client.", stream.linesSent)
        metric("lines_dropped_total", .counter, "Lines dropped for slow clients, counted per client.", stream.linesDropped)
        metric("snapshots_total", .counter, "Images sent, counted per client.", stream.snapshots)
    }

    private mutating func writeMachine(_ machine: borrowing Machine) {
        var isFirst = true
        for policy in 0..<Machine.maximumPolicies {
            guard let frequency = machine.frequency(policy: policy) else { continue }
            if isFirst { begin("cpu_frequency_hertz", .gauge, "Clock of the processors from this one on.") }
            isFirst = false
            put("swiftlet_cpu_frequency_hertz{cpu=\"")
            integer(UInt64(policy))
            put("\"} ")
            integer(frequency)
            put("\n")
        }
        if let temperature = machine.temperature {
            metric("temperature_celsius", .gauge, "The board's first sensor.", temperature, digits: 3)
        }
        if let throttled = machine.throttled {
            begin("throttled", .gauge, "1 if the firmware limits the board.")
            let reasons: InlineArray<4, StaticString> = ["undervoltage", "frequency_capped", "throttled", "temperature"]
            for bit in reasons.indices {
                sample("throttled", label: "reason", reasons[bit], throttled >> UInt64(bit) & 1)
            }
            begin("throttled_since_boot", .gauge, "1 if it has done so since boot.")
            for bit in reasons.indices {
                sample("throttled_since_boot", label: "reason", reasons[bit], throttled >> UInt64(bit + 16) & 1)
            }
        }
    }

    // MARK: - Format

    private enum Kind { case counter, gauge, histogram }

    /// The lines before a metric's samples.
    private mutating func begin(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        put("# HELP swiftlet_")
        put(name)
        put(" ")
        put(help)
        put("\n# TYPE swiftlet_")
        put(name)
        switch kind {
        case .counter: put(" counter\n")
        case .gauge: put(" gauge\n")
        case .histogram: put(" histogram\n")
        }
    }

    /// A metric of one sample, with that many digits after the point.
    private mutating func metric(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: UInt64, digits: Int = 0) {
        begin(name, kind, help)
        put("swiftlet_")
        put(name)
        put(" ")
        decimal(value, digits: digits)
        put("\n")
    }

    private mutating func sample(_ name: StaticString, label: StaticString, _ text: StaticString, _ value: UInt64) {
        put("swiftlet_")
        put(name)
        put("{")
        put(label)
        put("=\"")
        put(text)
        put("\"} ")
        integer(value)
        put("\n")
    }

    private mutating func put(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { put(text.utf8Start[index]) }
    }

    private mutating func integer(_ value: UInt64) { decimal(value, digits: 0) }

    /// `value` in units of the last digit after the point.
    private mutating func decimal(_ value: UInt64, digits: Int) {
        var divisor: UInt64 = 1
        var length = 1
        while value / divisor >= 10 || length <= digits {
            divisor *= 10
            length += 1
        }
        while length > 0 {
            put(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
            length -= 1
            if length == digits, digits > 0 { put(UInt8(ascii: ".")) }
        }
    }

    private mutating func put(_ byte: UInt8) {
        guard count < buffer.count else {
            hasOverflowed = true
            return
        }
        buffer[count] = byte
        count += 1
    }
}
