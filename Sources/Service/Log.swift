/// How much a log line matters, by syslog's numbers.
public enum LogPriority: Int32, Sendable {
    /// What ends the program, or needs a person.
    case error = 3
    /// What is wrong, and the program continues.
    case warning = 4
    /// What has changed.
    case notice = 5
}

/// One line to stderr per message, written at once. A service's log never waits for its reader (`LogOutput`).
///
/// A terminal or file gets `program: message`. Where stderr is systemd's journal, the line begins with `<priority>`,
/// which the journal takes off and stores; it adds the program's name itself.
public struct Log: Sendable {
    /// Longer lines are cut.
    public static let lineLimit = 4096

    let program: StaticString
    let journal: Bool
    /// nil: a line waits until it is written.
    private let output: LogOutput?

    /// Looks once where stderr goes.
    /// - Parameter output: of a program whose threads must not wait for a reader.
    public init(program: StaticString, output: LogOutput? = nil) {
        self.program = program
        self.output = output
        journal = clinux_stderr_is_journal()
    }

    /// For what ends the program, or needs a person.
    public func error(_ message: String) { write(message, .error) }
    /// For what is wrong while the program continues.
    public func warning(_ message: String) { write(message, .warning) }
    /// For what has changed.
    public func notice(_ message: String) { write(message, .notice) }

    /// Writes the printable form of `message`: a file's name must not forge a second line.
    func write(_ message: String, _ priority: LogPriority) {
        let line = line(message, priority)
        if let output {
            return output.write(line) {
                self.line("\($0) \($0 == 1 ? "line is" : "lines are") missing here: the log's reader is too slow", .warning)
            }
        }
        // A log that cannot be written has nowhere to be reported.
        _ = line.withUnsafeBytes { clinux_write_all(2, $0.baseAddress!, $0.count) }
    }

    func line(_ message: String, _ priority: LogPriority) -> [UInt8] {
        let start = journal ? "<\(priority.rawValue)>" : "\(program): "
        var line = Array(start.utf8)
        line.append(contentsOf: printable(message).utf8)
        if line.count >= Log.lineLimit {
            var end = Log.lineLimit - 1
            // Not inside a character.
            while line[end] & 0xC0 == 0x80 { end -= 1 }
            line.removeSubrange(end...)
        }
        line.append(0x0A)
        return line
    }
}
