import ArgumentParser

/// MIN,MAX on the command line: the two scales of `AnchorLayout`.
struct AnchorScales: ExpressibleByArgument {
    /// Shares of the image's side, the first one smaller.
    var minimum: Double
    var maximum: Double

    init?(argument: String) {
        guard let scales: [Double] = numbers(2, in: argument) else { return nil }
        (minimum, maximum) = (scales[0], scales[1])
    }

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
