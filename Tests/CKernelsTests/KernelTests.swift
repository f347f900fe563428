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

    @Test func allHalfPrecisionPathsAreThere() {
        var check = Check()
        HalfKernelChecks.allPathsAreThere(&check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
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

    @Test func int8PathsAgree() {
        var check = Check(), checks = Int8KernelChecks()
        for seed in UInt64(1)...60 { checks.paths(seed: seed, &check) }
        checks.allPathsRan(&check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    @Test func emulatedInt8PathAgrees() {
        var check = Check()
        for seed in UInt64(1)...60 { Int8KernelChecks().emulatedPath(seed: seed, &check) }
        #expect(check.failureCount == 0, "\(check.messages)")
    }

    @Test(arguments: UInt64(1)...24) func int8EqualsDoublePrecision(seed: UInt64) {
        var check = Check()
        Int8ReferenceChecks.all(seed: seed, &check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    @Test func int8TablesEqualTheirFunctions() {
        var check = Check()
        Int8ReferenceChecks.tables(&check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    @Test(arguments: UInt64(1)...40) func imageKernels(seed: UInt64) {
        var check = Check(), kernels = ImageKernelChecks(seed: seed), layouts = PixelViewChecks(seed: seed)
        kernels.paths(&check)
        layouts.layouts(&check)
        #expect(check.passCount > 0 && check.failureCount == 0, "\(check.messages)")
    }

    /// Without a call of `paths` every path is missing, the scalar one too.
    @Test func skippedPathsAreNoticed() {
        var check = Check()
        Int8KernelChecks().allPathsRan(&check)
        #expect(check.failureCount > 0)
    }
}
