import CLinux
import Camera
import Model
import Engine
import Files
import Pixels
import Service
import Threading
import Vision

/// Reads the configuration anew and hands what may change while frames go by to the threads that they go through. One
/// thread uses it.
final class Reloader {
    /// For the network's thread.
    let filters = Mailbox<DetectionFilter>()
    /// For the capturing thread.
    let periods: NewPeriods
    /// What tells one state of a file from another.
    struct ModelIdentity: Equatable {
        private let inode: UInt64
        let size: UInt64
        private let changed: UInt64

        /// nil where there is no such file.
        init?(_ path: UnsafePointer<CChar>) {
            var status = clinux_file_status()
            guard clinux_status_at(clinux_working_folder, path, &status) == 0 else { return nil }
            (inode, size, changed) = (status.inode, status.size, status.modified)
        }
    }

    private let options: Options
    /// As it was before the model was read.
    private let model: ModelIdentity?
    private let labels: [[UInt8]]
    private let log: Log

    init(_ options: Options, _ model: ModelIdentity?, labels: [[UInt8]], _ log: Log) throws(SystemError) {
        periods = try NewPeriods()
        self.model = model
        self.options = options
        self.labels = labels
        self.log = log
    }

    /// What the daemon starts with. Ends the process where the model does not have the configuration's classes.
    func initialFilter() -> DetectionFilter {
        let mistakes = options.configuration.mistakes(for: labels)
        for mistake in mistakes { log.error(options.message(mistake)) }
        if !mistakes.isEmpty { ExitCode.configuration.exit() }
        return DetectionFilter(options.configuration, labels: labels)
    }

    func reload() {
        do throws(FileError) {
            var (configuration, mistakes, unfinished) = try options.readConfiguration()
            if let unfinished { mistakes.append(unfinished) }
            mistakes += configuration.mistakes(for: labels)
            if let first = mistakes.first {
                let others = mistakes.count > 1 ? " (and \(mistakes.count - 1) more: swiftlet check lists them)" : ""
                log.error("the old configuration goes on: \(options.message(first))\(others)")
                return
            }
            filters.put(DetectionFilter(configuration, labels: labels))
            periods.put(configuration.period)
            var rest = configuration.restartOnly(than: options.configuration)
            if ModelIdentity(options.model) != model { rest += (rest.isEmpty ? "" : ", ") + "the new model file" }
            log.notice("configuration reloaded" + (rest.isEmpty ? "" : "; restart the daemon for \(rest)"))
        } catch {
            log.error("the old configuration goes on: \(options.message(error))")
        }
    }
}

/// The least time between two frames, in nanoseconds, on its way to a thread that may be waiting for the end of the old
/// one.
final class NewPeriods: Sendable {
    private let mailbox = Mailbox<UInt64>()
    private let arrived: Event

    init() throws(SystemError) { arrived = try Event() }

    /// Readable when there is one to take.
    var descriptor: Int32 { arrived.descriptor }

    func put(_ period: UInt64) {
        mailbox.put(period)
        arrived.signal()
    }

    func take() -> UInt64? { mailbox.take() }
    /// Before `take`, by who waits for the descriptor.
    func clear() { arrived.clear() }
}

extension Configuration {
    /// The least time between two frames, in nanoseconds.
    var period: UInt64 { rate.map { UInt64(1e9 / $0) } ?? 0 }
}
