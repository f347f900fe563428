import CLinux
import Camera
import Model
import Engine
import Files
import Service
import Vision

/// What the daemon was told: by its command line, and where that is silent by its configuration file.
struct Options {
    /// The file's settings, those of the command line put over them.
    var configuration = Configuration()
    /// nil: there is no file.
    var configurationPath: UnsafePointer<CChar>?
    /// Empty: a camera.
    var source = Self.missing
    var repeats = false
    /// How long a source with an end waits for a first client, in nanoseconds.
    var wait: UInt64 = 5_000_000_000
    private var namesCamera = false
    /// What the command line says of settings that the file may have too.
    private var overrides: [(inout Configuration) -> Void] = []

    // Of the configuration, as C strings that stay: the empty one where there is none.
    var model = Self.missing
    var socket = Self.missing
    var metrics: UnsafePointer<CChar>?

    var threshold: Float { configuration.threshold }
    var resize: ModelSettings.Resize { configuration.resizesAsUpstream ? .upstream : .fast }
    var threads: Int { configuration.threads }
    var cameraName: [UInt8]? { configuration.cameraName }
    var size: PictureSize? { configuration.cameraSize }
    var period: UInt64 { configuration.period }

    /// An empty string.
    private static var missing: UnsafePointer<CChar> {
        UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private enum ID {
        case config, model, source, camera, size, format, timeout, rotate, socket, noSnapshots, metrics, threshold, limit, resize,
            threads, loop, rate
        case wait, help, version
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(
                .config, "config", argument: "FILE",
                help: "default: /etc/swiftlet/swiftlet.conf"),
            .init(.model, "model", short: "m", argument: "FILE", help: "model file (GGUF)"),
            .init(
                .source, "source", short: "s", argument: "PATH",
                help: "JPEG, folder of JPEGs, MJPEG file, or - for stdin"),
            .init(
                .camera, "camera", short: "c", argument: "NAME",
                help: "as swiftlet cameras lists it (default: the first)"),
            .init(.size, "size", argument: "WxH", help: "of the camera's frames (default: what will do)"),
            .init(.format, "format", argument: "FORMAT", help: "of the camera's frames, such as mjpeg or yuyv"),
            .init(.timeout, "timeout", argument: "SECONDS", help: "for a frame before a restart (default 3, or more)"),
            .init(.rotate, "rotate", argument: "90|180|270", help: "turn pictures clockwise, for a camera mounted so"),
            .init(.socket, "socket", argument: "PATH", help: "Unix socket to create"),
            .init(.noSnapshots, "no-snapshots", help: "give no pictures to clients that ask for one"),
            .init(.metrics, "metrics", argument: "FILE", help: "write Prometheus metrics there every 10 s"),
            .init(.threshold, "threshold", short: "t", argument: "T", help: "minimum score, 0 to 1 (default 0.3)"),
            .init(.limit, "limit", argument: "N", help: "most detections per picture (default 100)"),
            .init(
                .resize, "resize", argument: "fast|upstream",
                help: "quick (default), or as the model was evaluated"),
            .init(.threads, "threads", argument: "N", help: "to compute with (default: all processors)"),
            .init(.loop, "loop", help: "begin again after the last picture"),
            .init(.rate, "rate", argument: "FPS", help: "at most this many pictures per second"),
            .init(.wait, "wait", argument: "SECONDS", help: "for a first client, without --loop (default 5)"),
            .init(.help, "help", short: "h", help: "this text"),
            .init(.version, "version", help: "the version"),
        ]
    }

    /// Reads the process's arguments and the configuration. Ends the process after `--help` and `--version`, and on a
    /// mistake.
    static func parse(_ log: Log) -> Options {
        var line = CommandLineParser(table)
        var options: Options
        do throws(CommandLineError) {
            options = try read(&line, log)
        } catch {
            usageError(log, line.message(error))
        }
        if options.source[0] != 0, options.namesCamera {
            usageError(log, "--source and --camera exclude each other")
        }
        if options.configurationPath == nil, exists(Configuration.defaultPath) {
            options.configurationPath = cString(Configuration.defaultPath)
        }
        do throws(FileError) {
            let (configuration, mistakes, unfinished) = try options.readConfiguration()
            options.configuration = configuration
            if let unfinished { log.warning(options.message(unfinished)) }
            for mistake in mistakes { log.error(options.message(mistake)) }
            if !mistakes.isEmpty { ExitCode.configuration.exit() }
        } catch {
            log.error(options.message(error))
            error.exitCode.exit()
        }
        options.model = options.configuration.modelPath.map { keep($0) } ?? missing
        options.socket = keep(options.configuration.socketPath)
        options.metrics = options.configuration.metricsPath.map { keep($0) }
        if options.model[0] == 0 { usageError(log, "--model FILE is needed, or path in [model] of a configuration") }
        if let metrics = options.metrics, options.inputs.contains(metrics) {
            usageError(log, "\(text(metrics)): \(OutputError.isInput.message)")
        }
        return options
    }

    /// To standard output. Ends the process where that cannot be written.
    private static func write(_ text: String, _ log: Log) {
        let bytes = Array(text.utf8)
        let error = bytes.withUnsafeBytes { clinux_write_all(1, $0.baseAddress!, $0.count) }
        guard error != 0 else { return }
        log.error("the text cannot be written: \(errorText(error))")
        ExitCode.ioError.exit()
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> Options {
        var options = Options()
        func override(_ change: @escaping (inout Configuration) -> Void) { options.overrides.append(change) }
        while let option = try line.next() {
            switch option {
            case .config: options.configurationPath = line.text
            case .model:
                let path = bytes(line.text)
                override { $0.modelPath = path }
            case .source: options.source = line.text
            case .camera:
                let name = bytes(line.text)
                options.namesCamera = true
                override { $0.cameraName = name }
            case .size:
                let size = try line.value(.size).size
                override { $0.cameraSize = size }
            case .format:
                let format = try line.value(.format).format
                override { $0.cameraFormat = format }
            case .timeout:
                let timeout = try line.value(.number(Configuration.timeoutRange)).number
                override { $0.cameraTimeout = timeout }
            case .rotate:
                let rotation = 90 * (try line.value(.choice(.rotation)).choice)
                override { $0.rotation = rotation }
            case .socket:
                let path = bytes(line.text)
                override { $0.socketPath = path }
            case .noSnapshots: override { $0.allowsSnapshots = false }
            case .metrics:
                let path = bytes(line.text)
                override { $0.metricsPath = path }
            case .threshold:
                let threshold = try line.value(.score).score
                override { $0.threshold = threshold }
            case .limit:
                let limit = try line.value(.integer(Configuration.limitRange)).integer
                override { $0.limit = limit }
            case .resize:
                let isUpstream = try line.value(.choice(.resize)).choice == 1
                override { $0.resizesAsUpstream = isUpstream }
            case .threads:
                let threads = try line.value(.integer(1...Int64(Engine.mostThreads))).integer
                override { $0.threads = threads }
            case .loop: options.repeats = true
            case .rate:
                let rate = try line.value(.number(Configuration.rateRange)).number
                override { $0.rate = rate }
            case .wait: options.wait = UInt64(try line.value(.number(0...3600)).number * 1e9)
            case .help:
                write(usage + line.optionHelp + examples + "\n", log)
                ExitCode.success.exit()
            case .version:
                write("swiftletd \(Product.version), kernels: \(text(KernelPath.supported))\n", log)
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        return options
    }

    /// All that is read.
    private var inputs: InputFiles {
        var inputs = InputFiles()
        inputs.insert(model)
        if let configurationPath { inputs.insert(configurationPath) }
        if source[0] != 0, let read = try? FileIdentity.read(by: source) {
            for identity in read { inputs.insert(identity) }
        }
        return inputs
    }

    /// Where pictures come from, for messages.
    var sourceText: String {
        if source[0] != 0 { return "source \(text(source))" }
        return cameraName.map { "camera \(text($0))" } ?? CameraError.anyCamera
    }

    // MARK: - The configuration file

    /// Reads the file, again after SIGHUP, and puts the command line over it. With mistakes the settings are not to be
    /// used; those of a file that seems unfinished are not to replace others.
    func readConfiguration() throws(FileError) -> (
        Configuration, [INIMistake], unfinished: INIMistake?
    ) {
        var configuration = Configuration()
        var mistakes: [INIMistake] = []
        var unfinished: INIMistake?
        if let configurationPath {
            let reader = try ConfigurationReader.read(path: configurationPath)
            (configuration, mistakes, unfinished) = (reader.configuration, reader.mistakes, reader.unfinished)
        }
        for override in overrides { override(&configuration) }
        return (configuration, mistakes, unfinished)
    }

    func message(_ mistake: INIMistake) -> String { mistake.message(file: configurationName) }
    func message(_ error: FileError) -> String { "\(configurationName): \(error.message)" }

    private var configurationName: String { configurationPath.map { text($0) } ?? "\(Configuration.defaultPath)" }

    private static func exists(_ path: StaticString) -> Bool {
        var status = clinux_file_status()
        return clinux_path_status(cString(path), &status) != clinux_ENOENT
    }

    /// A C string that is never given back: once per process.
    private static func keep(_ bytes: [UInt8]) -> UnsafePointer<CChar> {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
        copy[bytes.count] = 0
        return UnsafePointer(copy)
    }

    /// Static strings end with a null.
    private static func cString(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static var usage: String {
        """
        usage: swiftletd [--config FILE] [OPTION]...

        Finds objects in a camera's frames or in files, and sends lines of JSON to all
        who connect to the socket. SIGTERM ends it; SIGHUP rereads thresholds and rate.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftletd -m detector.gguf -s photos/ --loop --rate 5 --socket /tmp/s

        exit codes: 0; 64 wrong command line; 78 bad configuration; see sysexits.h
        """
    }

    private static func usageError(_ log: Log, _ message: String) -> Never {
        log.error("\(message); see swiftletd --help")
        ExitCode.usage.exit()
    }
}
