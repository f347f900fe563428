import ArgumentParser

/// A number for each channel, with commas between them, on the command line.
struct ChannelStatistics: ExpressibleByArgument {
    var values: InlineArray<3, Float>

    init?(argument: String) {
        guard let values: [Float] = numbers(3, in: argument), values.allSatisfy(\.isFinite) else { return nil }
        self.values = [values[0], values[1], values[2]]
    }

    /// Throws where one of them is no such share.
    func validate(_ option: String, isDivisor: Bool) throws {
        for index in values.indices {
            guard abs(values[index]) <= 1, !isDivisor || values[index] >= 0.001 else {
                let range = isDivisor ? "0.001 to 1" : "-1 to 1"
                throw ValidationError("\(option) needs three numbers from \(range): shares of a channel's largest value")
            }
        }
    }
}
