/// One prepared operation of any precision.
enum Step {
    case float(FloatStep)
    case half(HalfStep)
    case int8(Int8Step)

    /// Computes one of `parts` equal parts of the output. The parts write different rows and may run at the same time;
    /// what they write does not depend on how many there are.
    func run(part: Int, of parts: Int) {
        switch self {
        case .float(let step): step.run(part: part, of: parts)
        case .half(let step): step.run(part: part, of: parts)
        case .int8(let step): step.run(part: part, of: parts)
        }
    }

    /// The part of `count` rows that one of `parts` computes, in whole units but for the last.
    static func slice(_ count: Int, unit: Int = 1, part: Int, of parts: Int) -> Range<Int> {
        let units = (count + unit - 1) / unit
        return min(units * part / parts * unit, count)..<min(units * (part + 1) / parts * unit, count)
    }
}

/// The steps of one run, in order.
struct Schedule {
    private(set) var steps: [Step] = []
    /// By step: whether all parts must be complete before any goes on.
    private(set) var meets: [Bool] = []

    mutating func append(_ step: Step, meetsAfter: Bool) {
        steps.append(step)
        meets.append(meetsAfter)
    }
}
