/// Collects what went wrong in checks that run both in the host's tests and, as Embedded Swift, on the board.
public struct Check {
    /// The first failures in words; `failureCount` counts all.
    public private(set) var messages: [String] = []
    public private(set) var failureCount = 0
    public private(set) var passCount = 0

    public init() {}

    public mutating func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        guard !condition else {
            passCount += 1
            return
        }
        failureCount += 1
        if messages.count < 10 { messages.append(message()) }
    }

    /// Whether `found` differs from `expected` by at most `tolerance`, absolute or relative, whichever is larger.
    public mutating func expectClose(
        _ found: Float, _ expected: Double, tolerance: Double = 1e-5, _ what: @autoclosure () -> String
    ) {
        let difference = (Double(found) - expected).magnitude
        expect(
            difference <= tolerance * max(1, expected.magnitude), "\(what()): \(found), expected \(Float(expected))")
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The same on every processor: of 32 bits, the standard library's way through the generator is another.
    public mutating func integer(_ range: ClosedRange<Int>) -> Int {
        Int(Int64.random(in: Int64(range.lowerBound)...Int64(range.upperBound), using: &self))
    }
}
