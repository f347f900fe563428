import CLinux
import Service

/// The command line of `swiftlet status`.
struct StatusOptions {
    var file = Self.standard
    var isJSON = false

    private enum ID { case file, json, help }

    /// Where the daemon writes by the configuration that it comes with.
    private static var standard: UnsafePointer<CChar> {
        UnsafeRawPointer(("/run/swiftlet/swiftlet.prom" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(
                .file, "file", short: "f", argument: "FILE",
                help: "that of [metrics] (default /run/swiftlet/swiftlet.prom)"),
            .init(.json, "json", help: "one line of JSON: all metrics by name"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> StatusOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "status", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> StatusOptions {
        var options = StatusOptions()
        while let option = try line.next() {
            switch option {
            case .file: options.file = line.text
            case .json: options.isJSON = true
            case .help:
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        return options
    }

    private static var usage: String {
        """
        usage: swiftlet status [OPTION]...

        Shows what swiftletd has counted, from the file that it writes every 10 seconds.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet status
          swiftlet status --file /tmp/swiftlet.prom --json

        exit codes: 0; 64 wrong command line; 65 not swiftletd's file; 69 it is missing
        or old

        """
    }
}
