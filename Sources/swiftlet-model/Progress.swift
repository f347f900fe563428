import Foundation

/// Progress on standard error: a line that rewrites itself on a terminal, nothing but the messages elsewhere.
final class Progress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lineIsOpen = false

    deinit {
        if lineIsOpen { write("\n") }
    }

    func say(_ message: String) {
        write((lineIsOpen ? "\r\u{1B}[K" : "") + message + "\n")
        lineIsOpen = false
    }

    func update(_ what: String, done: Int, total: Int) {
        guard isTerminal else { return }
        let width = 30
        let filled = total > 0 ? done * width / total : width
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        write("\r\(what) [\(bar)] \(done)/\(total)")
        lineIsOpen = true
    }

    private func write(_ text: String) { writeError(text) }
}

/// Writes to standard error. What cannot be written there cannot be reported either; FileHandle would end the process.
func writeError(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}
