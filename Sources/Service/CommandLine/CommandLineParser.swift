/// What can be wrong with a command line. The parser that threw it has the words: `CommandLineParser.message(_:)`.
public enum CommandLineError: Error, Equatable {
    case unknownOption
    case missingArgument
    case unexpectedArgument
    case value(ValueError)
}

/// getopt_long over a table of options: `--name VALUE`, `--name=VALUE`, `-n VALUE`, unambiguous abbreviations, options
/// and operands in any order, `--` before operands that begin with a dash.
///
/// getopt keeps its place in globals: one parser at a time.
public struct CommandLineParser {
    /// The options, in the order in which the help lists them.
    let table: [CommandLineOption]
    /// How many of them are not `--help` and `--version`.
    private let ownCount: Int
    private let count: Int32
    private let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let shorts: [CChar]
    private let longs: [clinux_option]
    /// getopt's optind.
    private var index: Int32 = 0
    /// The row of the option that `next()` found last, and its argument.
    private var row = 0
    private var argument: UnsafePointer<CChar>?
    /// The letter of an unknown short option.
    private var shortRejected: UInt8?

    /// Values of getopt for rows of the table lie beyond every character.
    private static var firstValue: Int32 { 256 }

    /// Behind the options of `table` stand `--help` and, of a program, `--version`. `arguments` has `count` elements, the
    /// program's name first, and a null after them; getopt reorders them.
    init(
        _ table: [CommandLineOption], isProgram: Bool = false, count: Int32,
        arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) {
        self.table =
            table + [CommandLineOption("help", short: "h", help: "show this help")]
            + (isProgram ? [CommandLineOption("version", help: "show the version")] : [])
        (self.ownCount, self.count, self.arguments) = (table.count, count, arguments)
        // The leading colon tells a missing argument from an unknown option.
        var shorts: [CChar] = [CChar(bitPattern: UInt8(ascii: ":"))]
        var longs: [clinux_option] = []
        shorts.reserveCapacity(2 * self.table.count + 2)
        longs.reserveCapacity(self.table.count + 1)
        for (row, option) in self.table.enumerated() {
            if let short = option.short {
                shorts.append(CChar(bitPattern: short))
                if option.argument != nil { shorts.append(CChar(bitPattern: UInt8(ascii: ":"))) }
            }
            longs.append(
                clinux_option(
                    name: cString(option.long),
                    has_argument: option.argument == nil ? 0 : 1, flag: nil, value: Self.firstValue + Int32(row)))
        }
        shorts.append(0)
        longs.append(clinux_option(name: nil, has_argument: 0, flag: nil, value: 0))
        self.shorts = shorts
        self.longs = longs
    }

    /// The row of the next option, and its value; nil when only operands are left.
    mutating func next() throws(CommandLineError) -> (row: Int, Given)? {
        var rejected: Int32 = 0
        var found: UnsafePointer<CChar>?
        let result = clinux_getopt(count, arguments, shorts, longs, &index, &found, &rejected)
        switch result {
        case -1:
            return nil
        case Int32(UInt8(ascii: ":")):
            row = self.row(of: rejected) ?? 0
            throw .missingArgument
        case Int32(UInt8(ascii: "?")):
            // A value of the table means that the option exists but takes no argument.
            if rejected >= Self.firstValue, let known = self.row(of: rejected) {
                row = known
                throw .unexpectedArgument
            }
            shortRejected = rejected > 0 ? UInt8(truncatingIfNeeded: rejected) : nil
            throw .unknownOption
        default:
            row = self.row(of: result) ?? 0
            argument = found
            // A variable of a shell that is not set: no option means anything by it.
            if let found, found[0] == 0 { throw .missingArgument }
            let option = table[row]
            do throws(ValueError) {
                let text = found.map { bytes($0) } ?? bytes(option.word)
                return (row, Given(try option.kind.value(of: text, isArgument: true), argument: found))
            } catch {
                throw .value(error)
            }
        }
    }

    /// The same. Ends the process after `--help`, of which the table becomes a part, after `--version`, and on a mistake.
    mutating func next(_ program: String, _ help: StaticString, _ log: Log) -> (row: Int, Given)? {
        do throws(CommandLineError) {
            guard let found = try next() else { return nil }
            if found.row < ownCount { return found }
            Output(log: log).write(found.row == ownCount ? text(help, options: optionHelp) : Product.text(program))
            ExitCode.success.exit()
        } catch {
            usageError(program, message(error), log)
        }
    }

    private func row(of value: Int32) -> Int? {
        value >= Self.firstValue
            ? Int(value - Self.firstValue) : table.firstIndex { $0.short.map { Int32($0) } == value }
    }

    /// The arguments that are not options, once `next()` has returned nil.
    var operands: [UnsafePointer<CChar>] {
        (Int(index)..<max(Int(index), Int(count))).compactMap { arguments[$0].map { UnsafePointer($0) } }
    }

    // MARK: - Words

    /// One line for the user about an error that this parser threw.
    func message(_ error: CommandLineError) -> String {
        let name = table.isEmpty ? "" : "--\(table[row].long)"
        let given = argument.map { String(cString: $0) } ?? ""
        switch error {
        case .unknownOption:
            if let shortRejected { return "unknown option -\(Unicode.Scalar(shortRejected))" }
            let culprit = index > 0 && index <= count ? arguments[Int(index) - 1] : nil
            let given = culprit.map { bytes($0) } ?? []
            let name = given.drop { $0 == UInt8(ascii: "-") }.prefix { $0 != UInt8(ascii: "=") }
            let near = nearest(to: Array(name), in: table.map { bytes($0.long) })
            return "unknown or ambiguous option \(Service.text(given))"
                + (near.map { "; did you mean --\(Service.text($0))?" } ?? "")
        case .missingArgument: return "\(name) requires an argument: \(table[row].argument ?? "VALUE")"
        case .unexpectedArgument: return "\(name) does not accept an argument"
        case .value(let error): return "\(name) \(error.words), not '\(given)'"
        }
    }

    /// A text for `--help` with the table in place of its line `{options}`.
    private func text(_ help: StaticString, options: String) -> String {
        let help = bytes(help), place = help.firstIndex(of: UInt8(ascii: "{")) ?? help.count
        let rest = help[place...].drop { $0 != 0x0A }.dropFirst()
        return Service.text(Array(help[..<place])) + options + Service.text(Array(rest))
    }

    /// The table as lines for `--help`, names and arguments in one column.
    var optionHelp: String {
        var width = 0
        for option in table { width = max(width, option.synopsis.utf8.count) }
        var lines = ""
        for option in table { lines += "\(padded(option.synopsis, to: width))  \(option.help)\n" }
        return lines
    }
}
