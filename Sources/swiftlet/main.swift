import CLinux
import Engine
import Service

private func usage() -> String {
    """
    usage: swiftlet COMMAND [OPTION]...

    commands:
      watch     show live what swiftletd sees
      snapshot  fetch swiftletd's next picture, with boxes
      status    show how swiftletd fares
      check     find the mistakes in a configuration of swiftletd
      cameras   list cameras, what they offer and what the daemon takes
      detect    find objects in pictures: a table, JSON, or pictures with boxes
      bench     time a model on this machine
      plan      show how a model's buffers share its memory

    swiftlet COMMAND --help explains a command, --version tells the version.

    examples:
      swiftlet watch
      swiftlet snapshot -o now.jpg

    exit codes: 0; 64 wrong command line; others by sysexits.h, see each command

    """
}

/// Hands the rest of the command line to the command that it names.
private func run() -> ExitCode {
    let log = Log(program: "swiftlet")
    var count = clinux_argument_count()
    let arguments = clinux_argument_values()
    if count > 2, let help = arguments[1], equal(help, "help") {
        // `help COMMAND` is `COMMAND --help`.
        let option = UnsafeRawPointer(("--help" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
        arguments[1] = arguments[2]
        arguments[2] = UnsafeMutablePointer(mutating: option)
        count = 3
    }
    guard count > 1, let command = arguments[1] else {
        log.error("a command is needed; see swiftlet --help")
        return .usage
    }
    if equal(command, "cameras") {
        return Cameras.run(CamerasOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "detect") {
        return Detect.run(DetectOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "bench") {
        return Bench.run(BenchOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "plan") {
        return Plan.run(PlanOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "check") { return Check.run(count: count - 1, arguments: arguments + 1, log) }
    if equal(command, "status") {
        return Status.run(StatusOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "watch") {
        return Watch.run(WatchOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "snapshot") {
        return Snapshot.run(SnapshotOptions.parse(count: count - 1, arguments: arguments + 1, log), log)
    }
    if equal(command, "--help") || equal(command, "-h") || equal(command, "help") {
        Output(log: log).write(usage())
        return .success
    }
    if equal(command, "--version") {
        Output(log: log).write("swiftlet \(Product.version), kernels: \(text(KernelPath.supported))\n")
        return .success
    }
    let commands: [StaticString] = ["watch", "snapshot", "status", "check", "cameras", "detect", "bench", "plan", "--version"]
    let near = nearest(to: bytes(command), in: commands.map { bytes($0) })
    log.error(
        "unknown command '\(text(command))'" + (near.map { "; did you mean \(text($0))?" } ?? "")
            + "; see swiftlet --help")
    return .usage
}

run().exit()
