import CLinux
import Engine
import Service

/// The command line of `swiftlet bench`.
struct BenchOptions {
    var model: UnsafePointer<CChar>?
    var runs = 20
    /// nil: the board's, or one per processor.
    var threads: Int?
    var isJSON = false
    var showsLayers = false
    /// Frames to time on their way in, in place of the network: a format's name or a JPEG's file.
    var frames: UnsafePointer<CChar>?
    /// What to hold this machine against: a board's name, its file, or "auto".
    var board: UnsafePointer<CChar>?

    private enum ID {
        case model, runs, threads, layers, frames, board, json, help
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.model, "model", short: "m", argument: "FILE", help: "model file (default: the service's)"),
            .init(.runs, "runs", short: "n", argument: "N", help: "runs that are counted (default 20)"),
            .init(.threads, "threads", argument: "N", help: "to compute with (default: all processors)"),
            .init(.layers, "layers", help: "also the time of each layer, on one thread"),
            .init(
                .frames, "frames", argument: "KIND",
                help: "time frames on their way in: yuyv, nv12, ..., or a JPEG"),
            .init(.board, "board", argument: "NAME|FILE", help: "hold this machine against a board's file, or auto"),
            .init(.json, "json", help: "one line of JSON"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> BenchOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "bench", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> BenchOptions {
        var options = BenchOptions()
        while let option = try line.next() {
            switch option {
            case .model: options.model = line.text
            case .runs: options.runs = try line.value(.integer(1...100_000)).integer
            case .threads: options.threads = try line.value(.integer(1...Int64(Engine.mostThreads))).integer
            case .layers: options.showsLayers = true
            case .frames: options.frames = line.text
            case .board: options.board = line.text
            case .json: options.isJSON = true
            case .help:
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        if options.frames != nil, options.showsLayers {
            usageError(log, "bench", "--frames and --layers exclude each other")
        }
        if options.frames != nil, options.board != nil {
            usageError(log, "bench", "--frames and --board exclude each other")
        }
        if options.model == nil { options.model = Installed(for: "bench", log).model }
        return options
    }

    private static var usage: String {
        """
        usage: swiftlet bench [OPTION]...

        Times the network alone, without reading pictures or finding boxes, and tells
        what memory it takes. The processor time is that of all threads together. With
        --frames it times what comes before: a camera's frames of 640x480, or a JPEG.
        With --board it also tells what is not as the board's file expects: core, clock,
        kernels, power, heat, time, memory. auto recognises the board.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet bench --board auto
          swiftlet bench -m detector.gguf --layers
          swiftlet bench -m detector.gguf --board raspberry-pi-4

        exit codes: 0; 64 wrong command line; 65 bad model or board; 66 no such file;
        69 something is not as the board's file expects; 78 bad configuration

        """
    }
}
