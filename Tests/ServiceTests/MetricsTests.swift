import Foundation
import Stream
import TestSupport
import Testing

@testable import Telemetry
@testable import Service

@Suite struct MetricsTests {
    func text(
        _ metrics: Metrics, _ stream: StreamCounters = StreamCounters(), sysfs: String = "/nonexistent"
    ) throws -> String {
        var writer = MetricsText()
        let machine = Machine(root: sysfs)
        let bytes = writer.write(metrics, stream, machine, started: 1_700_000_000_123_000_000)
        return String(decoding: try #require(bytes), as: UTF8.self)
    }

    /// The samples by their names, labels included.
    func samples(_ text: String) throws -> [String: String] {
        var samples: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            try #require(parts.count == 2 && samples[String(parts[0])] == nil)
            samples[String(parts[0])] = String(parts[1])
        }
        return samples
    }

    @Test func countsAreExactWhoeverCounts() async throws {
        let metrics = try Metrics()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<10_000 {
                        metrics.frameCaptured()
                        metrics.frameDropped(number % 2 == 0 ? .superseded : .corrupt)
                        metrics.took(.decode, nanoseconds: UInt64(number) * 1000)
                    }
                }
            }
        }
        let samples = try samples(text(metrics))
        #expect(samples["swiftlet_frames_captured_total"] == "40000")
        #expect(samples["swiftlet_frames_dropped_total{reason=\"superseded\"}"] == "20000")
        #expect(samples["swiftlet_frames_dropped_total{reason=\"skipped\"}"] == "0")
        // 0 to 500 µs, both included; all of them took less than 10 ms.
        #expect(samples["swiftlet_stage_seconds_bucket{stage=\"decode\",le=\"0.000500\"}"] == "2004")
        #expect(samples["swiftlet_stage_seconds_bucket{stage=\"decode\",le=\"0.010000\"}"] == "40000")
        #expect(samples["swiftlet_stage_seconds_bucket{stage=\"decode\",le=\"+Inf\"}"] == "40000")
        #expect(samples["swiftlet_stage_seconds_sum{stage=\"decode\"}"] == "199.980000000")
        #expect(samples["swiftlet_start_time_seconds"] == "1700000000.123")
    }

    @Test func cameraAppearsWithItsFirstState() throws {
        let metrics = try Metrics()
        #expect(try !text(metrics).contains("camera"))
        for state in [CameraLine.State.opening, .streaming, .stalled, .opening] { metrics.cameraIs(state) }
        let samples = try samples(text(metrics))
        #expect(samples["swiftlet_camera_state{state=\"opening\"}"] == "1")
        #expect(samples["swiftlet_camera_state{state=\"streaming\"}"] == "0")
        #expect(samples["swiftlet_camera_starts_total"] == "2")
        for line in try text(metrics).split(separator: "\n") where line.hasPrefix("swiftlet_camera_fault{") {
            #expect(line.hasSuffix(" 0"))
        }
    }

    /// What an alarm needs: that none of the camera's frames can be used, why, and how often it was started again for it.
    @Test func anUnusableCameraHasItsReason() throws {
        let metrics = try Metrics()
        metrics.cameraIs(.unusable, .truncated)
        metrics.cameraRestarts(stalled: 2, unusable: 5)
        let unusable = try samples(text(metrics))
        #expect(unusable["swiftlet_camera_state{state=\"unusable\"}"] == "1")
        #expect(unusable["swiftlet_camera_state{state=\"stalled\"}"] == "0")
        #expect(unusable["swiftlet_camera_fault{reason=\"truncated\"}"] == "1")
        #expect(unusable["swiftlet_camera_fault{reason=\"silent\"}"] == "0")
        #expect(unusable["swiftlet_camera_restarts_total{reason=\"stalled\"}"] == "2")
        #expect(unusable["swiftlet_camera_restarts_total{reason=\"unusable\"}"] == "5")
        metrics.cameraIs(.streaming)
        #expect(try samples(text(metrics))["swiftlet_camera_fault{reason=\"truncated\"}"] == "0")
    }

    @Test func theBoardTellsWhatItHas() throws {
        let root = NSTemporaryDirectory() + "sysfs-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: root) }
        func write(_ path: String, _ text: String) throws {
            let url = URL(fileURLWithPath: root + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        try write("devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "1500000\n")
        try write("devices/system/cpu/cpufreq/policy4/scaling_cur_freq", "2400000\n")
        try write("devices/system/cpu/cpufreq/policy5/scaling_cur_freq", "<unknown>\n")
        try write("class/thermal/thermal_zone0/temp", "48312\n")
        try write("devices/platform/soc/soc:firmware/get_throttled", "0x50005\n")
        let samples = try samples(text(try Metrics(), sysfs: root))
        #expect(samples["swiftlet_cpu_frequency_hertz{cpu=\"0\"}"] == "1500000000")
        #expect(samples["swiftlet_cpu_frequency_hertz{cpu=\"4\"}"] == "2400000000")
        #expect(samples["swiftlet_cpu_frequency_hertz{cpu=\"5\"}"] == nil)
        #expect(samples["swiftlet_temperature_celsius"] == "48.312")
        #expect(samples["swiftlet_throttled{reason=\"undervoltage\"}"] == "1")
        #expect(samples["swiftlet_throttled{reason=\"frequency_capped\"}"] == "0")
        #expect(samples["swiftlet_throttled{reason=\"throttled\"}"] == "1")
        #expect(samples["swiftlet_throttled_since_boot{reason=\"undervoltage\"}"] == "1")
        #expect(samples["swiftlet_throttled_since_boot{reason=\"temperature\"}"] == "0")
        try write("devices/platform/soc/soc:firmware/get_throttled", "0xzz")
        try write("class/thermal/thermal_zone0/temp", "99999999999999999999\n")
        let others = try text(try Metrics(), sysfs: root)
        #expect(!others.contains("throttled") && !others.contains("temperature"))
    }

    @Test func theLargestNumbersFit() throws {
        let metrics = try Metrics()
        for stage in Metrics.Stage.allCases { metrics.took(stage, nanoseconds: .max) }
        var stream = StreamCounters()
        stream.linesSent = .max
        let samples = try samples(text(metrics, stream))
        #expect(samples["swiftlet_lines_sent_total"] == "18446744073709551615")
        #expect(samples["swiftlet_stage_seconds_sum{stage=\"publish\"}"] == "18446744073.709551615")
    }

    @Test func writtenSamplesAreReadAgain() throws {
        let metrics = try Metrics()
        metrics.cameraIs(.stalled)
        metrics.frameDropped(.driver)
        let written = try text(metrics)
        let read = try #require(Array(written.utf8).withUnsafeBytes { MetricsSamples($0) })
        #expect(read.all.count == (try samples(written)).count)
        #expect(read.value("swiftlet_camera_state", "stalled") == 1)
        #expect(read.value("swiftlet_camera_state", "absent") == 0)
        #expect(read.value("swiftlet_frames_dropped_total", "driver") == 1)
        #expect(read.value("swiftlet_nothing") == nil)
        for broken in ["", "x", "a b\n", "a{ 1\n", "a{b=\"c\"} \n", " 1\n"] {
            #expect(Array(broken.utf8).withUnsafeBytes { MetricsSamples($0) } == nil, "\(broken)")
        }
    }

    /// What may feed the watchdog, and nothing else.
    @Test func onlyFramesAKnownAbsenceAndAPlannedPauseAreGood() throws {
        let metrics = try Metrics()
        var vitals = Vitals()
        func isGood(at now: UInt64 = 1000) -> Bool { vitals.areGood(metrics, at: now) }
        #expect(!isGood())
        metrics.frameCaptured()
        metrics.frameDecoded()
        metrics.frameInferred()
        #expect(!isGood())
        metrics.framePublished()
        #expect(isGood() && !isGood())
        for state in [CameraLine.State.opening, .streaming, .stalled] {
            metrics.cameraIs(state)
            #expect(!isGood())
        }
        metrics.cameraIs(.absent)
        #expect(isGood() && isGood())
        metrics.cameraIs(.opening)
        #expect(!isGood())
        metrics.idle(until: 2000)
        #expect(isGood(at: 1999) && !isGood(at: 2000))
        // A network that hangs while capture continues at its pace.
        metrics.frameDecoded()
        #expect(!isGood(at: 1999))
        metrics.frameDecoded()
        metrics.frameDropped(.superseded)
        #expect(!isGood(at: 1999))
        metrics.framePublished()
        #expect(isGood(at: 1999) && isGood(at: 1999))
    }
}
