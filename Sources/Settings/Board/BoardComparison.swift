/// What a program has measured of itself on this machine.
public struct BoardMeasurement {
    /// Decides which of the board's kernel paths is expected.
    public var precision: Precision
    /// The kernels that ran.
    public var path: KernelPath
    /// nil for a network that no board's file has a budget for.
    public var model: BoardProfile.Model?
    /// Of an inference: what the time of a network without a budget is estimated from.
    public var multiplyAccumulates: Int64
    /// Of the engine; budgets of time apply to the board's own number of them.
    public var threads: Int
    /// Milliseconds of an inference, the median of some.
    public var latency: Double
    /// Bytes that the process has had in memory at most; nil where the system does not tell.
    public var peakMemory: Int?

    /// `latency` is in milliseconds, `peakMemory` in bytes.
    public init(
        precision: Precision, path: KernelPath, model: BoardProfile.Model?, multiplyAccumulates: Int64,
        threads: Int, latency: Double, peakMemory: Int?
    ) {
        self.precision = precision
        self.path = path
        self.model = model
        self.multiplyAccumulates = multiplyAccumulates
        self.threads = threads
        self.latency = latency
        self.peakMemory = peakMemory
    }
}

/// One thing that a board's file expects, and what it is here.
public struct BoardCheck {
    /// What is compared, by what a report calls it.
    public enum Subject: String, CaseIterable, Sendable {
        case core, cores, kernels, governor, limit, clock, power, heat, latency, memory
    }

    /// How the machine compares with the board's file, by what a report says.
    public enum Verdict: String, Sendable {
        case asExpected = "ok"
        case off
        /// The machine does not tell, or the file expects nothing.
        case unknown
    }

    /// What was compared.
    public var subject: Subject
    /// `off` comes with advice.
    public var verdict: Verdict
    /// What it is here, with its unit.
    public var found: String
    /// What the file expects, with its unit.
    public var expected: String
    /// What to do where it is off.
    public var advice: String
}

extension BoardProfile {
    /// Holds a machine and what was measured on it against the board's file, in the order in which to mend things.
    public func checks(_ state: BoardState, _ measured: BoardMeasurement) -> [BoardCheck] {
        [
            checkCore(state), checkCores(state), checkKernels(measured), checkGovernor(state), checkLimit(state),
            checkClock(state), checkPower(state), checkHeat(state), checkLatency(measured), checkMemory(measured),
        ]
    }

    private func checkCore(_ state: BoardState) -> BoardCheck {
        var names = ""
        for part in state.parts {
            let name = ProcessorCore(rawValue: part).map { "\($0.name)" } ?? "ARM part 0x\(String(part, radix: 16))"
            names += (names.isEmpty ? "" : ", ") + name
        }
        guard let core else {
            return BoardCheck(
                subject: .core, verdict: .unknown, found: names.isEmpty ? "no ARM core" : names, expected: "any",
                advice: "")
        }
        return BoardCheck(
            subject: .core, verdict: state.parts == [core.rawValue] ? .asExpected : .off,
            found: names.isEmpty ? "no ARM core" : names, expected: "\(core.name)",
            advice: "this is another board: name its own file, or generic-arm64")
    }

    private func checkCores(_ state: BoardState) -> BoardCheck {
        let isKnown = state.coreCount > 0
        return BoardCheck(
            subject: .cores, verdict: !isKnown ? .unknown : state.coreCount >= coreCount ? .asExpected : .off,
            found: isKnown ? "\(state.coreCount)" : "unknown", expected: "\(coreCount)",
            advice: "bring the others online with /sys/devices/system/cpu/cpuN/online or the kernel's maxcpus=")
    }

    private func checkKernels(_ measured: BoardMeasurement) -> BoardCheck {
        let expected = path(for: measured.precision)
        return BoardCheck(
            subject: .kernels, verdict: expected.map { $0 == measured.path ? .asExpected : .off } ?? .unknown,
            found: "\(measured.path.name)", expected: expected.map { "\($0.name)" } ?? "any",
            advice: "unset SWIFTLET_PATH; if that is not set, the system hides what the core can do")
    }

    private func checkGovernor(_ state: BoardState) -> BoardCheck {
        let isKnown = !state.governor.isEmpty
        let good: [StaticString] = ["performance", "ondemand", "schedutil"]
        let isGood = good.contains { state.governor == bytes($0) }
        return BoardCheck(
            subject: .governor, verdict: !isKnown ? .unknown : isGood ? .asExpected : .off,
            found: isKnown ? text(state.governor) : "unknown", expected: "performance, ondemand or schedutil",
            advice: "echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor")
    }

    private func checkLimit(_ state: BoardState) -> BoardCheck {
        checkClock(
            .limit, state.clockLimit,
            advice: "raise scaling_max_freq below /sys/devices/system/cpu/cpufreq, or arm_freq in config.txt")
    }

    private func checkClock(_ state: BoardState) -> BoardCheck {
        checkClock(
            .clock, state.clock,
            advice: "heat, power or the governor limits it: see those lines, then run this again")
    }

    /// A clock may be measured a little low.
    private func checkClock(_ subject: BoardCheck.Subject, _ found: UInt64?, advice: String) -> BoardCheck {
        let found = found.map { Int(clamping: $0 / 1_000_000) }
        return BoardCheck(
            subject: subject,
            verdict: found.map { Double($0) >= Double(clock) * 0.98 ? .asExpected : .off } ?? .unknown,
            found: found.map { "\($0) MHz" } ?? "unknown", expected: "\(clock) MHz", advice: advice)
    }

    /// What the firmware of a Raspberry Pi says; see `Machine.throttled`.
    private func checkPower(_ state: BoardState) -> BoardCheck {
        guard let throttled = state.throttled else {
            return BoardCheck(
                subject: .power, verdict: .unknown, found: "unknown", expected: "no throttling", advice: "")
        }
        let reasons: InlineArray<4, StaticString> = ["low voltage", "capped clock", "throttling", "soft limit of heat"]
        var found = "", isPower = false
        for (shift, when) in [(UInt64(0), "now" as StaticString), (16, "since boot")] {
            for bit in reasons.indices where throttled >> (UInt64(bit) + shift) & 1 != 0 {
                found += (found.isEmpty ? "" : ", ") + "\(reasons[bit]) \(when)"
                if bit == 0 { isPower = true }
            }
        }
        let advice =
            isPower
            ? "use the power supply made for the board and a short cable, unplug other USB devices, and reboot"
            : "cool the board, and reboot"
        return BoardCheck(
            subject: .power, verdict: found.isEmpty ? .asExpected : .off,
            found: found.isEmpty ? "no throttling" : found, expected: "no throttling", advice: advice)
    }

    /// Thousandths of a degree at which these boards begin to slow down.
    private static var hot: UInt64 { 80_000 }

    private func checkHeat(_ state: BoardState) -> BoardCheck {
        func degrees(_ value: UInt64) -> String { "\(fixed(Double(value) / 1000, decimals: 1)) degrees Celsius" }
        return BoardCheck(
            subject: .heat, verdict: state.temperature.map { $0 < Self.hot ? .asExpected : .off } ?? .unknown,
            found: state.temperature.map { degrees($0) } ?? "unknown", expected: "below \(degrees(Self.hot))",
            advice: "cool the board: a heat sink, a fan, or air around the case")
    }

    private func checkLatency(_ measured: BoardMeasurement) -> BoardCheck {
        func check(_ verdict: BoardCheck.Verdict, _ expected: String, advice: String = "") -> BoardCheck {
            BoardCheck(
                subject: .latency, verdict: verdict, found: "\(fixed(measured.latency, decimals: 1)) ms", expected: expected,
                advice: advice)
        }
        guard measured.threads == threads else { return check(.unknown, "the file's times are for \(threads) threads") }
        if let model = measured.model {
            let budget = budget(model).latency
            return check(
                measured.latency <= budget ? .asExpected : .off,
                "at most \(fixed(budget, decimals: 1)) ms (\(isMeasured ? "measured" : "estimated"))",
                advice: "fix the failed checks above, stop other programs, then run this again")
        }
        guard let estimate = latency(multiplyAccumulates: measured.multiplyAccumulates, measured.precision) else {
            return check(.unknown, "nothing is known of fp32")
        }
        // What no one has counted is not off where it takes longer.
        return check(
            measured.latency <= estimate ? .asExpected : .unknown,
            "about \(fixed(estimate, decimals: 1)) ms (estimated, this network has no budget)")
    }

    private func checkMemory(_ measured: BoardMeasurement) -> BoardCheck {
        BoardCheck(
            subject: .memory,
            verdict: measured.peakMemory.map { $0 <= memoryBudget ? .asExpected : .off } ?? .unknown,
            found: measured.peakMemory.map { byteCount($0) } ?? "unknown",
            expected: "at most \(byteCount(memoryBudget))",
            advice: "use a smaller network, a smaller input, or int8; swiftlet plan shows the arena's buffers")
    }
}
