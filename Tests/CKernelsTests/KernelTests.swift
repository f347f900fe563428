import DeviceChecks
import Testing

@Suite struct KernelTests {
    @Test(arguments: UInt64(1)...24) func equalDoublePrecision(seed: UInt64) {
        var check = Check()
        KernelChecks.all(seed: seed, &check)
        #expect(check.failureCount == 0, "\(check.messages)")
    }

    @Test(arguments: UInt64(1)...24) func halfPrecisionPaths(seed: UInt64) {
        for path in HalfKernelChecks.paths {
            var check = Check()
            path.all(seed: seed, &check)
            if seed == 1 { path.extremes(&check) }
            #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
        }
    }

    @Test func notANumberStaysInItsRow() {
        var check = Check()
        KernelChecks.notANumber(&check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    @Test func halfPrecisionIsExact() {
        var check = Check()
        KernelChecks.halfPrecision(&check)
        #expect(check.failureCount == 0, "\(check.messages)")
    }
}
