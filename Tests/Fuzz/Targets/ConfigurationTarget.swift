@testable import Settings
@testable import Service

/// A daemon's configuration file.
struct ConfigurationTarget: FuzzTarget {
    static let name = "configuration"
    static let longest = 16_384
    static let seeds = ["systemd/swiftlet.conf"]

    private let labels: [ArraySlice<UInt8>] = ["background", "king", "cat, tabby", "a=b", "king"].map { ArraySlice($0.utf8) }

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let reader = ConfigurationReader.read(bytes)
        for mistake in reader.mistakes { _ = mistake.message(file: "F") }
        let all = reader.configuration
        guard reader.mistakes.isEmpty else { return }
        _ = all.mistakes(for: labels).map { $0.message(file: "F") }
        _ = DetectionFilter(all, labels: labels)
        // What `swiftlet check` prints is a configuration that says the same.
        let text = all.text
        let again = Array(text.utf8).withUnsafeBytes { ConfigurationReader.read($0) }
        let other = again.configuration
        guard again.mistakes.isEmpty, again.unfinished == nil, other.text == text,
            other.classes?.map(\.label) == all.classes?.map(\.label), other.zones.map(\.name) == all.zones.map(\.name),
            other.classThresholds.map(\.name.label) == all.classThresholds.map(\.name.label),
            other.cameraName == all.cameraName, other.modelPath == all.modelPath, other.socketPath == all.socketPath
        else { fatalError("read again it is another configuration:\n\(text)") }
    }
}
