import CLinux
import Camera
import Model
import Engine
import Vision

/// A setting of the daemon: the row from which follow how the configuration is read, checked and printed, the daemon's
/// option, and whether a reload changes it.
public struct Setting: Sendable {
    let entry: INIKey<Configuration>
    /// nil where it is not set.
    let value: @Sendable (Configuration) -> Value?
    /// Whether a reload changes it in a running daemon.
    let isLive: Bool

    init(
        _ section: StaticString, _ key: StaticString, _ kind: ValueKind, isLive: Bool = false,
        get value: @escaping @Sendable (Configuration) -> Value?,
        set: @escaping @Sendable (inout Configuration, Given) -> Void
    ) {
        entry = INIKey(section, key, kind, set: set)
        (self.value, self.isLive) = (value, isLive)
    }

    /// In the order in which they are printed.
    static var all: [Setting] {
        [
            .init(
                "model", "path", .path(), get: { $0.modelPath.map { .text($0) } },
                set: { ($0.modelPath, $0.modelPathLine) = ($1.text, $1.line) }),
            .init(
                "model", "threads", .integer(1...Int64(Engine.mostThreads)), get: { .integer($0.threads) },
                set: { $0.threads = $1.integer }),
            .init("camera", "name", .text, get: { $0.cameraName.map { .text($0) } }, set: { $0.cameraName = $1.text }),
            .init("camera", "size", .size, get: { $0.cameraSize.map { .size($0) } }, set: { $0.cameraSize = $1.size }),
            .init(
                "camera", "format", .format, get: { $0.cameraFormat.map { .format($0) } }, set: { $0.cameraFormat = $1.format }),
            .init(
                "camera", "timeout", .number(Configuration.timeoutRange), get: { .number($0.cameraTimeout) },
                set: { $0.cameraTimeout = $1.number }),
            .init(
                "camera", "rotate", .choice(.rotation), get: { .choice($0.rotation / 90) },
                set: { $0.rotation = $1.choice * 90 }),
            .init(
                "camera", "rate", .number(Configuration.rateRange), isLive: true, get: { $0.rate.map { .number($0) } },
                set: { $0.rate = $1.number }),
            .init(
                "detect", "threshold", .score, isLive: true, get: { .score($0.threshold) }, set: { $0.threshold = $1.score }),
            .init(
                "detect", "limit", .integer(Configuration.limitRange), isLive: true, get: { .integer($0.limit) },
                set: { $0.limit = $1.integer }),
            .init(
                "detect", "resize", .choice(.resize), get: { .choice($0.resizesAsUpstream ? 1 : 0) },
                set: { $0.resizesAsUpstream = $1.choice == 1 }),
            .init(
                "detect", "classes", .names(limit: ModelDescription.largestClassCount), isLive: true,
                get: { $0.classes.map { .names($0.map { $0.label }) } },
                set: { all, given in all.classes = given.names.map { .init(label: $0, line: given.line) } }),
            .init(
                "stream", "socket", .path(limit: Int(clinux_unix_path_limit)), get: { .text($0.socketPath) },
                set: { $0.socketPath = $1.text }),
            .init(
                "stream", "snapshots", .choice(.yesOrNo), get: { .choice($0.allowsSnapshots ? 0 : 1) },
                set: { $0.allowsSnapshots = $1.choice == 0 }),
            .init(
                "metrics", "file", .path(), get: { $0.metricsPath.map { .text($0) } }, set: { $0.metricsPath = $1.text }),
        ]
    }
}

extension Configuration {
    /// The settings that differ and that a running daemon does not change, as words; empty where there are none.
    public func restartOnly(than old: Configuration) -> String {
        let different = Setting.all.filter { !$0.isLive && $0.value(self) != $0.value(old) }
        return joined(different.map { "[\($0.entry.section)] \($0.entry.key)" }, by: ", ")
    }
}
