/// Standard error of a program whose threads must not wait: for an idle pager, a terminal that was
/// stopped, a collector that hangs. What does not go at once is skipped and counted, and the first line that goes
/// again is preceded by one that tells how many are missing.
///
/// `@unchecked Sendable`: `lock` guards what changes, and nothing waits while it is held.
public final class LogOutput: @unchecked Sendable {
    private let lock: Lock
    private let descriptor: Int32
    private var missing: UInt64 = 0
    /// The last line was taken in part.
    private var isMidLine = false

    /// Throws where the system has no memory for a mutex.
    public convenience init() throws(SystemError) { try self.init(clinux_open_unwaiting(2)) }

    /// For a descriptor of `clinux_open_unwaiting`, which stays open.
    init(_ descriptor: Int32) throws(SystemError) {
        lock = try Lock()
        self.descriptor = descriptor
    }

    /// `line` ends with a newline and has at most `Log.lineLimit` bytes. `notice` makes the line about that many that are
    /// missing.
    func write(_ line: [UInt8], notice: (UInt64) -> [UInt8]) {
        lock.locked {
            guard !isMidLine || put([0x0A]), missing == 0 || put(notice(missing)) else {
                missing += 1
                return
            }
            missing = put(line) ? 0 : 1
        }
    }

    /// False when nothing was taken. What is taken in part is cut, and the next line begins on one of its own.
    private func put(_ line: [UInt8]) -> Bool {
        var written = 0
        let error = line.withUnsafeBytes { clinux_write_now(descriptor, $0.baseAddress!, $0.count, &written) }
        guard error == 0 else { return false }
        isMidLine = written < line.count
        return true
    }
}
