import ArgumentParser

/// WIDTHxHEIGHT in pixels on the command line.
struct Size {
    var width: Int
    var height: Int

    var image: ImageSize { ImageSize(width: width, height: height) }
}

extension Size: ExpressibleByArgument {
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
}
