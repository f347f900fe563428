/// The command line of `swiftlet watch`.
struct WatchOptions: CommandOptions {
    static var name: StaticString { "watch" }
    static var summary: StaticString { "show detections live" }

    var socket = Configuration.defaultSocket
    /// Frames after which it ends; nil: never.
    var count: Int?
    var threshold: Double?

    static var rows: [OptionRow<Self>] {
        [
            .socket { $0.socket = $1.argument },
            .init(.init("count", short: "n", argument: "N", .integer(1...1_000_000_000_000), help: "stop after N frames")) {
                $0.count = $1.integer
            },
            .init(.init("threshold", short: "t", argument: "T", .number(0...1), help: "minimum score shown, 0 to 1")) {
                $0.threshold = $1.number
            },
        ]
    }

    func run(_ log: Log) -> ExitCode { Watch.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet watch [OPTION]...

        Shows swiftletd's detections, live; q quits. If stdout is not a terminal, TERM
        is dumb or unset, or NO_COLOR is set: a line for each frame with detections and
        for each change of state, until the source ends. If the daemon stops, it
        waits until it is back.

        {options}

        examples:
          swiftlet watch
          swiftlet watch --threshold 0.6 --count 100 | grep person

        exit codes: 0 after --count frames, q, the lines' end, SIGINT or SIGTERM;
        64 wrong command line; 65 invalid answer; 69 no daemon;
        74 stdout cannot be written; 77 no permission

        """
    }
}
