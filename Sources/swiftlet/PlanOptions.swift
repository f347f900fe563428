/// The command line of `swiftlet plan`.
struct PlanOptions: CommandOptions {
    static var name: StaticString { "plan" }
    static var summary: StaticString { "show how a model's buffers share memory" }

    var model: UnsafePointer<CChar>?
    var threads = Engine.defaultThreads
    var isJSON = false
    /// Where the drawing goes.
    var svg: UnsafePointer<CChar>?

    static var rows: [OptionRow<Self>] {
        [
            .model { $0.model = $1.argument },
            .threads("number of threads (default: all processors)") { $0.threads = $1.integer },
            .json("one line of JSON: sizes in bytes, and every buffer") { options, _ in options.isJSON = true },
            .init(.init("svg", argument: "OUT", help: "draw buffers over steps and bytes as SVG")) {
                $0.svg = $1.argument
            },
        ]
    }

    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        Self.requireNone(operands, log)
        if model == nil { model = Installed(for: Self.name, log).model }
    }

    func run(_ log: Log) -> ExitCode { Plan.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet plan [OPTION]...

        Shows how a model's buffers share one arena: its peak, the lower bound of any
        plan, and the buffers alive at the peak. The default model is that of
        /etc/swiftlet/swiftlet.conf.

        {options}

        examples:
          swiftlet plan -m detector.gguf
          swiftlet plan -m detector.gguf --svg arena.svg

        exit codes: 0; 64 wrong command line; 65 bad model; 66 no such file; 71 model
        beyond any memory; 73 OUT cannot be written; 78 bad configuration

        """
    }
}
