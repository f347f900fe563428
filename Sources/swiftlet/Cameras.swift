/// `swiftlet cameras`: what there is to capture from, and what the daemon would take.
enum Cameras {
    static func run(_ options: CamerasOptions, _ log: Log) -> ExitCode {
        let request = CaptureRequest(
            networkWidth: options.network.width, networkHeight: options.network.height, width: options.size?.width,
            height: options.size?.height, rate: options.rate, format: options.format)
        let list = DeviceList(request: request)
        let chosen = list.chosen(by: CameraSelector(name: options.camera.map { bytes($0) }))
        let mode = chosen.flatMap { request.best(of: list.devices[$0].modes) }
        let output = Output(log: log)
        if options.isJSON {
            writeJSON(list, chosen, mode, to: output)
        } else {
            for index in list.devices.indices {
                write(list.devices[index], isChosen: index == chosen, mode: index == chosen ? mode : nil, to: output)
            }
        }
        for rejection in list.rejections {
            log.warning(CameraError.driver(.open, rejection.error).message(source: text(rejection.node)))
        }
        if mode != nil { return .success }
        let name = options.camera.map { text($0) } ?? CameraError.anyCamera
        var error = CameraError.noCamera
        if let chosen {
            let format = list.devices[chosen].modes.isEmpty ? nil : options.format
            error = format.map { .formatNotOffered($0) } ?? .noFormat
        }
        log.error(error.message(source: name))
        return .noInput
    }

    private static func write(_ device: DeviceList.Device, isChosen: Bool, mode: Int?, to output: Output) {
        let identity = device.identity
        output.write("\(isChosen ? "*" : " ") \(printable(text(identity.name)))\n")
        for (title, value) in [
            ("card", identity.card), ("by id", identity.byID), ("by path", identity.byPath), ("bus", identity.bus),
            ("driver", device.driver),
        ] where !value.isEmpty {
            output.write("    \(padded(title, to: 8)) \(printable(text(value)))\n")
        }
        output.write("    \(padded("node", to: 8)) \(printable(text(identity.node)))\n")
        for (index, offered) in device.modes.enumerated() {
            let size = padded("\(offered.width)x\(offered.height)", to: 10)
            let rate = offered.rate > 0 ? "\(fixed(offered.rate, decimals: 1)) frames per second" : ""
            let line = "\(index == mode ? "  *" : "   ") \(padded("\(offered.format.name)", to: 8))\(size) \(rate)"
            output.write(line + (offered.isConverted ? "  by libv4l\n" : "\n"))
        }
        if device.modes.isEmpty { output.write("    offers nothing that is read here\n") }
    }

    private static func writeJSON(_ list: DeviceList, _ chosen: Int?, _ mode: Int?, to output: Output) {
        var json = JSONWriter(capacity: 1 << 20)
        json.beginObject()
        json.beginArray("cameras")
        for (index, device) in list.devices.enumerated() {
            json.beginObject()
            for (key, value) in [
                ("name" as StaticString, device.identity.name), ("card", device.identity.card),
                ("by_id", device.identity.byID), ("by_path", device.identity.byPath), ("bus", device.identity.bus),
                ("driver", device.driver), ("node", device.identity.node),
            ] {
                json.string(key, value)
            }
            json.boolean("chosen", index == chosen)
            json.beginArray("modes")
            for (position, offered) in device.modes.enumerated() {
                json.beginObject()
                json.string("format", offered.format.name)
                json.boolean("is_converted", offered.isConverted)
                json.integer("width_px", offered.width)
                json.integer("height_px", offered.height)
                json.decimal("rate_fps", offered.rate, decimals: 3)
                json.boolean("chosen", index == chosen && position == mode)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.beginArray("refused")
        for rejection in list.rejections { json.string(rejection.node) }
        json.endArray()
        json.endObject()
        output.write(&json)
    }
}
