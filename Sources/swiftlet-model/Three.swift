import ArgumentParser

/// Three whole numbers, with commas between them, on the command line.
struct Three: ExpressibleByArgument {
    var values: [Int]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, !parts.contains(nil) else { return nil }
        values = parts.map { $0! }
    }

    /// Throws where one of them is outside `range`.
    func validate(_ option: String, _ range: ClosedRange<Int>) throws {
        guard values.allSatisfy(range.contains) else {
            throw ValidationError("\(option) needs three numbers from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
