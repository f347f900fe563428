// swift-tools-version: 6.2
import PackageDescription

// Device targets stay inside the Embedded subset of Swift: they are compiled twice, as regular Swift for the host and as
// Embedded Swift for the board (toolchains/build). Host targets may use all of Swift.

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
// Kernels are optimised in debug builds too: at -O0 one frame takes seconds, and their own tests use assertions anyway.
// The engine's threads have 256 KiB of stack, in builds under sanitizers too.
let strictC: [CSetting] = [
    .treatAllWarnings(as: .error), .unsafeFlags(["-O3", "-Wall", "-Wextra", "-Wframe-larger-than=81920"]),
]

func device(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: notes(name), swiftSettings: strict)
}

func c(_ name: String, linked libraries: [String] = []) -> Target {
    .target(
        name: name, exclude: notes(name), cSettings: strictC,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

func host(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ module: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: module + "Tests", dependencies: [.init(stringLiteral: module), "TestSupport"] + dependencies,
        swiftSettings: strict)
}

/// Files beside the sources that are for people and other programs, not for the compiler.
func notes(_ name: String) -> [String] { name == "Stream" ? ["stream.schema.json"] : [] }

let package = Package(
    name: "swiftlet",
    products: [
        .executable(name: "swiftletd", targets: ["swiftletd"]),
        .executable(name: "swiftlet", targets: ["swiftlet"]),
        .executable(name: "swiftlet-model", targets: ["swiftlet-model"]),
        .executable(name: "swiftlet-device-tests", targets: ["swiftlet-device-tests"]),
        // For tests: preloaded, it plays cameras to the programs.
        .library(name: "FakeCamera", type: .dynamic, targets: ["CFakeCamera"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
    ],
    targets: [
        // C: microkernels and thin shims.
        c("CKernels", linked: ["m"]),
        c("CLinux"),
        c("CJPEG", linked: ["jpeg"]),
        c("CV4L", linked: ["v4lconvert"]),

        // Device: Embedded subset. Dependencies point downwards only.
        device("Threading", ["CLinux"]),
        device("Pixels", ["CLinux"]),
        device("Files", ["CLinux"]),
        device("Arena", ["CLinux"]),
        device("ModelFile", ["Files", "CLinux"]),
        device("Kernels", ["CKernels", "CLinux"]),
        device("Engine", ["Arena", "ModelFile", "Threading", "Kernels", "CLinux"]),
        device("Vision", ["Pixels", "CJPEG", "Kernels", "Files"]),
        device("Model", ["Vision", "Engine", "CLinux"]),
        device("Camera", ["Pixels", "CV4L", "Files", "CLinux"]),
        device("Stream", ["Pixels", "Threading", "CLinux"]),
        device("Service", ["Model", "Camera", "Stream", "Files"]),
        device("Telemetry", ["Service"]),
        device("Settings", ["Telemetry"]),
        device("Pipeline", ["Settings"]),
        program("swiftletd", ["Pipeline"]),
        program("swiftlet", ["Settings"]),

        // Tests that run on the host and, as Embedded Swift, on the board.
        .target(
            name: "CTestSupport", dependencies: ["CKernels"], path: "Tests/CTestSupport", cSettings: strictC,
            linkerSettings: [.linkedLibrary("m"), .linkedLibrary("jpeg")]),
        .target(name: "CFakeCamera", path: "Tests/CFakeCamera", cSettings: strictC),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter", cSettings: strictC),
        .target(
            name: "DeviceChecks",
            dependencies: [
                "CTestSupport", "Kernels", "CKernels", "Files", "Threading", "Pixels", "Settings", "Telemetry", "Service",
                "Stream", "Camera", "Model",
                "Engine",
            ],
            path: "Tests/DeviceChecks", swiftSettings: strict),
        program("swiftlet-device-tests", ["DeviceChecks", "Model", "CAllocationCounter", "CLinux"], path: "Tests/Device"),

        // Host only: model tools.
        host("Checkpoint", ["Files"]),
        // Not c(linked:): toolchains/build links the board's programs with what that names.
        .target(name: "CPNG", cSettings: strictC, linkerSettings: [.linkedLibrary("png")]),
        host("Annotations", ["CPNG"]),
        // Optimised in debug builds too: calibration looks at every value of every tensor.
        .target(
            name: "Quantizer", dependencies: ["Checkpoint", "Model"],
            swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]),
        program(
            "swiftlet-model",
            [
                "Annotations", "Quantizer", "Service", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .target(
            name: "TestSupport", dependencies: ["CKernels", "Checkpoint", "DeviceChecks", "Quantizer"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("CKernels", ["DeviceChecks"]),
        tests("Threading", ["CLinux"]),
        tests("Files", []),
        tests("Arena", ["DeviceChecks"]),
        tests("ModelFile", ["Quantizer"]),
        tests("Engine", ["Quantizer", "Model"]),
        tests("Vision", ["CTestSupport", "DeviceChecks"]),
        tests("Camera", ["CV4L", "CTestSupport", "Files"]),
        tests("Stream", ["Vision", "CLinux"]),
        tests("Pipeline", ["Settings", "Telemetry", "Service", "Model", "Camera", "Files", "CLinux"]),
        tests(
            "Service",
            [
                "Settings", "Telemetry", "Quantizer", "Model", "Camera", "Files", "CTestSupport", "DeviceChecks", "Annotations",
            ]),
        tests("Checkpoint", ["Files"]),
        tests("Quantizer", ["Files"]),
        tests("Annotations", []),
        // swiftlet-model as a process: it links nothing of it.
        .testTarget(name: "ModelToolTests", dependencies: ["TestSupport", "Checkpoint"], swiftSettings: strict),
    ]
)

// Some test modules alone, without programs: toolchains/test asan names those that have mutation tests.
if let modules = Context.environment["SWIFTLET_TEST_MODULES"]?.split(separator: ",") {
    package.products = []
    package.targets.removeAll { target in
        target.type == .executable || target.type == .test && !modules.contains { $0 == target.name }
    }
}

// What finds inputs that crash: made by toolchains/fuzz alone, whose compiler options it cannot be linked without.
if Context.environment["SWIFTLET_FUZZ"] != nil {
    package.targets += [
        .target(name: "CHostileDevice", path: "Tests/Fuzz/HostileDevice", cSettings: strictC),
        .executableTarget(
            name: "swiftlet-fuzz",
            dependencies: [
                "Annotations", "Quantizer", "Checkpoint", "Settings", "Telemetry", "Service", "Stream", "Camera", "Model",
                "Engine", "Vision", "Pixels",
                "CLinux",
                "CHostileDevice", "CTestSupport", "CV4L",
            ],
            path: "Tests/Fuzz", exclude: ["README.md", "corpus", "HostileDevice"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-Xlinker", "--wrap=ioctl", "-Xlinker", "--wrap=mmap"])]),
    ]
}
