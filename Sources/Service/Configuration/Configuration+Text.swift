import Camera
import Vision

extension Configuration {
    /// All settings as a configuration file: what the file said, and the defaults for the rest.
    public var text: String {
        var lines = "[model]\n"
        lines += setting("path", modelPath)
        lines += "threads = \(threads)\n\n[camera]\n"
        lines += setting("name", cameraName)
        lines += setting("size", cameraSize.map { bytes("\($0.width)x\($0.height)") })
        lines += setting("format", cameraFormat.map { bytes("\($0.name)") })
        lines += "timeout = \(cameraTimeout)\nrotate = \(rotation)\n"
        lines += setting("rate", rate.map { bytes("\($0)") })
        lines += "\n[detect]\nthreshold = \(threshold)\nlimit = \(limit)\n"
        lines += "resize = \(resizesAsUpstream ? "upstream" : "fast")\n"
        if let classes {
            var separator: StaticString = "classes = "
            for name in classes {
                lines += "\(separator)\(iniText(name.label))"
                separator = ", "
            }
            lines += "\n"
        } else {
            lines += setting("classes", nil)
        }
        if !classThresholds.isEmpty {
            lines += "\n[threshold]\n"
            for setting in classThresholds { lines += "\(iniText(setting.name.label)) = \(setting.threshold)\n" }
        }
        for zone in zones {
            lines += "\n[zone \(iniText(zone.name))]\n"
            if let include = zone.include { lines += "include = \(include.text)\n" }
            if let exclude = zone.exclude { lines += "exclude = \(exclude.text)\n" }
        }
        lines += "\n[stream]\n" + setting("socket", socketPath)
        lines += "snapshots = \(allowsSnapshots ? "yes" : "no")\n"
        lines += "\n[metrics]\n" + setting("file", metricsPath)
        return lines
    }

    /// A key that is not set is a comment.
    private func setting(_ key: StaticString, _ value: [UInt8]?) -> String {
        guard let value else { return "; \(key) is not set\n" }
        return "\(key) = \(iniText(value))\n"
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
}

extension Configuration.Rectangle {
    fileprivate var text: String { "\(left) \(top) \(right) \(bottom)" }
}
