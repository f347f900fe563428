/// Reads the configuration again and hands what may change while frames go by to the threads that they go through. One
/// thread uses it.
final class Reloader {
    /// Takes what has changed to the frames' way.
    let control: PipelineControl
    /// What tells one state of a file from another.
    struct ModelIdentity: Equatable {
        private let inode: UInt64
        let size: UInt64
        private let changed: UInt64

        /// nil where there is no such file.
        init?(_ path: UnsafePointer<CChar>) {
            var status = clinux_file_status()
            guard clinux_status_at(clinux_working_directory, path, &status) == 0 else { return nil }
            (inode, size, changed) = (status.inode, status.size, status.modified)
        }
    }

    private let options: Options
    /// As it was before the model was read.
    private let model: ModelIdentity?
    private let labels: [ArraySlice<UInt8>]
    private let task: TaskKind
    private let log: Log

    init(_ options: Options, _ model: ModelIdentity?, labels: [ArraySlice<UInt8>], _ task: TaskKind, _ log: Log)
        throws(SystemError)
    {
        control = try PipelineControl()
        self.model = model
        self.options = options
        self.labels = labels
        self.task = task
        self.log = log
    }

    /// What the daemon starts with. Ends the process where the model does not have the configuration's classes.
    func initialFilter() -> DetectionFilter {
        let configuration = options.configuration(for: task), mistakes = configuration.mistakes(for: labels)
        for mistake in mistakes { log.error(options.message(mistake)) }
        if !mistakes.isEmpty { ExitCode.configuration.exit() }
        return DetectionFilter(configuration, labels: labels)
    }

    func reload() {
        do throws(FileError) {
            var (configuration, mistakes, unfinished) = try options.readConfiguration()
            if let unfinished { mistakes.append(unfinished) }
            configuration.task = task
            mistakes += configuration.mistakes(for: labels)
            if let first = mistakes.first {
                let others = mistakes.count > 1 ? " (and \(mistakes.count - 1) more: swiftlet check lists them)" : ""
                log.error("keeping the previous configuration: \(options.message(first))\(others)")
                return
            }
            control.put(DetectionFilter(configuration, labels: labels), period: configuration.period)
            var rest = configuration.restartOnly(than: options.configuration)
            if ModelIdentity(options.model) != model { rest += (rest.isEmpty ? "" : ", ") + "the new model file" }
            log.notice("configuration reloaded" + (rest.isEmpty ? "" : "; restart the daemon for \(rest)"))
        } catch {
            log.error("keeping the previous configuration: \(options.message(error))")
        }
    }
}

extension Configuration {
    /// The minimum time between two frames, in nanoseconds.
    var period: UInt64 { rate.map { UInt64(1e9 / $0) } ?? 0 }
}
