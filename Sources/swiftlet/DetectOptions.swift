/// The command line of `swiftlet detect`.
struct DetectOptions: CommandOptions {
    static var name: StaticString { "detect" }
    static var summary: StaticString { "detect, classify or segment: a table, JSON, or drawn images" }

    var model: UnsafePointer<CChar>?
    var settings = ModelSettings(threads: Engine.defaultThreads)
    var isJSON = false
    /// Whether the model is the service's, with its defaults.
    var isInstalled = false
    /// Where annotated images go.
    var annotate: UnsafePointer<CChar>?
    /// Where masks go.
    var masks: UnsafePointer<CChar>?
    var sources: [UnsafePointer<CChar>] = []
    private var threshold: Float?
    private var limit: Int?
    /// As the command line has them.
    private var classThresholds: [UnsafePointer<CChar>] = []

    static var rows: [OptionRow<Self>] {
        [
            .model { $0.model = $1.argument },
            .init(
                .init("threshold", short: "t", argument: "T", .score, help: "minimum score or share (default: by task)")
            ) { $0.threshold = $1.score },
            .init(.init("class-threshold", argument: "LABEL=T", help: "minimum score of one class; repeatable")) {
                $0.classThresholds.append($1.argument)
            },
            .init(
                .init("limit", argument: "N", .integer(1...1_000_000), help: "maximum per image, best first (classes: 5)")
            ) { $0.limit = $1.integer },
            .init(
                .init(
                    "resize", argument: "fast|upstream", .choice(.resize),
                    help: "fast, or as evaluated (default: upstream)")
            ) { $0.settings.resize = $1.choice == 0 ? .fast : .upstream },
            .init(.init("rotate", argument: "0|90|180|270", .choice(.rotation), help: "rotate images clockwise first")) {
                $0.settings.rotation = Orientation(clockwise: $1.choice * 90)!
            },
            .threads("number of threads (default: all processors)") { $0.settings.threads = $1.integer },
            .json("one line of JSON per image") { options, _ in options.isJSON = true },
            .init(.init("annotate", short: "a", argument: "OUT", help: "draw what is found: a JPEG, or a directory")) {
                $0.annotate = $1.argument
            },
            .init(.init("mask", argument: "OUT", help: "write masks: an indexed PNG, or a directory")) {
                $0.masks = $1.argument
            },
        ]
    }

    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        sources = operands
        if sources.isEmpty { Self.usageError("name an image, a directory of images, or - for stdin", log) }
        let thresholds = classThresholds.map { Self.classThreshold($0, log) }
        if model == nil {
            let installed = Installed(for: Self.name, log)
            model = installed.model
            installed.apply(to: &settings)
            isInstalled = true
        }
        if let threshold { settings.threshold = threshold }
        if let limit { settings.limit = limit }
        settings.classThresholds += thresholds
    }

    /// LABEL=T; the label may hold equals signs.
    private static func classThreshold(_ argument: UnsafePointer<CChar>, _ log: Log) -> ModelSettings.ClassThreshold {
        let text = bytes(argument)
        var threshold = 0.0
        guard let separator = text.lastIndex(of: UInt8(ascii: "=")), separator > 0,
            clinux_parse_number(argument + separator + 1, &threshold) == 0, (0...1).contains(threshold)
        else {
            usageError("--class-threshold must be LABEL=T with T from 0 to 1, not '\(Service.text(argument))'", log)
        }
        return .init(label: Array(text[..<separator]), threshold: Float(threshold))
    }

    func run(_ log: Log) -> ExitCode { Detect.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet detect [OPTION]... IMAGE...

        Finds objects or classes in JPEGs, directories of them and MJPEG files. Model,
        thresholds and limit are by default those of /etc/swiftlet/swiftlet.conf.

        {options}

        examples:
          swiftlet detect photo.jpg
          swiftlet detect -m detector.gguf --annotate seen.jpg photo.jpg
          swiftlet detect -m detector.gguf --json --class-threshold person=0.6 photos/

        exit codes: 0; 64 wrong command line; 65 bad model or image; 66 no such file;
        73 OUT cannot be written; 77 no permission; 78 bad configuration

        """
    }
}
