/// What this machine's service is configured with: what commands go by where their command line names no model.
struct Installed {
    /// The model file's path.
    let model: UnsafePointer<CChar>
    private let configuration: Configuration

    /// Reads the configuration of the service. Ends the process where there is none, where it has mistakes, and where it
    /// names no model.
    init(for command: StaticString, _ log: Log) {
        let path = Self.path
        var status = clinux_file_status()
        if clinux_path_status(path, &status) == clinux_ENOENT {
            usageError("swiftlet \(command)", "name a model with --model FILE: there is no \(text(path)) to take one from", log)
        }
        do throws(FileError) {
            let reader = try ConfigurationReader.read(path: path)
            for mistake in reader.mistakes { log.error(mistake.message(file: text(path))) }
            if !reader.mistakes.isEmpty { ExitCode.configuration.exit() }
            configuration = reader.configuration
        } catch {
            log.error("\(text(path)): \(error.message)")
            error.exitCode.exit()
        }
        guard let path = configuration.modelPath else {
            usageError("swiftlet \(command)", "name a model with --model FILE: \(text(Self.path)) has no path in [model]", log)
        }
        model = cString(path)
    }

    /// Where the service's configuration lies.
    static var path: UnsafePointer<CChar> { cString(Configuration.defaultPath) }

    /// Sets what the configuration says of scores and of their number.
    func apply(to settings: inout ModelSettings) {
        settings.threshold = configuration.givenThreshold
        settings.limit = configuration.givenLimit
        settings.classThresholds = configuration.classThresholds.map { .init(label: $0.name.label, threshold: $0.threshold) }
    }
}
