import CLinux

/// Which family of kernels runs. Chosen once for each precision and for images, when the engine and the way in are
/// prepared.
public enum KernelPath: CaseIterable, Equatable, Sendable {
    /// Plain C: runs everywhere and is the reference for all other paths.
    case scalar
    /// ARMv8.0, which every 64-bit board has, and Armv7 with VFPv4.
    case neon
    /// With the dot products of ARMv8.2; int8 only.
    case neondot
    /// With half-precision arithmetic; fp16 only.
    case neonfp16
    /// x86-64 with AVX2, for development machines.
    case avx2
    /// int8 only.
    case avx512vnni

    /// The path in the list of the kernels, from which its tables follow, and the instructions that it needs beyond those
    /// of the paths that it is made of.
    private var row: (path: ck_path, instructions: UInt32) {
        switch self {
        case .scalar: (.scalar, 0)
        case .neon: (.neon, CLINUX_CPU_NEON.rawValue)
        case .neondot: (.neondot, CLINUX_CPU_NEON_DOT.rawValue)
        case .neonfp16: (.neonfp16, CLINUX_CPU_NEON_FP16.rawValue)
        case .avx2: (.avx2, CLINUX_CPU_AVX2.rawValue)
        case .avx512vnni: (.avx512vnni, CLINUX_CPU_AVX512_VNNI.rawValue)
        }
    }

    /// The path in the list of the kernels.
    public var listed: ck_path { row.path }

    /// As SWIFTLET_PATH and the board files spell it.
    public var name: StaticString {
        // A path of the list that is missing here does not compile.
        switch listed {
        case .scalar: "scalar"
        case .neon: "neon"
        case .neondot: "neondot"
        case .neonfp16: "neonfp16"
        case .avx2: "avx2"
        case .avx512vnni: "avx512vnni"
        }
    }

    private func isSupported(by features: UInt32) -> Bool {
        let parts = ck_path_parts(listed)
        return Self.allCases.allSatisfy {
            parts >> $0.listed.rawValue & 1 == 0 || features & $0.row.instructions == $0.row.instructions
        }
    }

    /// The paths for which this processor has the instructions, whatever the precision.
    public static let supported: [KernelPath] = {
        let features = clinux_cpu_features()
        return allCases.filter { $0.isSupported(by: features) }
    }()

    /// The paths of `available` that the environment variable SWIFTLET_PATH leaves to choose from: default: all,
    /// and none where it names no path of them.
    public static func permitted(of available: [KernelPath]) -> [KernelPath] {
        guard let forced = clinux_environment("SWIFTLET_PATH") else { return available }
        let name = UnsafeRawBufferPointer(start: forced, count: clinux_string_length(forced))
        return available.filter { $0.matches(name) }
    }

    private func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<text.count where text[index] != name.utf8Start[index] { return false }
        return true
    }

    /// The kernels for images of the path that SWIFTLET_PATH names, or else the fastest that this processor has. A name that
    /// is no path of its is for the engine to reject.
    public static var chosenImageKernels: UnsafePointer<ck_u8_kernels> {
        let supported = supported
        return (permitted(of: supported).last ?? supported.last!).imageKernels
    }

    /// The path's kernels for images, on a processor that has the path.
    public var imageKernels: UnsafePointer<ck_u8_kernels> { ck_u8_kernels_of(listed)! }
}
