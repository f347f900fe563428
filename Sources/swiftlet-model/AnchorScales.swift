import ArgumentParser

/// MIN,MAX on the command line: the two scales of `AnchorLayout`.
struct AnchorScales: ExpressibleByArgument {
    /// Shares of the image's side, the first one smaller.
    var minimum: Double
    var maximum: Double

    init(of layout: AnchorLayout) {
        minimum = layout.minimumScale
        maximum = layout.maximumScale
    }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard parts.count == 2, let minimum = parts[0], let maximum = parts[1] else { return nil }
        self.minimum = minimum
        self.maximum = maximum
    }

    var defaultValueDescription: String { "\(minimum),\(maximum)" }

    /// Throws where these are no scales of anchors.
    func validate() throws {
        guard minimum > 0, maximum > minimum, maximum <= 2 else {
            throw ValidationError("--anchor-scales needs two numbers above 0 and up to 2, the smaller one first")
        }
    }

    /// As published, between these scales.
    var layout: AnchorLayout {
        AnchorLayout(minimumScale: minimum, maximumScale: maximum)
    }
}
