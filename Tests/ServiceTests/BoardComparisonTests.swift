import Engine
import Foundation
import TestSupport
import Testing

@testable import Settings
@testable import Service

/// A machine that /proc and /sys describe, held against its board's file.
@Suite final class BoardComparisonTests {
    private let directory = NSTemporaryDirectory() + "swiftlet-board-\(UUID().uuidString)"

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func write(_ path: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(directory)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// A Raspberry Pi 4 as its system describes it.
    private func writeBoard() throws {
        var processors = ""
        for index in 0..<4 {
            processors += "processor\t: \(index)\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\n"
            processors += "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\n"
            processors += "CPU revision\t: 3\n\n"
        }
        try write("proc/cpuinfo", processors + "Revision\t: c03115\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n")
        try write("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0")
        let policy = "sys/devices/system/cpu/cpufreq/policy0/"
        try write(policy + "scaling_governor", "ondemand\n")
        try write(policy + "scaling_max_freq", "1800000\n")
        try write(policy + "scaling_cur_freq", "1800000\n")
        try write("sys/class/thermal/thermal_zone0/temp", "52000\n")
        try write("sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
    }

    private func board() throws -> BoardProfile {
        try BoardFileTests.read(try BoardFileTests.text("raspberry-pi-4.ini")).profile
    }

    private func state() -> BoardState { BoardState(proc: directory + "/proc", sys: directory + "/sys") }

    private static func measurement(_ board: BoardProfile) -> BoardMeasurement {
        BoardMeasurement(
            precision: .int8, path: .neon, model: .xxsInt8, multiplyAccumulates: 650_000_000,
            threads: board.threads, latency: board.budget(.xxsInt8).latency * 0.9, peakMemory: 6 << 20)
    }

    private func checks(_ measurement: BoardMeasurement? = nil) throws -> [BoardCheck] {
        let board = try board()
        return board.checks(state(), measurement ?? Self.measurement(board))
    }

    private func off(_ checks: [BoardCheck]) -> [BoardCheck.Subject] {
        checks.filter { $0.verdict == .off }.map(\.subject)
    }

    @Test func aBoardAsItShouldBe() throws {
        try writeBoard()
        let checks = try checks()
        #expect(checks.map(\.subject) == BoardCheck.Subject.allCases)
        #expect(checks.allSatisfy { $0.verdict == .asExpected })
        #expect(text(state().deviceTree) == "Raspberry Pi 4 Model B Rev 1.5")
        #expect(checks[0].found == "cortex-a72" && checks[5].found == "1800 MHz")
    }

    /// One thing is changed, and that alone is off.
    @Test(arguments: [
        (
            "sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n", BoardCheck.Subject.governor,
            "powersave", "echo performance"
        ),
        ("sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", "1500000\n", .limit, "1500 MHz", "arm_freq"),
        ("sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "600000\n", .clock, "600 MHz", "heat, power"),
        ("sys/class/thermal/thermal_zone0/temp", "84000\n", .heat, "84.0 degrees", "cool the board"),
        (
            "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n", .power,
            "low voltage now, throttling now, low voltage since boot, throttling since boot", "power supply"
        ),
        (
            "sys/devices/platform/soc/soc:firmware/get_throttled", "80000\n", .power, "soft limit of heat since boot",
            "cool the board"
        ),
        (
            "proc/cpuinfo", "processor\t: 0\nCPU part\t: 0xd08\n\nprocessor\t: 1\nCPU part\t: 0xd08\n", .cores, "2",
            "maxcpus="
        ),
    ])
    func oneThingIsOff(
        path: String, text: String, subject: BoardCheck.Subject, found: String, advice: String
    ) throws {
        try writeBoard()
        try write(path, text)
        let checks = try checks()
        #expect(off(checks) == [subject])
        let check = try #require(checks.first { $0.subject == subject })
        #expect(check.found.hasPrefix(found) && check.advice.contains(advice), "\(check)")
    }

    @Test(arguments: [
        ("CPU part\t: 0xd03\n", "cortex-a53"),
        (
            "CPU part\t: 0xd08\n\nprocessor: 1\nCPU part\t: 0xd03\n",
            "cortex-a72, cortex-a53"
        ), ("CPU part\t: 0xfff\n", "ARM part 0xfff"),
        ("CPU part\t: 0xd0800000\n", "no ARM core"),
        ("CPU part\t: 0xz\n", "no ARM core"), ("vendor_id\t: GenuineIntel\n", "no ARM core"), ("", "no ARM core"),
    ])
    func anotherCore(cpuinfo: String, found: String) throws {
        try writeBoard()
        try write("proc/cpuinfo", String(repeating: "processor\t: 0\n", count: 4) + cpuinfo)
        let checks = try checks()
        #expect(off(checks) == [.core] && checks[0].found == found && checks[0].expected == "cortex-a72")
    }

    /// What is measured is held against the budget of its network, on as many threads.
    @Test func whatIsMeasured() throws {
        try writeBoard()
        let board = try board()
        func off(_ change: (inout BoardMeasurement) -> Void) throws -> [BoardCheck.Subject] {
            var measurement = Self.measurement(board)
            change(&measurement)
            return self.off(try checks(measurement))
        }
        #expect(try off { $0.latency = board.budget(.xxsInt8).latency * 1.01 } == [.latency])
        #expect(try off { $0.path = .scalar } == [.kernels])
        #expect(try off { $0.peakMemory = board.memoryBudget + 1 } == [.memory])
        // The slower network has more time; other numbers of threads have no budget, and of other networks it is only
        // known how long they should take.
        let between = (board.budget(.xxsInt8).latency + board.budget(.xxsFP16).latency) / 2
        #expect(try off { ($0.model, $0.precision, $0.latency) = (.xxsFP16, .fp16, between) } == [])
        #expect(try off { ($0.model, $0.latency) = (nil, 1e6) } == [])
        #expect(try off { ($0.threads, $0.latency) = (1, 1e6) } == [])
        func latency(_ milliseconds: Double, _ precision: Precision) throws -> BoardCheck {
            var measurement = Self.measurement(board)
            (measurement.model, measurement.precision, measurement.latency) = (nil, precision, milliseconds)
            return try #require(try checks(measurement).first { $0.subject == .latency })
        }
        // 650 million by 0.29 instructions, four threads at 75 %, 1.1 instructions a cycle at 1800 MHz.
        #expect(try latency(31, .int8).verdict == .asExpected)
        #expect(try latency(33, .int8).verdict == .unknown)
        #expect(try latency(33, .int8).expected.hasPrefix("about 31."))
        #expect(try latency(33, .fp16).verdict == .asExpected)
        #expect(try latency(1, .fp32).verdict == .unknown)
    }

    /// A machine that tells nothing: nothing is off but what the file requires to be known.
    @Test func whatIsNotToldIsUnknown() throws {
        let checks = try checks()
        #expect(off(checks) == [.core])
        let unknown = checks.filter { $0.verdict == .unknown }.map(\.subject)
        #expect(unknown == [.cores, .governor, .limit, .clock, .power, .heat])
    }

    /// Of processors that run at different clocks, the fastest count.
    @Test func theFastestProcessorsCount() throws {
        try writeBoard()
        let policy = "sys/devices/system/cpu/cpufreq/policy"
        try write(policy + "0/scaling_max_freq", "1200000\n")
        try write(policy + "2/scaling_max_freq", "1800000\n")
        try write(policy + "2/scaling_cur_freq", "1800000\n")
        try write(policy + "2/scaling_governor", "performance\n")
        #expect(off(try checks()) == [])
        #expect(try checks()[3].found == "performance")
    }

    /// The command: lines for people, JSON for programs, and an exit code.
    @Test func benchComparesThisMachine() throws {
        let files = try RunningDaemon()
        let path = BoardFileTests.root.appendingPathComponent("boards/raspberry-pi-4.ini").path
        let arguments = ["bench", "--model", try RunningDaemon.model(), "--runs", "1", "--threads", "1", "--board"]
        let json = try ToolOutcome(of: arguments + [path, "--json"], files)
        let bench = try #require(try json.objects().first)
        let board = try #require(bench["board"] as? [String: Any])
        let checks = try #require(board["checks"] as? [[String: Any]])
        #expect(board["title"] as? String == "Raspberry Pi 4 Model B")
        #expect(checks.map { $0["subject"] as? String } == BoardCheck.Subject.allCases.map(\.rawValue))
        let off = checks.filter { $0["verdict"] as? String == "off" }
        #expect(board["off"] as? Int == off.count && json.code == (off.isEmpty ? 0 : 69))
        #expect(off.allSatisfy { ($0["advice"] as? String)?.isEmpty == false })
        // Neither this network's precision nor its size has a budget.
        #expect(checks[8]["verdict"] as? String == "unknown")

        let people = try ToolOutcome(of: arguments + [path], files)
        #expect(people.code == json.code && people.errors.isEmpty)
        #expect(people.output.contains("board     Raspberry Pi 4 Model B: "))
    }

    @Test func boardsThatAreNotThereAreNamed() throws {
        let files = try RunningDaemon()
        let arguments = ["bench", "--model", try RunningDaemon.model(), "--board"]
        let unknown = try ToolOutcome(of: arguments + ["raspberry-pi-9"], files)
        #expect(unknown.code == 66 && unknown.errors.count == 1)
        #expect(unknown.errors.first?.contains("/usr/share/swiftlet/boards/raspberry-pi-9.ini") == true)
        try files.write("mine.ini", Array("[board]\ntitle = Mine\nspeed = 3\n".utf8))
        let broken = try ToolOutcome(of: arguments + [files.directory + "/mine.ini"], files)
        #expect(broken.code == 78 && broken.errors.count > 10)
        #expect(broken.errors.first?.contains("mine.ini:3: [board] speed: unknown key") == true)
        let exclusive = try ToolOutcome(of: arguments + ["auto", "--frames", "yuyv"], files)
        #expect(exclusive.code == 64)
    }
}
