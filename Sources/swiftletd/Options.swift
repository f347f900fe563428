/// What the daemon was told: by its command line, and where that is silent by its configuration file.
struct Options: CommandLineOptions {
    /// The file's settings, those of the command line put over them.
    var configuration = Configuration()
    /// nil: there is no file.
    var configurationPath: UnsafePointer<CChar>?
    /// Empty: a camera.
    var source = Self.missing
    var repeats = false
    /// Of a source of raw frames, and what lies between its rows where that is said.
    var raw: PixelShape?
    var stride: Int?
    /// How long a source with an end waits for a first client, in nanoseconds.
    var wait: UInt64 = 5_000_000_000
    /// What the command line says of settings that the file may have too.
    private var overrides: [(setting: Setting, given: Given)] = []

    // Of the configuration, as C strings that stay: the empty one where there is none.
    var model = Self.missing
    var socket = Self.missing
    var metrics: UnsafePointer<CChar>?
    /// A file that the stream's lines go to, too.
    var record: UnsafePointer<CChar>?

    /// With the defaults of a model's task.
    func configuration(for task: TaskKind) -> Configuration {
        var configuration = configuration
        configuration.task = task
        return configuration
    }
    var resize: ModelSettings.Resize { configuration.resizesAsUpstream ? .upstream : .fast }
    var threads: Int { configuration.threads }
    var cameraName: [UInt8]? { configuration.cameraName }
    var size: ImageSize? { configuration.cameraSize }
    var period: UInt64 { configuration.period }

    /// An empty string.
    private static var missing: UnsafePointer<CChar> { cString("") }

    static var program: String { "swiftletd" }
    static var isProgram: Bool { true }

    static var rows: [OptionRow<Options>] {
        [
            .init(.init("config", argument: "FILE", .path(), help: "file (default: /etc/swiftlet/swiftlet.conf)")) {
                $0.configurationPath = $1.argument
            },
            .init(
                .init(
                    "source", short: "s", argument: "PATH", .path(), help: "JPEG, directory of JPEGs, MJPEG file, or - (stdin)")
            ) { $0.source = $1.argument },
            .init(.init("stride", argument: "N", .integer(1...1 << 20), help: "bytes per row of raw frames (with --format)")) {
                $0.stride = $1.integer
            },
            .init(.init("record", argument: "FILE", .path(), help: "append the stream's lines to a file, too")) {
                $0.record = $1.argument
            },
            .init(.init("loop", help: "restart after the last image")) { options, _ in options.repeats = true },
            .init(
                .init(
                    "wait", argument: "SECONDS", .number(0...3600), help: "wait for a client, without --loop (default: 5)")
            ) { $0.wait = UInt64($1.number * 1e9) },
        ]
            + Setting.all.compactMap { setting in
                setting.option.map { .init($0) { $0.overrides.append((setting, $1)) } }
            }
    }

    /// Reads the configuration. Ends the process on a mistake.
    mutating func finish(_ operands: [UnsafePointer<CChar>], _ log: Log) {
        Self.requireNone(operands, log)
        override(&configuration)
        if source[0] != 0 {
            if cameraName != nil { Self.usageError("--source and --camera cannot be combined", log) }
            switch (configuration.cameraFormat, size) {
            case (nil, nil), (.mjpeg?, _): break
            case (nil, _): Self.usageError("--size with --source needs --format FORMAT: JPEGs state their size", log)
            case (let format?, nil):
                Self.usageError("--format \(format.name) with --source needs --size WxH: raw frames do not state their size", log)
            case (let format?, let size?): raw = PixelShape(format: format, size: size)
            }
        }
        if stride != nil, raw == nil { Self.usageError("--stride needs --source, --format and --size of raw frames", log) }
        if configurationPath == nil, exists(Configuration.defaultPath) {
            configurationPath = cString(Configuration.defaultPath)
        }
        do throws(FileError) {
            let (configuration, mistakes, unfinished) = try readConfiguration()
            self.configuration = configuration
            if let unfinished { log.warning(message(unfinished)) }
            for mistake in mistakes { log.error(message(mistake)) }
            if !mistakes.isEmpty { ExitCode.configuration.exit() }
        } catch {
            log.error(message(error))
            error.exitCode.exit()
        }
        model = configuration.modelPath.map { cString($0) } ?? Self.missing
        socket = cString(configuration.socketPath)
        metrics = configuration.metricsPath.map { cString($0) }
        if model[0] == 0 { Self.usageError("--model FILE is required, or path in [model] of the configuration", log) }
        for output in [metrics, record] {
            guard let output, inputs.contains(output) else { continue }
            Self.usageError("\(text(output)): \(OutputError.isInput.message)", log)
        }
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

    /// Where images come from, for messages.
    var sourceText: String {
        if source[0] != 0 { return "source \(text(source))" }
        return cameraName.map { "camera \(text($0))" } ?? CameraError.anyCamera
    }

    // MARK: - The configuration file

    /// Reads the file, again after SIGHUP, and puts the command line over it. With mistakes the settings are not to be
    /// used; those of a file that seems unfinished are not to replace others.
    func readConfiguration() throws(FileError) -> (Configuration, [INIDiagnostic], unfinished: INIDiagnostic?) {
        var configuration = Configuration()
        var mistakes: [INIDiagnostic] = []
        var unfinished: INIDiagnostic?
        if let configurationPath {
            let reader = try ConfigurationReader.read(path: configurationPath)
            (configuration, mistakes, unfinished) = (reader.configuration, reader.mistakes, reader.unfinished)
        }
        override(&configuration)
        return (configuration, mistakes, unfinished)
    }

    private func override(_ configuration: inout Configuration) {
        for (setting, given) in overrides { setting.set(&configuration, given) }
    }

    func message(_ mistake: INIDiagnostic) -> String { mistake.message(file: configurationName) }
    func message(_ error: FileError) -> String { "\(configurationName): \(error.message)" }

    private var configurationName: String { configurationPath.map { text($0) } ?? "\(Configuration.defaultPath)" }

    private func exists(_ path: StaticString) -> Bool {
        var status = clinux_file_status()
        return clinux_path_status(cString(path), &status) != clinux_ENOENT
    }

    static var help: StaticString {
        """
        usage: swiftletd [--config FILE] [OPTION]...

        Finds objects in a camera's frames or in files, and sends lines of JSON to the
        clients of its socket. SIGTERM stops it; SIGHUP rereads thresholds and rate.

        {options}

        examples:
          swiftletd -m detector.gguf -s photos/ --loop --rate 5 --socket /tmp/s

        exit codes: 0; 64 wrong command line; 78 bad configuration; see sysexits.h

        """
    }
}
