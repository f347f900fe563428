import ArgumentParser

/// Three whole numbers, with commas between them, on the command line.
struct Three: ExpressibleByArgument {
    var values: [Int]

    init?(argument: String) {
        guard let values: [Int] = numbers(3, in: argument) else { return nil }
        self.values = values
    }

    /// Throws where one of them is outside `range`.
    func validate(_ option: String, _ range: ClosedRange<Int>) throws {
        guard values.allSatisfy(range.contains) else {
            throw ValidationError("\(option) needs three numbers from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

/// So many numbers with commas between them; nil for anything else.
func numbers<Number: LosslessStringConvertible>(_ count: Int, in argument: String) -> [Number]? {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Number(String($0)) }
    return parts.count == count && numbers.count == count ? numbers : nil
}
