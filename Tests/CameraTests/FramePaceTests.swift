import Camera
import Testing

@Suite struct FramePaceTests {
    @Test func aHigherRateHoldsFromTheLastFrameOn() {
        var pace = FramePace(period: 50_000)
        #expect(pace.next == 0)
        pace.take(at: 1_000)
        #expect(pace.next == 51_000)
        pace.change(to: 100)
        #expect(pace.next == 1_100)
        pace.change(to: 2_000)
        #expect(pace.next == 3_000)
        pace.change(to: 0)
        let isDue = pace.takesFrame(at: 1_000)
        #expect(isDue)
    }

    @Test func framesThatComeByThemselvesKeepTheRateOnAverage() {
        // A camera of 30 frames a second, of which 10, 12.5 and 30 are wanted: that many come in 100 s, and never more than
        // one of them early.
        for (period, wanted) in [(100_000_000, 1000), (80_000_000, 1250), (0, 3000)] as [(UInt64, Int)] {
            var pace = FramePace(period: period)
            var taken: [UInt64] = []
            for frame in 0..<UInt64(3000) {
                let now = 5_000_000_000 + frame * 33_333_333
                if pace.takesFrame(at: now) { taken.append(now) }
            }
            #expect(abs(taken.count - wanted) <= 1)
            let distances = zip(taken.dropFirst(2), taken).map { $0 - $1 }
            #expect(distances.min()! + 33_333_334 > period)
        }
        // After a pause of seconds the missed ones do not come at once.
        var pace = FramePace(period: 1_000)
        let taken = [10_000, 90_000, 90_001, 90_002, 90_999].map { pace.takesFrame(at: $0) }
        #expect(taken == [true, true, true, false, false])
    }

    @Test func aFrameThatCannotBeUsedCostsNoTurn() {
        var pace = FramePace(period: 1_000)
        pace.take(at: 5_000)
        let early = pace.takesFrame(at: 5_900), due = pace.takesFrame(at: 6_000)
        #expect(!early && due)
        pace.giveBack()
        #expect(pace.next == 6_000)
        let again = pace.takesFrame(at: 6_001)
        #expect(again)
        // A new period counts from the frame that was used.
        pace.giveBack()
        pace.change(to: 10)
        #expect(pace.next == 5_010)
    }
}
