extension Configuration {
    /// All settings as a configuration file: what the file said, and the defaults for the rest.
    public var text: String {
        var lines = ""
        var section: StaticString = ""
        for setting in Setting.all {
            let (entry, value) = (setting.entry, setting.value(self))
            if bytes(entry.section) != bytes(section) {
                if bytes(section) == bytes("detect") { lines += classesAndZones }
                section = entry.section
                lines += (lines.isEmpty ? "" : "\n") + "[\(section)]\n"
            }
            // A key that is not set is a comment.
            lines += value.map { "\(entry.key) = \(entry.kind.text(of: $0))\n" } ?? "; \(entry.key) is not set\n"
        }
        return lines
    }

    /// The sections whose keys or names are the user's.
    private var classesAndZones: String {
        var lines = classThresholds.isEmpty ? "" : "\n[threshold]\n"
        for setting in classThresholds { lines += "\(iniText(setting.name.label)) = \(setting.threshold)\n" }
        for zone in zones {
            lines += "\n[zone \(iniText(zone.name))]\n"
            if let area = zone.include { lines += "include = \(ValueKind.rectangle.text(of: .rectangle(area)))\n" }
            if let area = zone.exclude { lines += "exclude = \(ValueKind.rectangle.text(of: .rectangle(area)))\n" }
        }
        return lines
    }
}
