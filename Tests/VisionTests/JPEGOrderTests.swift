import DeviceChecks
import Testing

@Suite struct JPEGOrderTests {
    @Test func everyOrderGivesEachImageWhatItGivesAlone() {
        var check = Check()
        JPEGOrderChecks.anyOrder(permutations: 1000, &check)
        #expect(check.failureCount == 0, "\(check.messages)")
    }

    @Test func tablesAreUsedAgain() {
        var check = Check()
        JPEGOrderChecks.manyFrames(20_000, count: { 0 }, &check)
        #expect(check.failureCount == 0, "\(check.messages)")
    }
}
