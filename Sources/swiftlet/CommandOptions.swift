/// A command of `swiftlet`: its options, and what it does with them. `Command.all` lists them.
protocol CommandOptions: CommandLineOptions {
    static var name: StaticString { get }
    /// For the list of commands.
    static var summary: StaticString { get }

    func run(_ log: Log) -> ExitCode
}

extension CommandOptions {
    static var program: String { "swiftlet \(name)" }
}

/// A row of the table of commands.
struct Command {
    /// In the order of the help.
    static var all: [Command] {
        [
            .init(WatchOptions.self), .init(SnapshotOptions.self), .init(StatusOptions.self), .init(CheckOptions.self),
            .init(CamerasOptions.self), .init(DetectOptions.self), .init(BenchOptions.self), .init(PlanOptions.self),
        ]
    }

    let name: StaticString
    let summary: StaticString
    /// The command's name is the first of the arguments.
    let run: (Int32, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, Log) -> ExitCode

    init<Options: CommandOptions>(_ options: Options.Type) {
        name = Options.name
        summary = Options.summary
        run = { Options.parse(count: $0, arguments: $1, $2).run($2) }
    }
}

/// Options that several commands have.
extension OptionRow {
    typealias Set = @Sendable (inout Options, Given) -> Void

    static func model(_ set: @escaping Set) -> Self {
        .init(.init("model", short: "m", argument: "FILE", .path(), help: "model file (default: the service's)"), set: set)
    }

    static func threads(_ help: StaticString, _ set: @escaping Set) -> Self {
        .init(.init("threads", argument: "N", .integer(1...Int64(Engine.maximumThreadCount)), help: help), set: set)
    }

    static func socket(_ set: @escaping Set) -> Self {
        .init(
            .init("socket", argument: "PATH", .path(), help: "socket (default: /run/swiftlet/swiftlet.sock)"), set: set)
    }

    static func json(_ help: StaticString, _ set: @escaping Set) -> Self { .init(.init("json", help: help), set: set) }
}
