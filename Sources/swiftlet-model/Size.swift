import ArgumentParser

/// WIDTHxHEIGHT in pixels on the command line.
struct Size: ExpressibleByArgument {
    var width: Int
    var height: Int

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    init?(argument: String) {
        let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let width = parts[0], let height = parts[1], width > 0, height > 0 else { return nil }
        self.init(width: width, height: height)
    }

    var defaultValueDescription: String { "\(width)x\(height)" }

    /// Throws where no network takes an input of this size.
    func validate() throws {
        let sides = ModelDescription.inputSides
        guard sides.contains(width), sides.contains(height) else {
            throw ValidationError("--size needs a width and a height of \(sides.lowerBound) to \(sides.upperBound)")
        }
    }

    var image: ImageSize { ImageSize(width: width, height: height) }
}
