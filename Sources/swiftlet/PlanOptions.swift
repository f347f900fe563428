import CLinux
import Engine
import Service

/// The command line of `swiftlet plan`.
struct PlanOptions {
    var model: UnsafePointer<CChar>?
    var threads = Engine.defaultThreads
    var isJSON = false
    /// Where the drawing goes.
    var svg: UnsafePointer<CChar>?

    private enum ID {
        case model, threads, json, svg, help
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.model, "model", short: "m", argument: "FILE", help: "model file (default: the service's)"),
            .init(.threads, "threads", argument: "N", help: "to plan for (default: all processors)"),
            .init(.json, "json", help: "one line of JSON: sizes in bytes, and every buffer"),
            .init(.svg, "svg", argument: "OUT", help: "draw buffers over steps and bytes into an SVG file"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> PlanOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "plan", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> PlanOptions {
        var options = PlanOptions()
        while let option = try line.next() {
            switch option {
            case .model: options.model = line.text
            case .threads: options.threads = try line.value(.integer(1...Int64(Engine.mostThreads))).integer
            case .json: options.isJSON = true
            case .svg: options.svg = line.text
            case .help:
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        if options.model == nil { options.model = Installed(for: "plan", log).model }
        return options
    }

    private static var usage: String {
        """
        usage: swiftlet plan [OPTION]...

        Shows how a model's buffers share one arena: the peak, what any plan needs at
        least, and which buffers make the peak. Without --model it takes the model of
        /etc/swiftlet/swiftlet.conf.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet plan -m detector.gguf
          swiftlet plan -m detector.gguf --svg arena.svg

        exit codes: 0; 64 wrong command line; 65 bad model; 66 no such file; 73 OUT
        cannot be written; 78 bad configuration

        """
    }
}
