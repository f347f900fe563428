/// How a machine compares with its board's file, ready to be written.
struct BoardReport {
    let title: [UInt8]
    let checks: [BoardCheck]

    var failedCheckCount: Int { checks.reduce(0) { $0 + ($1.verdict == .off ? 1 : 0) } }

    /// Bytes of JSON that it takes at most: names and advice are the program's own, and short.
    var capacity: Int { 6 * title.count + checks.count * 1024 }

    func writeSummary(to output: Output) {
        let verdict = failedCheckCount == 0 ? "all checks passed" : "\(failedCheckCount) of \(checks.count) checks failed"
        output.row("board", "\(text(title)): \(verdict)")
        for check in checks {
            let place = "  " + padded(check.verdict.rawValue, to: 8) + padded(check.subject.rawValue, to: 10)
            var line = check.found
            if check.verdict != .asExpected { line += "; expected: \(check.expected)" }
            if check.verdict == .off { line += "\n" + padded("", to: 20) + "-> \(check.advice)" }
            output.write(place + line + "\n")
        }
    }

    /// The value of the key "board".
    func write(to json: inout JSONWriter) {
        func put(_ key: StaticString, _ value: String) {
            json.string(key, Array(value.utf8))
        }
        json.beginObject()
        json.string("title", title)
        json.integer("off", failedCheckCount)
        json.beginArray("checks")
        for check in checks {
            json.beginObject()
            json.string("subject", Array(check.subject.rawValue.utf8))
            json.string("verdict", Array(check.verdict.rawValue.utf8))
            put("found", check.found)
            put("expected", check.expected)
            if check.verdict == .off { put("advice", check.advice) }
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}
