/// `swiftlet check`: every mistake of a configuration file, or what it amounts to. It fails where the daemon would, or
/// where a running daemon would not take the file over.
enum Check {
    static func run(_ options: CheckOptions, _ log: Log) -> ExitCode {
        let path = options.file ?? Installed.path
        do throws(FileError) {
            return try check(path, log)
        } catch {
            let isMissing = error == .system(clinux_ENOENT) && options.file == nil
            log.error("\(text(path)): \(error.message)" + (isMissing ? ": name the file that is to be checked" : ""))
            return error.exitCode
        }
    }

    private static func check(_ path: UnsafePointer<CChar>, _ log: Log) throws(FileError) -> ExitCode {
        let reader = try ConfigurationReader.read(path: path)
        var configuration = reader.configuration
        var mistakes = reader.mistakes
        if let unfinished = reader.unfinished { mistakes.append(unfinished) }
        var isUsable = true
        if let model = configuration.modelPath {
            do throws(ModelError) {
                let description = try description(of: model, configuration)
                configuration.task = description.task.kind
                mistakes += configuration.mistakes(for: description.labels)
            } catch {
                isUsable = false
                let place = "\(text(path)):\(configuration.modelPathLine): [model] path: "
                log.error(place + error.message(model: text(model)))
            }
        }
        if let metrics = configuration.metricsPath {
            var inputs = InputFiles()
            inputs.insert(path)
            if let model = configuration.modelPath { inputs.insert(terminated(model)) }
            let place = "\(text(path)): [metrics] file: \(text(metrics))"
            if inputs.contains(terminated(metrics)) {
                isUsable = false
                log.error("\(place): \(OutputError.isInput.message)")
            } else if metrics == configuration.socketPath {
                isUsable = false
                log.error("\(place): is the stream's socket: give the file another name")
            } else if let error = metricsMistake(metrics) {
                log.warning("\(place): \(error.message)")
            }
        }
        if let error = socketMistake(configuration.socketPath) {
            isUsable = false
            log.error("\(text(path)): [stream] \(error.message(socket: text(configuration.socketPath)))")
        }
        mistakes.sort { $0.line < $1.line }
        for mistake in mistakes { log.error(mistake.message(file: text(path))) }
        guard isUsable, mistakes.isEmpty else { return .configuration }
        if configuration.modelPath == nil {
            log.warning("[model] path is not set: swiftletd needs --model, and the names of classes are not checked")
        }
        Output(log: log).write(configuration.text)
        return .success
    }

    /// Why the daemon could not listen there.
    private static func socketMistake(_ path: [UInt8]) -> StreamError? {
        var status = clinux_file_status()
        if clinux_path_status(terminated(path), &status) == 0 { return status.kind == CLINUX_FILE_SOCKET ? nil : .notASocket }
        let error = directoryMistake(path)
        return error == 0 ? nil : .cannotListen(error)
    }

    /// Why the daemon could not write there; the rest of its work continues.
    private static func metricsMistake(_ path: [UInt8]) -> OutputError? {
        var status = clinux_file_status()
        if clinux_path_status(terminated(path), &status) == 0 {
            switch status.kind {
            case CLINUX_FILE_DIRECTORY: return .system(clinux_EISDIR)
            case CLINUX_FILE_STREAM, CLINUX_FILE_SOCKET: return .notRegularFile
            default: break
            }
        }
        let error = directoryMistake(path)
        return error == 0 ? nil : .system(error)
    }

    /// Why no file can be made by that absolute path: an errno value, or 0. Directories in /run come and go with what runs.
    private static func directoryMistake(_ path: [UInt8]) -> Int32 {
        if path.starts(with: bytes("/run/")) { return 0 }
        return clinux_directory_takes_files(terminated(path[...path.lastIndex(of: UInt8(ascii: "/"))!] + bytes(".")))
    }

    /// Of a model, with which all is prepared that the daemon needs of it.
    private static func description(
        of model: [UInt8], _ configuration: Configuration
    ) throws(ModelError) -> ModelDescription {
        let path = terminated(model)
        var settings = ModelSettings(
            resize: configuration.resizesAsUpstream ? .upstream : .fast, threads: configuration.threads)
        settings.rotation = Orientation(clockwise: configuration.rotation) ?? .upright
        settings.images = .live
        return try Model(path: path, settings: settings).description
    }
}
