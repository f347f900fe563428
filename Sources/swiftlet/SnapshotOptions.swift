import Service

/// The command line of `swiftlet snapshot`.
struct SnapshotOptions {
    /// Where the picture goes; "-" is standard output.
    var output: UnsafePointer<CChar>?
    var socket = defaultSocket
    /// The picture alone, without boxes.
    var isPlain = false
    var threshold: Double?
    /// Nanoseconds.
    var wait: UInt64 = 10_000_000_000

    private enum ID { case output, socket, plain, threshold, wait, help }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.output, "output", short: "o", argument: "OUT", help: "the JPEG to write, or - for stdout"),
            .init(.socket, "socket", argument: "PATH", help: "swiftletd's (default /run/swiftlet/swiftlet.sock)"),
            .init(.plain, "plain", help: "no boxes: the very bytes where the camera makes JPEGs"),
            .init(.threshold, "threshold", short: "t", argument: "T", help: "minimum score of the boxes, 0 to 1"),
            .init(.wait, "wait", argument: "SECONDS", help: "for a picture, at most (default 10)"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> SnapshotOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "snapshot", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> SnapshotOptions {
        var options = SnapshotOptions()
        while let option = try line.next() {
            switch option {
            case .output: options.output = line.text
            case .socket: options.socket = line.text
            case .plain: options.isPlain = true
            case .threshold: options.threshold = try line.value(.number(0...1)).number
            case .wait: options.wait = UInt64(try line.value(.number(0...3600)).number * 1e9)
            case .help:
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        if options.output == nil { usageError(log, "snapshot", "-o OUT.jpg is needed") }
        return options
    }

    private static var usage: String {
        """
        usage: swiftlet snapshot -o OUT.jpg [OPTION]...

        Asks swiftletd for the next picture and draws into it what was found there.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet snapshot -o now.jpg
          ssh board swiftlet snapshot --plain -o - > now.jpg

        exit codes: 0; 64 wrong command line; 65 no picture in what came; 69 no daemon,
        no picture in time, or snapshots are off; 73 OUT cannot be written; 74 stdout
        cannot be written; 77 no permission

        """
    }
}
