/// A buffer that is needed from step `first` to step `last`, both included.
public struct BufferRequest: Sendable {
    /// As needed: the plan rounds it up to `LifetimePlanner.alignment`.
    public var byteCount: Int
    /// The step that writes it first.
    public var first: Int
    /// The last step that reads it, not before `first`.
    public var last: Int

    /// `first` is at most `last`; neither is checked.
    public init(byteCount: Int, first: Int, last: Int) {
        self.byteCount = byteCount
        self.first = first
        self.last = last
    }

    func lives(with other: BufferRequest) -> Bool { first <= other.last && other.first <= last }
}

/// Where every buffer lies in one arena.
public struct ArenaPlan: Sendable {
    /// The offset of each request, a multiple of `LifetimePlanner.alignment`.
    public let offsets: [Int]
    /// The size of the arena.
    public let byteCount: Int
    /// The largest sum of buffers alive at one step: no plan can need less.
    public let lowerBound: Int
}

/// Packs buffers with known lifetimes into one arena before the first frame.
///
/// Greedy by three orders, of which the best result is kept: in the order's sequence, each buffer goes into the lowest
/// gap between the buffers already placed that live at the same time (Pisarchyk and Lee, "Efficient Memory Management
/// for Deep Neural Net Inference", 2020, section 5).
public enum LifetimePlanner {
    /// In bytes: a cache line, which is also the widest vector.
    public static let alignment = 64

    /// The product of sizes; where it is more than a plan accepts, just more than that, which can still be aligned.
    public static func product(_ a: Int, _ b: Int, _ c: Int = 1) -> Int {
        let (two, overflowsTwo) = a.multipliedReportingOverflow(by: b)
        let (three, overflowsThree) = two.multipliedReportingOverflow(by: c)
        return overflowsTwo || overflowsThree ? largest + 1 : min(three, largest + 1)
    }

    /// Bytes of the largest buffer.
    private static var largest: Int { Int.max / 2 }

    /// The smallest multiple of `alignment` that is not below `byteCount`, which is not negative.
    public static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

    /// The sum of the aligned sizes must fit an `Int`; `nil` if it doesn't.
    public static func plan(_ requests: [BufferRequest]) -> ArenaPlan? {
        var aligned: [BufferRequest] = []
        aligned.reserveCapacity(requests.count)
        var total = 0
        for var request in requests {
            guard request.byteCount <= largest else { return nil }
            request.byteCount = Self.aligned(request.byteCount)
            let (sum, overflow) = total.addingReportingOverflow(request.byteCount)
            guard !overflow else { return nil }
            total = sum
            aligned.append(request)
        }

        var best: (offsets: [Int], byteCount: Int)?, sequence = Array(0..<requests.count)
        for order in Order.allCases {
            let candidate = place(aligned, &sequence, order: order)
            if best == nil || candidate.byteCount < best!.byteCount { best = candidate }
        }
        guard let best else { return nil }
        return ArenaPlan(offsets: best.offsets, byteCount: best.byteCount, lowerBound: lowerBound(aligned))
    }

    enum Order: CaseIterable {
        case largestFirst, longestFirst, earliestFirst
    }

    /// Places the requests in an order, into which it brings `sequence`, their numbers.
    private static func place(
        _ requests: [BufferRequest], _ sequence: inout [Int], order: Order
    ) -> (offsets: [Int], byteCount: Int) {
        func precedes(_ left: Int, _ right: Int) -> Bool {
            let (a, b) = (requests[left], requests[right])
            switch order {
            case .largestFirst:
                if a.byteCount != b.byteCount { return a.byteCount > b.byteCount }
            case .longestFirst:
                if a.last - a.first != b.last - b.first { return a.last - a.first > b.last - b.first }
                if a.byteCount != b.byteCount { return a.byteCount > b.byteCount }
            case .earliestFirst:
                if a.first != b.first { return a.first < b.first }
                if a.byteCount != b.byteCount { return a.byteCount > b.byteCount }
            }
            return left < right
        }
        // By insertion: the library would sort in memory of its own.
        for index in sequence.indices {
            var places = 0..<index
            while !places.isEmpty {
                let middle = (places.lowerBound + places.upperBound) / 2
                places =
                    precedes(sequence[index], sequence[middle])
                    ? places.lowerBound..<middle : middle + 1..<places.upperBound
            }
            sequence.insert(sequence.remove(at: index), at: places.lowerBound)
        }

        var offsets = [Int](repeating: 0, count: requests.count)
        var byteCount = 0
        // Placed buffers by ascending offset.
        var placed: [Int] = []
        placed.reserveCapacity(requests.count)
        for index in sequence {
            var offset = 0
            for other in placed where requests[other].lives(with: requests[index]) {
                if offsets[other] - offset >= requests[index].byteCount { break }
                offset = max(offset, offsets[other] + requests[other].byteCount)
            }
            offsets[index] = offset
            byteCount = max(byteCount, offset + requests[index].byteCount)
            let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
            placed.insert(index, at: position)
        }
        return (offsets, byteCount)
    }

    private static func lowerBound(_ requests: [BufferRequest]) -> Int {
        var bound = 0
        for request in requests {
            // The sum of live buffers only grows where one begins.
            var alive = 0
            for other in requests where other.first <= request.first && other.last >= request.first {
                alive += other.byteCount
            }
            bound = max(bound, alive)
        }
        return bound
    }
}
