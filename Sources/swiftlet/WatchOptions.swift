import Service

/// The command line of `swiftlet watch`.
struct WatchOptions {
    var socket = defaultSocket
    /// Frames after which it ends; nil: never.
    var count: Int?
    var threshold: Double?

    private enum ID { case socket, count, threshold, help }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.socket, "socket", argument: "PATH", help: "swiftletd's (default /run/swiftlet/swiftlet.sock)"),
            .init(.count, "count", short: "n", argument: "N", help: "end after N frames"),
            .init(.threshold, "threshold", short: "t", argument: "T", help: "minimum score that is shown, 0 to 1"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> WatchOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "watch", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> WatchOptions {
        var options = WatchOptions()
        while let option = try line.next() {
            switch option {
            case .socket: options.socket = line.text
            case .count: options.count = try line.value(.integer(1...1_000_000_000_000)).integer
            case .threshold: options.threshold = try line.value(.number(0...1)).number
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
        usage: swiftlet watch [OPTION]...

        Shows what swiftletd sees, live; q ends it. Where stdout is no terminal, TERM is
        dumb or not set, or NO_COLOR is set: a line for each frame with detections and
        for each change of state, until the source ends. When the daemon goes away, it
        waits until it is back.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet watch
          swiftlet watch --threshold 0.6 --count 100 | grep person

        exit codes: 0 after --count frames, q, the lines' end, SIGINT or SIGTERM;
        64 wrong command line; 65 not swiftletd's socket; 69 no daemon;
        74 stdout cannot be written; 77 no permission

        """
    }
}
