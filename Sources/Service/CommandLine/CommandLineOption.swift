/// An option of a command line: how it is written, what it takes, and what the help says of it.
public struct CommandLineOption: Sendable {
    let long: StaticString
    let short: UInt8?
    let argument: StaticString?
    let word: StaticString
    /// Of the argument, or of `word`.
    public var kind: ValueKind
    let help: StaticString

    /// - Parameters:
    ///   - long: the name without its dashes.
    ///   - short: one ASCII letter.
    ///   - argument: what the help calls the option's argument; nil when it takes none.
    ///   - word: what an option without an argument stands for, as its kind has it.
    ///   - help: one line.
    public init(
        _ long: StaticString, short: Unicode.Scalar? = nil, argument: StaticString? = nil, word: StaticString = "",
        _ kind: ValueKind = .text, help: StaticString
    ) {
        (self.long, self.short, self.argument, self.word) = (long, short.map { UInt8(ascii: $0) }, argument, word)
        (self.kind, self.help) = (kind, help)
    }

    /// How the help writes it.
    var synopsis: String {
        let short = short.map { "-\(Unicode.Scalar($0)), " } ?? "    "
        return "  \(short)--\(long)" + (argument.map { " \($0)" } ?? "")
    }
}

/// A row of a table of options: one of them, and where its value goes.
public final class OptionRow<Options>: Sendable {
    let option: CommandLineOption
    let set: @Sendable (inout Options, Given) -> Void

    /// `set` has a value of the option's kind.
    public init(_ option: CommandLineOption, set: @escaping @Sendable (inout Options, Given) -> Void) {
        (self.option, self.set) = (option, set)
    }
}

/// What a program or a command is told by its command line.
public protocol CommandLineOptions {
    /// The program, with the command where it has several.
    static var program: String { get }
    /// Whether `--version` is an option.
    static var isProgram: Bool { get }
    /// Usage, what the program does, a line `{options}` where these are listed, examples and exit codes.
    static var help: StaticString { get }
    /// In the order of the help; `--help` and `--version` are not among them.
    static var rows: [OptionRow<Self>] { get }

    /// The defaults.
    init()
    /// Takes the arguments that are no options, and checks what options say together. Ends the process on a mistake.
    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log)
}

extension CommandLineOptions {
    /// Most are commands.
    public static var isProgram: Bool { false }

    /// Takes no operands.
    public mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) { Self.requireNone(operands, log) }

    /// Ends the process where there are operands.
    public static func requireNone(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        if let first = operands.first { usageError("unexpected argument '\(text(first))'", log) }
    }

    /// Ends the process with one line that names the help.
    public static func usageError(_ message: String, _ log: Log) -> Never { Service.usageError(program, message, log) }

    /// Reads a command line. Ends the process after `--help` and `--version`, and on a mistake.
    /// - Parameters:
    ///   - arguments: `count` of them, the program's or the command's name first, and a null after them.
    public static func parse(
        count: Int32 = clinux_argument_count(),
        arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = clinux_argument_values(), _ log: Log
    ) -> Self {
        let rows = rows
        var options = Self()
        var line = CommandLineParser(rows.map { $0.option }, isProgram: isProgram, count: count, arguments: arguments)
        while let (row, given) = line.next(program, help, log) { rows[row].set(&options, given) }
        options.finish(line.operands, log)
        return options
    }
}

/// Ends the process with one line that names the help of `program`.
public func usageError(_ program: String, _ message: String, _ log: Log) -> Never {
    log.error("\(message); see \(program) --help")
    ExitCode.usage.exit()
}
