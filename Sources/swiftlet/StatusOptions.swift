/// The command line of `swiftlet status`.
struct StatusOptions: CommandOptions {
    static var name: StaticString { "status" }
    static var summary: StaticString { "show the daemon's status" }

    var socket = Configuration.defaultSocket
    /// nil: the daemon is asked.
    var file: UnsafePointer<CChar>?
    var isJSON = false

    static var rows: [OptionRow<Self>] {
        [
            .socket { $0.socket = $1.argument },
            .init(
                .init("file", short: "f", argument: "FILE", help: "read the file of [metrics] instead, up to 10 seconds old")
            ) { $0.file = $1.argument },
            .json("one line of JSON: all metrics by name") { options, _ in options.isJSON = true },
        ]
    }

    func run(_ log: Log) -> ExitCode { Status.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet status [OPTION]...

        Asks swiftletd for its counters.

        {options}

        examples:
          swiftlet status
          swiftlet status --socket /tmp/swiftlet.sock
          swiftlet status --file /run/swiftlet/swiftlet.prom --json

        exit codes: 0; 64 wrong command line; 65 not swiftletd's answer or file; 69 no
        daemon, or the file is missing or old; 77 no permission

        """
    }
}
