/// The command line of `swiftlet cameras`.
struct CamerasOptions: CommandOptions {
    static var name: StaticString { "cameras" }
    static var summary: StaticString { "list cameras, their modes, and what the daemon selects" }

    /// What the daemon's option of the same name says.
    var camera: UnsafePointer<CChar>?
    var size: ImageSize?
    var format: PixelFormat?
    var rate: Double?
    var network = ImageSize(width: 320, height: 320)
    var isJSON = false

    static var rows: [OptionRow<Self>] {
        [
            .init(.init("camera", short: "c", argument: "NAME", help: "camera to select, as swiftletd would")) {
                $0.camera = $1.argument
            },
            .init(.init("size", argument: "WxH", .size, help: "frame size to select, as swiftletd would")) { $0.size = $1.size },
            .init(.init("format", argument: "FORMAT", .format, help: "frame format to select, as swiftletd would")) {
                $0.format = $1.format
            },
            .init(
                .init("rate", argument: "FPS", .number(Configuration.rateRange), help: "frame rate to select, as swiftletd would")
            ) { $0.rate = $1.number },
            .init(.init("network", argument: "WxH", .size, help: "network's input size (default: 320x320)")) {
                $0.network = $1.size
            },
            .json("one line of JSON") { options, _ in options.isJSON = true },
        ]
    }

    func run(_ log: Log) -> ExitCode { Cameras.run(self, log) }

    static var help: StaticString {
        """
        usage: swiftlet cameras [OPTION]...

        Lists the cameras by names that do not depend on the port, their supported
        modes, and the camera and mode that swiftletd selects (marked *).

        {options}

        examples:
          swiftlet cameras
          swiftlet cameras --camera usb-046d_0825-video-index0 --size 1280x720

        exit codes: 0; 64 wrong command line; 66 no usable camera

        """
    }
}
