import CAllocationCounter
import CLinux
import DeviceChecks
import Model

/// Runs the checks that matter on the board: swiftlet-device-tests FIXTURES MODELS, or only those of the networks whose
/// goldens are published: swiftlet-device-tests --published GOLDENS MODELS. Exit code 0 if all pass.
@main struct DeviceTests {
    private var passed = 0
    private var failed = 0

    static func main() {
        let arguments = (0..<Int(clinux_argument_count())).dropFirst().map { String(cString: clinux_argument_values()[$0]!) }
        var tests = DeviceTests()
        if arguments.count == 2 {
            tests.run(fixtures: arguments[0], models: arguments[1])
        } else if arguments.count == 3, arguments[0].utf8.elementsEqual("--published".utf8) {
            tests.family(FamilyChecks.published, goldens: arguments[1], models: arguments[2])
        } else {
            print("usage: swiftlet-device-tests FIXTURES MODELS")
            print("       swiftlet-device-tests --published GOLDENS MODELS")
            print("FIXTURES is Tests/Fixtures; MODELS holds xxs-ssd.gguf and v2-0.5-ssd.gguf, imported from its goldens,")
            print("and each with fp16 weights (suffix -fp16) and in int8 (suffix -int8), and all other networks of its goldens")
            print("in the directory narrow, a model for each run and again in int8. GOLDENS holds goldens of published")
            print("networks, and MODELS then a model for each of their runs. toolchains/test makes all of these.")
            clinux_exit(64)
        }
        print("device tests: \(tests.passed) passed, \(tests.failed) failed")
        clinux_exit(tests.failed == 0 ? 0 : 1)
    }

    private mutating func run(fixtures: String, models: String) {
        suite("kernels") { check in
            for seed in UInt64(1)...24 { KernelChecks.all(seed: seed, &check) }
        }
        suite("not a number") { KernelChecks.notANumber(&$0) }
        for path in HalfKernelChecks.paths {
            print("fp16 kernels: \(path.name)")
            suite("fp16 kernels") { check in
                for seed in UInt64(1)...24 { path.all(seed: seed, &check) }
            }
            suite("fp16 extremes") { path.extremes(&$0) }
        }
        suite("fp16 paths") { HalfKernelChecks.allPathsAreThere(&$0) }
        suite("half precision") { KernelChecks.halfPrecision(&$0) }
        suite("int8 kernels") { check in
            var checks = Int8KernelChecks()
            for seed in UInt64(1)...60 { checks.paths(seed: seed, &check) }
            checks.allPathsRan(&check)
        }
        suite("int8 kernels against double precision") { check in
            Int8ReferenceChecks.tables(&check)
            for seed in UInt64(1)...24 { Int8ReferenceChecks.all(seed: seed, &check) }
        }
        suite("sizes beyond a board") { check in
            SizeChecks.largestNetwork(&check)
            SizeChecks.largestNumber(&check)
            SizeChecks.largeImage(&check)
        }
        suite("JPEG") { JPEGChecks.pixels(fixtures: fixtures, &$0) }
        suite("JPEGs in any order") { JPEGOrderChecks.anyOrder(permutations: 10, &$0) }
        suite("JPEGs without end") { JPEGOrderChecks.manyFrames(200_000, count: callocation_count, &$0) }
        suite("image resizes") {
            IngestChecks.exactResizes(fixtures: fixtures, count: callocation_count, &$0)
        }
        suite("layouts of pixels") { check in
            for seed in UInt64(1)...40 {
                var checks = PixelViewChecks(seed: seed)
                checks.layouts(&check)
            }
        }
        suite("kernels for images") { check in
            for seed in UInt64(1)...40 {
                var checks = ImageKernelChecks(seed: seed)
                checks.paths(&check)
            }
        }
        guard let directory = StreamChecks.makeDirectory() else {
            print("no directory for sockets in $TMPDIR or /tmp")
            clinux_exit(73)
        }
        suite("stream") { StreamChecks.twoClients(directory: directory, &$0) }
        suite("clients' options") { StreamChecks.clientsOptions(directory: directory, count: callocation_count, &$0) }
        suite("snapshots") { SnapshotChecks.images(directory: directory, count: callocation_count, &$0) }
        suite("sockets are removed") { $0.expect(StreamChecks.removeDirectory(), "something is left in \(directory)") }
        family(FamilyChecks.narrow, goldens: fixtures + "/golden", models: models + "/narrow")
        for network in [GoldenChecks.Network.xxs, .v05] {
            let model = "\(models)/\(network.directory).gguf"
            // The last one's output serves the detections too: where a core is emulated, an inference takes seconds.
            var ran: Model?
            suite("network goldens") { check in
                for run in ["run_64x128_detail", "run_208x240_interp", "run_320x320"] {
                    ran = GoldenChecks.run(network, run, model: model, fixtures: fixtures, &check)
                }
            }
            suite("fp16 networks") { check in
                let half = "\(models)/\(network.directory)-fp16.gguf"
                for run in ["run_64x128_detail", "run_208x240_interp"] {
                    HalfChecks.run(network, run, model: half, fixtures: fixtures, decibels: 25, &check)
                }
            }
            suite("detections") { check in
                GoldenChecks.detections(network, threshold: "0.05", 0.05, of: ran, fixtures: fixtures, &check)
                GoldenChecks.detections(network, threshold: "0.3", 0.3, of: ran, fixtures: fixtures, &check)
            }
            ran = nil
            suite("no allocation per frame") { check in
                AllocationChecks.frames(network, model: model, fixtures: fixtures, count: callocation_count, &check)
            }
            suite("int8") { check in
                let model = "\(models)/\(network.directory)-int8.gguf"
                Int8Checks.pathsAgree(network, model: model, fixtures: fixtures, &check)
                AllocationChecks.frames(network, model: model, fixtures: fixtures, count: callocation_count, &check)
            }
        }
    }

    private mutating func family(_ networks: [FamilyChecks.Golden], goldens: String, models: String) {
        suite("families of networks") { check in
            for golden in networks {
                guard let checks = FamilyChecks(golden, goldens: goldens, models: models) else {
                    check.expect(false, "\(golden.network): its golden cannot be read")
                    continue
                }
                checks.outputs(&check)
                checks.int8PathsAgree(&check)
            }
        }
    }

    private mutating func suite(_ name: StaticString, _ body: (inout Check) -> Void) {
        var check = Check()
        body(&check)
        // A suite that checked nothing has failed.
        let isPassed = check.failureCount == 0 && check.passCount > 0
        print("\(isPassed ? "pass" : "FAIL") \(name): \(check.passCount) checks, \(check.failureCount) failed")
        for message in check.messages { print("     \(message)") }
        if isPassed { passed += 1 } else { failed += 1 }
    }
}
