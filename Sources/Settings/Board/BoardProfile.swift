/// What a file of boards/ says about a board, and what it promises of Swiftlet there.
public struct BoardProfile {
    /// The programs that fit: 64-bit or 32-bit.
    public enum Architecture: CaseIterable, Sendable {
        case arm64, armhf

        /// As Debian calls it, and the file.
        public var name: StaticString {
            switch self {
            case .arm64: "arm64"
            case .armhf: "armhf"
            }
        }
    }

    /// The networks that have budgets: at 320x320 with six classes, as in models/cards.
    public enum Model: CaseIterable, Sendable {
        case xxsInt8, xxsFP16, v05Int8, v05FP16

        /// The model file's name without its extension.
        public var name: StaticString {
            switch self {
            case .xxsInt8: "xxs-int8"
            case .xxsFP16: "xxs-fp16"
            case .v05Int8: "0.5-int8"
            case .v05FP16: "0.5-fp16"
            }
        }
    }

    /// What one inference may take.
    public struct Budget: Equatable, Sendable {
        /// Millions of instructions on one thread.
        public var instructions = 0.0
        /// Milliseconds by the clock on the wall, on the board's `threads`.
        public var latency = 0.0
        /// Bytes of the arena, on the board's `threads`.
        public var arena = 0
    }

    /// UTF-8.
    public var title: [UInt8] = []
    /// How /proc/device-tree/model begins, UTF-8; nil where that tells nothing.
    public var deviceTree: [UInt8]?
    /// Of the board's system.
    public var architecture = Architecture.arm64
    /// nil where the profile fits any core.
    public var core: ProcessorCore?
    /// What QEMU calls the core.
    public var emulator = ProcessorCore.cortexA53
    /// Cores that the system may use.
    public var coreCount = 1
    /// MHz.
    public var clock = 1
    /// Instructions per cycle and core that budgets of time count on.
    public var instructionsPerCycle = 1.0
    /// MiB that the smallest of these boards has.
    public var memory = 1
    /// Bytes that a program with one model may have in memory.
    public var memoryBudget = 1
    /// Of the engine: what budgets of time and of the arena count on.
    public var threads = 1
    /// What of `threads` times one thread's speed remains.
    public var threadEfficiency = 1.0
    /// What int8 models should compute with; nil where any will do.
    public var int8Path: KernelPath?
    /// Likewise fp16 models.
    public var halfPath: KernelPath?
    /// Instructions for a multiply-accumulate in int8, of networks without a budget.
    public var int8InstructionsPerMAC = 1.0
    /// Likewise in fp16.
    public var halfInstructionsPerMAC = 1.0
    /// In pixels: what the board keeps up with.
    public var cameraSize = ImageSize(width: 1, height: 1)
    /// Frames per second.
    public var cameraRate = 1.0
    /// What the camera should deliver.
    public var cameraFormat = PixelFormat.yuyv
    /// Whether budgets of time were measured on the board; otherwise they are estimates.
    public var isMeasured = false
    /// In the order of `Model.allCases`.
    public var budgets: InlineArray<4, Budget> = [Budget(), Budget(), Budget(), Budget()]

    /// Without a meaning before a file is read into it.
    public init() {}

    /// What an inference of the network may take.
    public func budget(_ model: Model) -> Budget {
        for (index, candidate) in Model.allCases.enumerated() where candidate == model { return budgets[index] }
        preconditionFailure("all models have a place")
    }

    /// The kernels that a network's precision should run with; nil where any will do.
    public func path(for precision: Precision) -> KernelPath? {
        switch precision {
        case .fp32: .scalar
        case .fp16: halfPath
        case .int8: int8Path
        }
    }

    /// Milliseconds that an inference of so many multiply-accumulates takes on the board's `threads`, as its budgets of time
    /// are reckoned; nil for a precision that no board is meant for.
    public func latency(multiplyAccumulates: Int64, _ precision: Precision) -> Double? {
        let perMAC: Double
        switch precision {
        case .fp32: return nil
        case .fp16: perMAC = halfInstructionsPerMAC
        case .int8: perMAC = int8InstructionsPerMAC
        }
        let perMillisecond = instructionsPerCycle * Double(clock) * 1000 * Double(threads) * threadEfficiency
        return Double(multiplyAccumulates) * perMAC / perMillisecond
    }

    /// Where the packages put the files.
    public static var directory: StaticString { "/usr/share/swiftlet/boards" }
}
