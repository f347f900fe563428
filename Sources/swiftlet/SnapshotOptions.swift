/// The command line of `swiftlet snapshot`.
struct SnapshotOptions: CommandOptions {
    static var name: StaticString { "snapshot" }
    static var summary: StaticString { "fetch swiftletd's next image, with what was found" }

    /// Where the image goes; "-" is standard output. nil where only the mask is wanted.
    var output: UnsafePointer<CChar>?
    /// Where a segmenter's mask goes.
    var mask: UnsafePointer<CChar>?
    var socket = Configuration.defaultSocket
    /// The image alone.
    var isPlain = false
    var threshold: Double?
    /// Nanoseconds.
    var wait: UInt64 = 10_000_000_000

    static var rows: [OptionRow<Self>] {
        [
            .init(.init("output", short: "o", argument: "OUT", help: "the JPEG to write, or - for stdout")) {
                $0.output = $1.argument
            },
            .socket { $0.socket = $1.argument },
            .init(.init("plain", help: "nothing drawn; JPEG cameras: the original bytes")) { options, _ in
                options.isPlain = true
            },
            .init(.init("mask", argument: "OUT", help: "write a segmenter's mask, too: an indexed PNG")) {
                $0.mask = $1.argument
            },
            .init(.init("threshold", short: "t", argument: "T", .number(0...1), help: "minimum score of what is drawn, 0 to 1")) {
                $0.threshold = $1.number
            },
            .init(.init("wait", argument: "SECONDS", .number(0...3600), help: "maximum wait for an image (default: 10)")) {
                $0.wait = UInt64($1.number * 1e9)
            },
        ]
    }

    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        Self.requireNone(operands, log)
        if let mask, ![.unknown, .png].contains(FileKind(name: mask)) || strcmp(mask, "-") == 0 {
            Self.usageError("\(text(mask)): masks are written as PNGs: name a .png", log)
        }
        guard let output else {
            if mask == nil { Self.usageError("-o OUT.jpg is required", log) }
            return
        }
        let kind = FileKind(name: output)
        if kind != .unknown, kind != .jpeg { Self.usageError("\(text(output)): only JPEGs are written: name a .jpg", log) }
    }

    func run(_ log: Log) -> ExitCode { Snapshot.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet snapshot -o OUT.jpg [OPTION]...

        Asks swiftletd for the next image and draws into it what was found.

        {options}

        examples:
          swiftlet snapshot -o now.jpg
          ssh board swiftlet snapshot --plain -o - > now.jpg

        exit codes: 0; 64 wrong command line; 65 invalid answer; 69 no daemon,
        no image in time, or snapshots are off; 73 OUT cannot be written; 74 stdout
        cannot be written; 77 no permission

        """
    }
}
