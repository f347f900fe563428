/// The command line of `swiftlet check`.
struct CheckOptions: CommandOptions {
    static var name: StaticString { "check" }
    static var summary: StaticString { "find errors in a configuration of swiftletd" }

    /// nil: that of the service.
    var file: UnsafePointer<CChar>?

    static var rows: [OptionRow<Self>] { [] }

    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        if operands.count > 1 { Self.usageError("name one configuration file", log) }
        file = operands.first
    }

    func run(_ log: Log) -> ExitCode { Check.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet check [FILE]

        Reads a configuration (default: /etc/swiftlet/swiftlet.conf) and the model
        that it names, as swiftletd would. Reports every error with its line, or prints
        all settings, including defaults, as a configuration.

        {options}

        example:
          swiftlet check
          swiftlet check new.conf

        exit codes: 0; 64 wrong command line; 65 file too large; 66 no such file;
        77 no permission; 78 errors

        """
    }
}
