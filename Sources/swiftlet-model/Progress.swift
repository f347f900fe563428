import Foundation

/// Progress on standard error: on a terminal a line that rewrites itself, with the time that is left; elsewhere the
/// messages, and of long work a line for every quarter.
final class Progress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lineIsOpen = false
    private var work = ""
    private var start = Date()
    private var quarter = 0

    deinit { finish() }

    /// Ends the line that rewrites itself, before other output.
    func finish() {
        if lineIsOpen { write("\n") }
        lineIsOpen = false
    }

    func say(_ message: String) {
        write((lineIsOpen ? "\r\u{1B}[K" : "") + message + "\n")
        lineIsOpen = false
    }

    func update(_ what: String, done: Int, total: Int, isLong: Bool = false) {
        if what != work {
            work = what
            start = Date()
            quarter = 0
        }
        guard isTerminal else {
            if isLong, total > 0, 4 * done / total > quarter {
                quarter = 4 * done / total
                write("\(what): \(done) of \(total)\(timeLeft(done, total))\n")
            }
            return
        }
        let width = 30
        let filled = total > 0 ? done * width / total : width
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        write("\r\(what) [\(bar)] \(done)/\(total)\(isLong ? timeLeft(done, total) : "")\u{1B}[K")
        lineIsOpen = true
    }

    private func timeLeft(_ done: Int, _ total: Int) -> String {
        guard done > 0, done < total else { return "" }
        let seconds = Int((Date().timeIntervalSince(start) * Double(total - done) / Double(done)).rounded(.up))
        return seconds < 60 ? ", \(seconds) s left" : ", \(seconds / 60) min \(seconds % 60) s left"
    }

    private func write(_ text: String) { writeError(text) }
}

/// Writes to standard error. What cannot be written there cannot be reported either; FileHandle would end the process.
func writeError(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}
