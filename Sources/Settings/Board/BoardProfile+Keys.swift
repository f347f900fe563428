extension BoardProfile {
    /// The keys of a board's file, budgets aside.
    static var keys: [INIKey<BoardProfile>] {
        let architectures = Architecture.allCases, cores = ProcessorCore.allCases
        let int8Paths: [KernelPath] = [.scalar, .neon, .neondot], halfPaths: [KernelPath] = [.scalar, .neon, .neonfp16]
        return [
            .init("board", "title", .text) { $0.title = $1.text },
            .init("board", "device_tree", .text) { $0.deviceTree = $1.text == bytes("any") ? nil : $1.text },
            .init("board", "architecture", .choice(Choice(architectures.map { $0.name }))) {
                $0.architecture = architectures[$1.choice]
            },
            .init("board", "latencies", .choice(Choice(["estimated", "measured"]))) { $0.isMeasured = $1.choice == 1 },
            .init("processor", "core", .choice(any(or: cores.map { $0.name }))) {
                $0.core = $1.choice == 0 ? nil : cores[$1.choice - 1]
            },
            .init("processor", "emulator", .choice(Choice(cores.map { $0.name }))) { $0.emulator = cores[$1.choice] },
            .init("processor", "cores", .integer(1...1024)) { $0.coreCount = $1.integer },
            .init("processor", "clock_mhz", .integer(1...100_000)) { $0.clock = $1.integer },
            .init("processor", "instructions_per_cycle", .number(0.01...16)) { $0.instructionsPerCycle = $1.number },
            .init("memory", "installed_mib", .integer(1...1_000_000)) { $0.memory = $1.integer },
            .init("memory", "budget_mib", .integer(1...1024)) { $0.memoryBudget = $1.integer << 20 },
            .init("engine", "threads", .integer(1...Int64(Engine.maximumThreadCount))) { $0.threads = $1.integer },
            .init("engine", "thread_efficiency", .number(0.01...1)) { $0.threadEfficiency = $1.number },
            .init("engine", "int8_path", .choice(any(or: int8Paths.map { $0.name }))) {
                $0.int8Path = $1.choice == 0 ? nil : int8Paths[$1.choice - 1]
            },
            .init("engine", "fp16_path", .choice(any(or: halfPaths.map { $0.name }))) {
                $0.halfPath = $1.choice == 0 ? nil : halfPaths[$1.choice - 1]
            },
            .init("engine", "int8_instructions_per_mac", .number(0.001...1000)) { $0.int8InstructionsPerMAC = $1.number },
            .init("engine", "fp16_instructions_per_mac", .number(0.001...1000)) { $0.halfInstructionsPerMAC = $1.number },
            .init("camera", "size", .size) { $0.cameraSize = $1.size },
            .init("camera", "rate", .number(Configuration.rateRange)) { $0.cameraRate = $1.number },
            .init("camera", "format", .format) { $0.cameraFormat = $1.format },
            // For people.
            .init("notes", "usb", .text) { _, _ in },
            .init("notes", "csi", .text) { _, _ in },
            .init("notes", "cooling", .text) { _, _ in },
        ]
    }

    /// What fits every board comes first.
    private static func any(or names: [StaticString]) -> Choice { Choice(["any"] + names) }
}

extension BoardProfile.Budget {
    /// The keys of a model's budget.
    static var keys: [INIKey<BoardProfile.Budget>] {
        [
            .init("budget", "instructions_million", .number(0.001...1e6)) { $0.instructions = $1.number },
            .init("budget", "latency_ms", .number(0.001...1e6)) { $0.latency = $1.number },
            .init("budget", "arena_kib", .integer(1...(1 << 20))) { $0.arena = $1.integer << 10 },
        ]
    }
}
