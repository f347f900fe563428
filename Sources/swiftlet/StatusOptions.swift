import CLinux
import Service

/// The command line of `swiftlet status`.
struct StatusOptions {
    var socket = defaultSocket
    /// nil: the daemon is asked.
    var file: UnsafePointer<CChar>?
    var isJSON = false

    private enum ID { case socket, file, json, help }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(
                .socket, "socket", argument: "PATH", help: "swiftletd's (default /run/swiftlet/swiftlet.sock)"),
            .init(
                .file, "file", short: "f", argument: "FILE",
                help: "instead of asking: that of [metrics], up to 10 seconds old"),
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
            case .socket: options.socket = line.text
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

        Asks swiftletd what it has counted.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet status
          swiftlet status --socket /tmp/swiftlet.sock
          swiftlet status --file /run/swiftlet/swiftlet.prom --json

        exit codes: 0; 64 wrong command line; 65 not swiftletd's answer or file; 69 no
        daemon, or the file is missing or old; 77 no permission

        """
    }
}
