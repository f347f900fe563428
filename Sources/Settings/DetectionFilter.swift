/// Which detections count, by a configuration: what the decoder is told beforehand, and what is skipped of what it
/// finds. Made where allocation is allowed; using it allocates nothing.
public struct DetectionFilter {
    /// For the decoder, one per class. No score is more than that of a class that is not wanted.
    public let thresholds: [Float]
    /// The best this many of what is kept. The decoder must not apply it: what the zones skip does not count.
    public let limit: Int
    private let zones: [Configuration.Zone]
    private let hasIncludes: Bool

    /// - Parameter labels: the model's, UTF-8. What it has no class for has no effect: ask
    ///   `Configuration.mistakes(for:)` first.
    public init(_ configuration: Configuration, labels: [ArraySlice<UInt8>]) {
        var thresholds = [Float](repeating: configuration.threshold, count: labels.count)
        // Labels may repeat; a setting is for all of that name.
        let sorted = SortedLabels(labels)
        for setting in configuration.classThresholds {
            for index in sorted.places(of: setting.name.label) { thresholds[index] = setting.threshold }
        }
        if let classes = configuration.classes {
            var isWanted = [Bool](repeating: false, count: labels.count)
            for name in classes {
                for index in sorted.places(of: name.label) { isWanted[index] = true }
            }
            for index in labels.indices where !isWanted[index] { thresholds[index] = .infinity }
        }
        self.thresholds = thresholds
        limit = configuration.limit
        zones = configuration.zones
        hasIncludes = zones.contains { $0.include != nil }
    }

    /// Whether the middle of a detection's box lies where detections count: in one of the included rectangles, where
    /// there are any, and in none of the excluded ones.
    public func keeps(_ detection: Detection) -> Bool {
        if zones.isEmpty { return true }
        let box = detection.box
        let (x, y) = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        var isIncluded = !hasIncludes
        for zone in zones {
            if let exclude = zone.exclude, exclude.contains(x, y) { return false }
            if let include = zone.include, include.contains(x, y) { isIncluded = true }
        }
        return isIncluded
    }
}
