/// The command line of `swiftlet bench`.
struct BenchOptions: CommandOptions {
    static var name: StaticString { "bench" }
    static var summary: StaticString { "time a model on this machine" }

    var model: UnsafePointer<CChar>?
    var runs = 20
    /// nil: the board's, or one per processor.
    var threads: Int?
    var isJSON = false
    var showsLayers = false
    /// Frames to time on their way in, in place of the network: a format's name or a JPEG's file.
    var frames: UnsafePointer<CChar>?
    /// What to check this machine against: a board's name, its file, or "auto".
    var board: UnsafePointer<CChar>?

    static var rows: [OptionRow<Self>] {
        [
            .model { $0.model = $1.argument },
            .init(.init("runs", short: "n", argument: "N", .integer(1...100_000), help: "timed runs (default: 20)")) {
                $0.runs = $1.integer
            },
            .threads("number of threads (default: all processors)") { $0.threads = $1.integer },
            .init(.init("layers", help: "time each layer, too, on one thread")) { options, _ in
                options.showsLayers = true
            },
            .init(.init("frames", argument: "KIND", help: "time image input: yuyv, nv12, ..., or a JPEG")) {
                $0.frames = $1.argument
            },
            .init(.init("board", argument: "NAME|FILE", help: "check this machine against a board's file, or auto")) {
                $0.board = $1.argument
            },
            .json("one line of JSON") { options, _ in options.isJSON = true },
        ]
    }

    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        Self.requireNone(operands, log)
        if frames != nil, showsLayers { Self.usageError("--frames and --layers cannot be combined", log) }
        if frames != nil, board != nil { Self.usageError("--frames and --board cannot be combined", log) }
        if model == nil { model = Installed(for: Self.name, log).model }
    }

    func run(_ log: Log) -> ExitCode { Bench.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet bench [OPTION]...

        Times the network alone, without image input and boxes, and reports its memory.
        The processor time is the sum of all threads. With --frames it times image input
        instead: a camera's frames of 640x480, or a JPEG. With --board it also checks
        the machine: core, clock, kernels, power, heat, time, memory. auto recognises
        the board.

        {options}

        examples:
          swiftlet bench --board auto
          swiftlet bench -m detector.gguf --layers
          swiftlet bench -m detector.gguf --board raspberry-pi-4

        exit codes: 0; 64 wrong command line; 65 bad model or board; 66 no such file;
        69 a check against the board's file failed; 78 bad configuration

        """
    }
}
