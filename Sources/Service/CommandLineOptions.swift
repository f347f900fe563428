import CLinux

/// One row of a program's table of options. `ID` is the program's own enum.
public struct CommandLineOption<ID: Sendable>: Sendable {
    let id: ID
    let long: StaticString
    let short: UInt8?
    let argument: StaticString?
    let help: StaticString

    /// - Parameters:
    ///   - long: the name without its dashes.
    ///   - short: one ASCII letter.
    ///   - argument: what the help calls the option's argument; nil when it takes none.
    ///   - help: one line.
    public init(
        _ id: ID, _ long: StaticString, short: Unicode.Scalar? = nil, argument: StaticString? = nil, help: StaticString
    ) {
        self.id = id
        self.long = long
        self.short = short.map { UInt8(ascii: $0) }
        self.argument = argument
        self.help = help
    }
}

/// What can be wrong with a command line. The parser that threw it has the words: `CommandLineParser.message(_:)`.
public enum CommandLineError: Error, Equatable {
    case unknownOption
    case missingArgument
    case unexpectedArgument
    case value(ValueError)
    case unexpectedOperand
}

/// getopt_long over a table of options: `--name VALUE`, `--name=VALUE`, `-n VALUE`, unambiguous abbreviations, options
/// and operands in any order, `--` before operands that begin with a dash.
///
///     var line = CommandLineParser(table)
///     while let option = try line.next() {
///         switch option {
///         case .threshold: threshold = try line.value(.score).score
///         ...
///     }
///     for operand in line.operands { ... }
///
/// getopt keeps its place in globals: one parser at a time.
public struct CommandLineParser<ID: Sendable> {
    /// The options, in the order in which the help lists them.
    public let table: [CommandLineOption<ID>]
    private let count: Int32
    private let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let shorts: [CChar]
    private let longs: [clinux_option]
    /// getopt's optind.
    private var index: Int32 = 0
    /// The row of the option that `next()` found last, and its argument.
    private var row = 0
    private var value: UnsafePointer<CChar>?
    /// The letter of an unknown short option.
    private var shortRefused: UInt8?

    /// Values of getopt for rows of the table lie beyond every character.
    private static var firstValue: Int32 { 256 }

    /// Parses the process's own arguments.
    public init(_ table: [CommandLineOption<ID>]) {
        self.init(table, count: clinux_argument_count(), arguments: clinux_argument_values())
    }

    /// `arguments` has `count` elements, the program's name first, and a null after them; getopt reorders them.
    public init(
        _ table: [CommandLineOption<ID>], count: Int32,
        arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) {
        self.table = table
        self.count = count
        self.arguments = arguments
        // The leading colon tells a missing argument from an unknown option.
        var shorts: [CChar] = [CChar(bitPattern: UInt8(ascii: ":"))]
        var longs: [clinux_option] = []
        for (row, option) in table.enumerated() {
            if let short = option.short {
                shorts.append(CChar(bitPattern: short))
                if option.argument != nil { shorts.append(CChar(bitPattern: UInt8(ascii: ":"))) }
            }
            longs.append(
                clinux_option(
                    name: UnsafeRawPointer(option.long.utf8Start).assumingMemoryBound(to: CChar.self),
                    has_argument: option.argument == nil ? 0 : 1, flag: nil, value: Self.firstValue + Int32(row)))
        }
        shorts.append(0)
        longs.append(clinux_option(name: nil, has_argument: 0, flag: nil, value: 0))
        self.shorts = shorts
        self.longs = longs
    }

    /// The next option, or nil when only operands are left.
    public mutating func next() throws(CommandLineError) -> ID? {
        var refused: Int32 = 0
        var found: UnsafePointer<CChar>?
        let result = clinux_getopt(count, arguments, shorts, longs, &index, &found, &refused)
        switch result {
        case -1:
            return nil
        case Int32(UInt8(ascii: ":")):
            row = self.row(of: refused) ?? 0
            throw .missingArgument
        case Int32(UInt8(ascii: "?")):
            // A value of the table means that the option exists but takes no argument.
            if refused >= Self.firstValue, let known = self.row(of: refused) {
                row = known
                throw .unexpectedArgument
            }
            shortRefused = refused > 0 ? UInt8(truncatingIfNeeded: refused) : nil
            throw .unknownOption
        default:
            row = self.row(of: result) ?? 0
            value = found
            // A variable of a shell that is not set: no option means anything by it.
            if let found, found[0] == 0 { throw .missingArgument }
            return table[row].id
        }
    }

    private func row(of value: Int32) -> Int? {
        value >= Self.firstValue
            ? Int(value - Self.firstValue) : table.firstIndex { $0.short.map { Int32($0) } == value }
    }

    /// The arguments that are not options, once `next()` has returned nil.
    public var operands: [UnsafePointer<CChar>] {
        (Int(index)..<max(Int(index), Int(count))).compactMap { arguments[$0].map { UnsafePointer($0) } }
    }

    /// For programs that take no operands.
    public func requireNoOperands() throws(CommandLineError) {
        if !operands.isEmpty { throw .unexpectedOperand }
    }

    // MARK: - The argument of the option that next() returned last

    /// As it was given, of any length; valid as long as the arguments. Only for options with an argument
    /// (precondition).
    public var text: UnsafePointer<CChar> {
        guard let value else { preconditionFailure("the table gives this option no argument") }
        return value
    }

    /// The argument as a value of that kind.
    public func value(_ kind: ValueKind) throws(CommandLineError) -> Given {
        do throws(ValueError) {
            return Given(try kind.value(of: bytes(text), isArgument: true), argument: text)
        } catch {
            throw .value(error)
        }
    }

    // MARK: - Words

    /// One line for the user about an error that this parser threw.
    public func message(_ error: CommandLineError) -> String {
        let name = table.isEmpty ? "" : "--\(table[row].long)"
        let given = value.map { String(cString: $0) } ?? ""
        switch error {
        case .unknownOption:
            if let shortRefused { return "unknown option -\(Unicode.Scalar(shortRefused))" }
            let culprit = index > 0 && index <= count ? arguments[Int(index) - 1] : nil
            let given = culprit.map { bytes($0) } ?? []
            let name = given.drop { $0 == UInt8(ascii: "-") }.prefix { $0 != UInt8(ascii: "=") }
            let near = nearest(to: Array(name), in: table.map { bytes($0.long) })
            return "unknown or ambiguous option \(Service.text(given))"
                + (near.map { "; did you mean --\(Service.text($0))?" } ?? "")
        case .missingArgument: return "\(name) needs an argument: \(table[row].argument ?? "VALUE")"
        case .unexpectedArgument: return "\(name) takes no argument"
        case .value(let error): return "\(name) \(error.words), not '\(given)'"
        case .unexpectedOperand:
            return "unexpected argument '\(operands.first.map { String(cString: $0) } ?? "")'"
        }
    }

    /// The table as lines for `--help`, names and arguments in one column.
    public var optionHelp: String {
        var width = 0
        for option in table { width = max(width, Self.synopsis(option).utf8.count) }
        var lines = ""
        for option in table { lines += "\(padded(Self.synopsis(option), to: width))  \(option.help)\n" }
        return lines
    }

    private static func synopsis(_ option: CommandLineOption<ID>) -> String {
        let short = option.short.map { "-\(Unicode.Scalar($0)), " } ?? "    "
        let argument = option.argument.map { " \($0)" } ?? ""
        return "  \(short)--\(option.long)\(argument)"
    }
}
