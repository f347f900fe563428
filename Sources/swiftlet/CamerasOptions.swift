import Camera
import Service
import Vision

/// The command line of `swiftlet cameras`.
struct CamerasOptions {
    /// What the daemon's option of the same name says.
    var camera: UnsafePointer<CChar>?
    var size: PictureSize?
    var format: PixelFormat?
    var rate: Double?
    var network = PictureSize(width: 320, height: 320)
    var isJSON = false

    private enum ID {
        case camera, size, format, rate, network, json, help
    }

    private static var table: [CommandLineOption<ID>] {
        [
            .init(.camera, "camera", short: "c", argument: "NAME", help: "the one that swiftletd is told to take"),
            .init(.size, "size", argument: "WxH", help: "the size that swiftletd is told to take"),
            .init(.format, "format", argument: "FORMAT", help: "the format that swiftletd is told to take"),
            .init(.rate, "rate", argument: "FPS", help: "the rate that swiftletd is told to keep"),
            .init(.network, "network", argument: "WxH", help: "size of the network's input (default 320x320)"),
            .init(.json, "json", help: "one line of JSON"),
            .init(.help, "help", short: "h", help: "this text"),
        ]
    }

    /// Reads the arguments, of which the first is the command's name. Ends the process after `--help` and on a mistake.
    static func parse(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> CamerasOptions {
        parseOrExit(table, count: count, arguments: arguments, log, command: "cameras", read)
    }

    private static func read(
        _ line: inout CommandLineParser<ID>, _ log: Log
    ) throws(CommandLineError) -> CamerasOptions {
        var options = CamerasOptions()
        while let option = try line.next() {
            switch option {
            case .camera: options.camera = line.text
            case .size: options.size = try line.value(.size).size
            case .format: options.format = try line.value(.format).format
            case .rate: options.rate = try line.value(.number(Configuration.rateRange)).number
            case .network: options.network = try line.value(.size).size
            case .json: options.isJSON = true
            case .help:
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
        }
        try line.requireNoOperands()
        return options
    }

    private static var usage: String {
        """
        usage: swiftlet cameras [OPTION]...

        Lists the cameras of this machine by the names that stay the same, what they
        offer of what swiftletd reads, and which camera and mode it takes (marked *).


        """
    }

    private static var examples: String {
        """

        examples:
          swiftlet cameras
          swiftlet cameras --camera usb-046d_0825-video-index0 --size 1280x720

        exit codes: 0; 64 wrong command line; 66 no camera to take

        """
    }
}
