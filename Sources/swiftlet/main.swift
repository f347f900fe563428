private func usage() -> String {
    """
    usage: swiftlet COMMAND [OPTION]...

    commands:
    \(joined(Command.all.map { "  \(padded("\($0.name)", to: 8))  \($0.summary)" }, by: "\n"))

    swiftlet COMMAND --help describes a command, --version shows the version.

    examples:
      swiftlet watch
      swiftlet snapshot -o now.jpg

    exit codes: 0; 64 wrong command line; others by sysexits.h, see each command

    """
}

/// Hands the rest of the command line to the command that it names.
private func run() -> ExitCode {
    clinux_save_memory()
    let log = Log(program: "swiftlet")
    var count = clinux_argument_count()
    let arguments = clinux_argument_values()
    if count > 2, let help = arguments[1], equal(help, "help") {
        // `help COMMAND` is `COMMAND --help`.
        arguments[1] = arguments[2]
        arguments[2] = UnsafeMutablePointer(mutating: cString("--help"))
        count = 3
    }
    guard count > 1, let command = arguments[1] else {
        log.error("a command is required; see swiftlet --help")
        return .usage
    }
    for known in Command.all where equal(command, known.name) { return known.run(count - 1, arguments + 1, log) }
    if equal(command, "--help") || equal(command, "-h") || equal(command, "help") {
        Output(log: log).write(usage())
        return .success
    }
    if equal(command, "--version") {
        Output(log: log).write(Product.text("swiftlet"))
        return .success
    }
    let near = nearest(to: bytes(command), in: Command.all.map { bytes($0.name) } + [bytes("--version")])
    log.error(
        "unknown command '\(text(command))'" + (near.map { "; did you mean \(text($0))?" } ?? "")
            + "; see swiftlet --help")
    return .usage
}

run().exit()
