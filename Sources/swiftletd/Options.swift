import CLinux
import Detector
import Engine
import Service
import Vision

/// The daemon's command line.
struct Options {
    var model = Self.missing
    /// Empty: a camera.
    var source = Self.missing
    /// Empty: the first that there is.
    var camera = Self.missing
    /// Of the camera's frames; nil: the smallest that covers the network's input.
    var size: PictureSize?
    var socket = Self.missing
    var threshold: Float = 0.3
    var limit = 100
    var resize = DetectorSettings.Resize.fast
    var threads = Engine.defaultThreads
    var repeats = false
    /// The least time between two frames, in nanoseconds.
    var period: UInt64 = 0
    /// How long a source with an end waits for a first client, in nanoseconds.
    var wait: UInt64 = 5_000_000_000

    /// An empty string.
    private static var missing: UnsafePointer<CChar> {
        UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private enum ID {
        case model, source, camera, size, socket, threshold, limit, resize, threads, loop, rate, wait, help, version
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.model, "model", short: "m", argument: "FILE", help: "model file (GGUF)"),
            .init(
                .source, "source", short: "s", argument: "PATH",
                help: "JPEG, folder of JPEGs, MJPEG file, or - for stdin"),
            .init(
                .camera, "camera", short: "c", argument: "NAME",
                help: "camera (default: the first); swiftlet cameras lists them"),
            .init(.size, "size", argument: "WxH", help: "size of the camera's frames (default: the least that will do)"),
            .init(.socket, "socket", argument: "PATH", help: "Unix socket to create"),
            .init(.threshold, "threshold", short: "t", argument: "T", help: "least score, 0 to 1 (default 0.3)"),
            .init(.limit, "limit", argument: "N", help: "most detections per picture (default 100)"),
            .init(
                .resize, "resize", argument: "fast|upstream",
                help: "quick (default), or just as the model was evaluated"),
            .init(.threads, "threads", argument: "N", help: "threads to compute with (default: one per processor)"),
            .init(.loop, "loop", help: "begin again after the last picture"),
            .init(.rate, "rate", argument: "FPS", help: "at most this many pictures per second"),
            .init(.wait, "wait", argument: "SECONDS", help: "without --loop: wait for a client first (default 5)"),
            .init(.help, "help", short: "h", help: "this text"),
            .init(.version, "version", help: "the version"),
        ]
    }

    /// Reads the process's arguments. Ends the process after `--help` and `--version`, and on a mistake.
    static func parse(_ log: Log) -> Options {
        var line = CommandLineParser(table)
        do throws(CommandLineError) {
            return try read(&line, log)
        } catch {
            usageError(log, line.message(error))
        }
    }

    private static func read(_ line: inout CommandLineParser<ID>, _ log: Log) throws(CommandLineError) -> Options {
        var options = Options()
        while let option = try line.next() {
            switch option {
            case .model: options.model = line.text
            case .source: options.source = line.text
            case .camera: options.camera = line.text
            case .size: options.size = try line.size()
            case .socket: options.socket = line.text
            case .threshold: options.threshold = Float(try line.number(in: 0...1))
            case .limit: options.limit = try line.integer(in: 1...1000)
            case .resize: options.resize = try line.choice(["fast", "upstream"]) == 0 ? .fast : .upstream
            case .threads: options.threads = try line.integer(in: 1...Int64(Engine.mostThreads))
            case .loop: options.repeats = true
            case .rate: options.period = UInt64(1e9 / (try line.number(in: 0.001...1000)))
            case .wait: options.wait = UInt64(try line.number(in: 0...3600) * 1e9)
            case .help:
                print(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            case .version:
                print("swiftletd \(Product.version), kernels: \(text(KernelPath.supported))")
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        for (value, name) in [
            (options.model, "--model FILE"), (options.socket, "--socket PATH"),
        ]
        where value[0] == 0 {
            usageError(log, "\(name) is needed")
        }
        if options.source[0] != 0, options.camera[0] != 0 {
            usageError(log, "--source and --camera exclude each other")
        }
        return options
    }

    /// Where pictures come from, for messages.
    var sourceText: String {
        if source[0] != 0 { return "source \(text(source))" }
        return camera[0] != 0 ? "camera \(text(camera))" : "any camera"
    }

    private static var usage: String {
        """
        usage: swiftletd --model FILE --socket PATH [OPTION]...

        Finds objects in a camera's frames, or in pictures from files, and sends a line
        of JSON for each to all who connect to the socket. SIGTERM and SIGINT end it.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftletd -m detector.gguf --socket /tmp/swiftlet.sock
          swiftletd -m detector.gguf -s photos/ --loop --rate 5 --socket /tmp/swiftlet.sock
          nc -U /tmp/swiftlet.sock
        """
    }

    private static func usageError(_ log: Log, _ message: String) -> Never {
        log.error("\(message); see swiftletd --help")
        ExitCode.usage.exit()
    }
}
