import CLinux
import Model
import Engine
import Service
import Vision

/// The command line of `swiftlet detect`.
struct DetectOptions {
    var model: UnsafePointer<CChar>?
    var settings = ModelSettings(threads: Engine.defaultThreads)
    var isJSON = false
    /// Where annotated pictures go.
    var annotate: UnsafePointer<CChar>?
    var sources: [UnsafePointer<CChar>] = []

    private enum ID {
        case model, threshold, classThreshold, limit, resize, rotate, threads, json, annotate, help
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.model, "model", short: "m", argument: "FILE", help: "model file (default: the service's)"),
            .init(.threshold, "threshold", short: "t", argument: "T", help: "minimum score, 0 to 1 (default 0.3)"),
            .init(
                .classThreshold, "class-threshold", argument: "LABEL=T",
                help: "minimum score of one class; may be repeated"),
            .init(.limit, "limit", argument: "N", help: "most detections per picture, the best ones"),
            .init(
                .resize, "resize", argument: "fast|upstream",
                help: "quick, or as the model was evaluated (default)"),
            .init(.rotate, "rotate", argument: "90|180|270", help: "turn pictures clockwise first"),
            .init(.threads, "threads", argument: "N", help: "to compute with (default: all processors)"),
            .init(.json, "json", help: "one line of JSON per picture"),
            .init(
                .annotate, "annotate", short: "a", argument: "OUT",
                help: "draw boxes: a JPEG, or a folder for several"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> DetectOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "detect", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> DetectOptions {
        var options = DetectOptions()
        var threshold: Float?
        var limit: Int?
        var classThresholds: [ModelSettings.ClassThreshold] = []
        while let option = try line.next() {
            switch option {
            case .model: options.model = line.text
            case .threshold: threshold = try line.value(.score).score
            case .classThreshold: classThresholds.append(classThreshold(line.text, log))
            case .limit: limit = try line.value(.integer(1...1_000_000)).integer
            case .resize: options.settings.resize = try line.value(.choice(.resize)).choice == 0 ? .fast : .upstream
            case .rotate: options.settings.rotation = Orientation(clockwise: 90 * (try line.value(.choice(.rotation)).choice))!
            case .threads: options.settings.threads = try line.value(.integer(1...Int64(Engine.mostThreads))).integer
            case .json: options.isJSON = true
            case .annotate: options.annotate = line.text
            case .help:
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
        }
        options.sources = line.operands
        if options.sources.isEmpty { usageError(log, "detect", "name a picture, a folder of pictures, or - for stdin") }
        if options.model == nil {
            let installed = Installed(for: "detect", log)
            options.model = installed.model
            installed.apply(to: &options.settings)
        }
        if let threshold { options.settings.threshold = threshold }
        if let limit { options.settings.limit = limit }
        options.settings.classThresholds += classThresholds
        return options
    }

    /// LABEL=T; the label may hold equals signs.
    private static func classThreshold(
        _ argument: UnsafePointer<CChar>, _ log: Log
    ) -> ModelSettings.ClassThreshold {
        let text = bytes(argument)
        var threshold = 0.0
        guard let separator = text.lastIndex(of: UInt8(ascii: "=")), separator > 0,
            clinux_parse_number(argument + separator + 1, &threshold) == 0, (0...1).contains(threshold)
        else {
            usageError(log, "detect", "--class-threshold wants LABEL=T with T from 0 to 1, not '\(Service.text(argument))'")
        }
        return .init(label: Array(text[..<separator]), threshold: Float(threshold))
    }

    private static var usage: String {
        """
        usage: swiftlet detect [OPTION]... PICTURE...

        Finds objects in JPEGs, in folders of them, and in MJPEG files. Boxes are in
        pixels of the upright picture: left, top, right, bottom. Without --model the
        model, thresholds and limit are those of /etc/swiftlet/swiftlet.conf.


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet detect photo.jpg
          swiftlet detect -m detector.gguf --annotate seen.jpg photo.jpg
          swiftlet detect -m detector.gguf --json --class-threshold person=0.6 photos/

        exit codes: 0; 64 wrong command line; 65 bad model or picture; 66 no such file;
        73 OUT cannot be written; 77 no permission; 78 bad configuration

        """
    }
}
