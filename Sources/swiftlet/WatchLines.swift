/// What `swiftlet watch` says line by line, without any escape sequence.
enum WatchLines {
    /// A frame's detections; nil where there are none.
    static func frame(_ state: WatchState) -> String? {
        guard !state.detections.isEmpty else { return nil }
        var line = "frame \(state.sequence):"
        for (index, found) in state.detections.enumerated() {
            line += index > 0 ? ", " : " "
            line += "\(found.label) \(fixed(found.score, decimals: 2))"
            guard state.haveBoxes else { continue }
            line += " ("
            line += "\(whole(found.left)) \(whole(found.top)) \(whole(found.right)) \(whole(found.bottom)))"
        }
        if state.omitted > 0 { line += ", and \(state.omitted) more" }
        return line
    }

    static func whole(_ pixels: Double) -> String { fixed(pixels, decimals: 0) }
}
