/// A setting of the daemon: the row from which follow how the configuration is read, checked and printed, the daemon's
/// option, and whether a reload changes it.
public final class Setting: Sendable {
    let entry: INIKey<Configuration>
    /// nil where it is not set.
    let value: @Sendable (Configuration) -> Value?
    /// Whether a reload changes it in a running daemon.
    let isLive: Bool
    /// The daemon's, which overrides the file; nil where it has none.
    public let option: CommandLineOption?

    init(
        _ section: StaticString, _ key: StaticString, _ kind: ValueKind, isLive: Bool = false,
        option: CommandLineOption? = nil, get value: @escaping @Sendable (Configuration) -> Value?,
        set: @escaping @Sendable (inout Configuration, Given) -> Void
    ) {
        entry = INIKey(section, key, kind, set: set)
        var option = option
        option?.kind = kind
        (self.value, self.isLive, self.option) = (value, isLive, option)
    }

    /// Puts a value of the setting's kind where it belongs.
    public func set(_ configuration: inout Configuration, _ given: Given) { entry.set(&configuration, given) }

    /// In the order in which they are printed.
    public static var all: [Setting] {
        [
            .init(
                "model", "path", .path(),
                option: .init("model", short: "m", argument: "FILE", help: "model file (GGUF)"),
                get: { $0.modelPath.map { .text($0) } },
                set: { ($0.modelPath, $0.modelPathLine) = ($1.text, $1.line) }),
            .init(
                "model", "threads", .integer(1...Int64(Engine.maximumThreadCount)),
                option: .init("threads", argument: "N", help: "number of threads (default: all processors)"),
                get: { .integer($0.threads) },
                set: { $0.threads = $1.integer }),
            .init(
                "camera", "name", .text,
                option: .init(
                    "camera", short: "c", argument: "NAME", help: "name by swiftlet cameras (default: first)"),
                get: { $0.cameraName.map { .text($0) } }, set: { $0.cameraName = $1.text }),
            .init(
                "camera", "size", .size,
                option: .init("size", argument: "WxH", help: "frame size (default: smallest that suffices)"),
                get: { $0.cameraSize.map { .size($0) } }, set: { $0.cameraSize = $1.size }),
            .init(
                "camera", "format", .format,
                option: .init("format", argument: "FORMAT", help: "format, such as mjpeg or yuyv (default: cheapest)"),
                get: { $0.cameraFormat.map { .format($0) } }, set: { $0.cameraFormat = $1.format }),
            .init(
                "camera", "timeout", .number(Configuration.timeoutRange),
                option: .init("timeout", argument: "SECONDS", help: "wait for a frame before a restart (default: 3)"),
                get: { .number($0.cameraTimeout) },
                set: { $0.cameraTimeout = $1.number }),
            .init(
                "camera", "rotate", .choice(.rotation),
                option: .init("rotate", argument: "0|90|180|270", help: "rotate images clockwise, for a rotated camera"),
                get: { .choice($0.rotation / 90) },
                set: { $0.rotation = $1.choice * 90 }),
            .init(
                "camera", "rate", .number(Configuration.rateRange), isLive: true,
                option: .init("rate", argument: "FPS", help: "maximum images per second"),
                get: { $0.rate.map { .number($0) } },
                set: { $0.rate = $1.number }),
            .init(
                "detect", "threshold", .score, isLive: true,
                option: .init(
                    "threshold", short: "t", argument: "T", help: "minimum score or share, 0 to 1 (default: by task)"),
                get: { .score($0.threshold) }, set: { $0.givenThreshold = $1.score }),
            .init(
                "detect", "limit", .integer(Configuration.limitRange), isLive: true,
                option: .init("limit", argument: "N", help: "maximum per image (default: 100, classes: 5)"),
                get: { .integer($0.limit) },
                set: { $0.givenLimit = $1.integer }),
            .init(
                "detect", "resize", .choice(.resize),
                option: .init("resize", argument: "fast|upstream", help: "fast, or as evaluated (default: fast)"),
                get: { .choice($0.resizesAsUpstream ? 1 : 0) },
                set: { $0.resizesAsUpstream = $1.choice == 1 }),
            .init(
                "detect", "classes", .names(limit: ModelDescription.largestClassCount), isLive: true,
                get: { $0.classes.map { .names($0.map { $0.label }) } },
                set: { all, given in all.classes = given.names.map { .init(label: $0, line: given.line) } }),
            .init(
                "stream", "socket", .path(limit: Int(clinux_unix_path_limit)),
                option: .init("socket", argument: "PATH", help: "Unix socket to create"),
                get: { .text($0.socketPath) },
                set: { $0.socketPath = $1.text }),
            .init(
                "stream", "snapshots", .choice(.yesOrNo),
                option: .init("no-snapshots", word: "no", help: "reject requests for images"),
                get: { .choice($0.allowsSnapshots ? 0 : 1) },
                set: { $0.allowsSnapshots = $1.choice == 0 }),
            .init(
                "metrics", "file", .path(),
                option: .init("metrics", argument: "FILE", help: "Prometheus metrics file, written every 10 s"),
                get: { $0.metricsPath.map { .text($0) } }, set: { $0.metricsPath = $1.text }),
        ]
    }
}

extension Configuration {
    /// The names of settings that differ and need a restart; empty where there are none.
    public func restartOnly(than old: Configuration) -> String {
        var words: [String] = []
        for setting in Setting.all where !setting.isLive && setting.value(self) != setting.value(old) {
            words.append("[\(setting.entry.section)] \(setting.entry.key)")
        }
        return joined(words, by: ", ")
    }
}
