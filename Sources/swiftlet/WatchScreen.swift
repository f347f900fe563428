/// The terminal while `swiftlet watch` has it: a screen of its own, which leaves no trace.
struct WatchScreen: ~Copyable {
    private var keys = clinux_terminal_mode()
    private var takesKeys = false
    private var isEntered = false
    /// Whether the terminal shows any colour, and not 256 of them.
    private let hasTrueColour: Bool

    /// nil where escape sequences are not wanted or not understood.
    init?() {
        guard clinux_is_terminal(1), let terminal = clinux_environment("TERM"), terminal[0] != 0,
            !equal(terminal, "dumb")
        else { return nil }
        if let noColour = clinux_environment("NO_COLOR"), noColour[0] != 0 { return nil }
        let colours = clinux_environment("COLORTERM")
        hasTrueColour = colours.map { equal($0, "truecolor") || equal($0, "24bit") } ?? false
    }

    /// Whether keys come one by one on standard input.
    var hasKeys: Bool { takesKeys }

    /// An errno value of writing, 0 for success.
    mutating func enter() -> Int32 {
        takesKeys = clinux_is_terminal(0) && clinux_terminal_take_keys(0, &keys) == 0
        isEntered = true
        // The alternate screen, no cursor, and long lines end at the edge.
        return Self.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    mutating func leave() {
        guard isEntered else { return }
        isEntered = false
        _ = Self.write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        if takesKeys { clinux_terminal_restore(0, &keys) }
        takesKeys = false
    }

    /// Draws everything again. An errno value of writing, 0 for success.
    func draw(_ state: WatchState, now: UInt64) -> Int32 {
        var columns: Int32 = 80, rows: Int32 = 24
        _ = clinux_terminal_size(1, &columns, &rows)
        let lines = WatchView.lines(state, now: now, columns: Int(columns), rows: Int(rows))
        var text = "\u{1B}[H"
        for (index, line) in lines.enumerated() {
            if index > 0 { text += "\r\n" }
            if let colour = line.colour { text += swatch(colour) }
            text += line.isHeading ? "\u{1B}[1m\(line.text)\u{1B}[0m" : line.text
            text += "\u{1B}[K"
        }
        return Self.write(text + "\u{1B}[J")
    }

    /// Two columns in the colour that the class has in images.
    private func swatch(_ colour: Colour) -> String {
        if hasTrueColour { return "\u{1B}[48;2;\(colour.red);\(colour.green);\(colour.blue)m  \u{1B}[0m" }
        // The nearest of the cube of 6x6x6 colours that terminals of 256 have.
        func step(_ value: UInt8) -> Int { value < 48 ? 0 : value < 115 ? 1 : (Int(value) - 35) / 40 }
        return "\u{1B}[48;5;\(16 + 36 * step(colour.red) + 6 * step(colour.green) + step(colour.blue))m  \u{1B}[0m"
    }

    private static func write(_ text: String) -> Int32 {
        var text = text
        return text.withUTF8 { clinux_write_all(1, $0.baseAddress!, $0.count) }
    }
}

/// What stands on the screen, without escape sequences.
enum WatchView {
    struct Line {
        /// No control characters, at most as many as there are columns.
        var text: String
        var isHeading = false
        /// Of what stands in the line: a swatch before the text.
        var colour: Colour?
    }

    static func lines(_ state: WatchState, now: UInt64, columns: Int, rows: Int) -> [Line] {
        var lines: [Line] = []
        func add(_ text: String, isHeading: Bool = false) {
            if lines.count < rows { lines.append(Line(text: cut(printable(text), columns), isHeading: isHeading)) }
        }
        func row(_ title: String, _ value: String) { add(padded(title, to: 10) + value) }
        add("swiftlet watch: \(state.connection)", isHeading: true)
        row("model", state.model.isEmpty ? "?" : state.model)
        row("camera", state.camera.isEmpty ? "none: images come from files" : state.camera)
        if !state.message.isEmpty { row("", state.message) }
        let last = state.arrival.map { "the last \(fixed(Double(now - min(now, $0)) / 1e9, decimals: 1)) s ago" }
        row("frames", "\(fixed(state.rate(at: now), decimals: 1)) per second, \(last ?? "none yet")")
        if state.arrival != nil {
            let inference = "inference \(fixed(state.inference, decimals: 1)) ms"
            let age = "\(fixed(state.age, decimals: 1)) ms old"
            row("frame", "\(state.sequence), \(state.width)x\(state.height), \(age), \(inference)")
        }
        let lost = "\(state.lostLines) lines lost here"
        row("dropped", "\(state.droppedFrames) frames, \(state.corruptFrames) corrupt, \(lost)")
        add("")
        lines += table(state, rows: rows - lines.count, columns: columns)
        return lines
    }

    /// At most `rows` lines; a swatch takes the first two columns of a detection's.
    private static func table(_ state: WatchState, rows: Int, columns: Int) -> [Line] {
        let labelColumns = max(5, min(24, columns - (state.haveBoxes ? 42 : 10)))
        var heading = "   \(padded("label", to: labelColumns))  \(state.areSegments ? "share" : "score")"
        for name in ["left", "top", "right", "bottom"] where state.haveBoxes { heading += "  \(padded(name, to: 6, .right))" }
        var lines = [Line(text: cut(heading, columns), isHeading: true)]
        let shown = state.detections.count < rows ? state.detections.count : max(0, rows - 2)
        for found in state.detections.prefix(shown) {
            var line = " \(padded(cut(printable(found.label), labelColumns), to: labelColumns))"
            line += "  \(padded(fixed(found.score, decimals: 3), to: 5, .right))"
            for side in [found.left, found.top, found.right, found.bottom] where state.haveBoxes {
                line += "  \(padded(WatchLines.whole(side), to: 6, .right))"
            }
            lines.append(Line(text: cut(line, columns - 2), colour: .ofClass(found.classIndex)))
        }
        let more = state.detections.count - shown + state.omitted
        if more > 0 { lines.append(Line(text: cut("and \(more) more", columns))) }
        return Array(lines.prefix(max(0, rows)))
    }

    private static func cut(_ text: String, _ columns: Int) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == columns { break }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}
