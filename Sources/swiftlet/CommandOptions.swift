import Service

/// Reads a command's own arguments, of which the first is its name, with `read`. Ends the process on a mistake.
func parseOrExit<ID, Options>(
    _ table: [CommandLineOption<ID>], count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
    _ log: Log, command: StaticString,
    _ read: (inout CommandLineParser<ID>, Log) throws(CommandLineError) -> Options
) -> Options {
    var line = CommandLineParser(table, count: count, arguments: arguments)
    do throws(CommandLineError) {
        return try read(&line, log)
    } catch {
        usageError(log, command, line.message(error))
    }
}

func usageError(_ log: Log, _ command: StaticString, _ message: String) -> Never {
    log.error("\(message); see swiftlet \(command) --help")
    ExitCode.usage.exit()
}
