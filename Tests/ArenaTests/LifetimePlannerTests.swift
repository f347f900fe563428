import Arena
import DeviceChecks
import Testing

@Suite struct LifetimePlannerTests {
    /// Buffers alive at the same time never share a byte, offsets are aligned, and the size is what the plan says.
    @Test(arguments: UInt64(1)...200) func plansAreValid(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let requests = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
            let first = Int.random(in: 0...30, using: &generator)
            return BufferRequest(
                byteCount: Int.random(in: 1...5000, using: &generator), first: first,
                last: first + Int.random(in: 0...10, using: &generator))
        }
        let plan = try #require(LifetimePlanner.plan(requests))
        var end = 0
        for (index, request) in requests.enumerated() {
            #expect(plan.offsets[index] % 64 == 0)
            end = max(end, plan.offsets[index] + (request.byteCount + 63) / 64 * 64)
            for other in 0..<index {
                let together = request.first <= requests[other].last && requests[other].first <= request.last
                let apart =
                    plan.offsets[index] + request.byteCount <= plan.offsets[other]
                    || plan.offsets[other] + requests[other].byteCount <= plan.offsets[index]
                #expect(!together || apart)
            }
        }
        #expect(end == plan.byteCount)
        let bound = (0...40).map { step in
            requests.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 }
        }.max()
        #expect(plan.lowerBound == bound)
        #expect(plan.byteCount >= plan.lowerBound)
    }

    /// A chain in which only two neighbours live at once needs the largest pair, not the sum.
    @Test func chainsReuseMemory() throws {
        let sizes = [640, 1280, 320, 1280, 64]
        let plan = try #require(
            LifetimePlanner.plan(
                sizes.enumerated().map { BufferRequest(byteCount: $1, first: $0, last: $0 + 1) }))
        #expect(plan.byteCount == 1920)
    }

    @Test func sizesBeyondTheAddressSpaceAreRejected() {
        let half = BufferRequest(byteCount: Int.max / 2, first: 0, last: 1)
        #expect(LifetimePlanner.plan([half, half, half]) == nil)
    }
}
