import CKernels
import CLinux

/// Which family of kernels runs a network. Chosen once, when the engine is prepared.
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

    /// The path in the list of the kernels, from which its tables follow.
    public var listed: ck_path {
        switch self {
        case .scalar: .scalar
        case .neon: .neon
        case .neondot: .neondot
        case .neonfp16: .neonfp16
        case .avx2: .avx2
        case .avx512vnni: .avx512vnni
        }
    }

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

    /// What the path needs beyond the paths that it is made of.
    private var instructions: UInt32 {
        switch self {
        case .scalar: 0
        case .neon: CLINUX_CPU_NEON.rawValue
        case .neondot: CLINUX_CPU_NEON_DOT.rawValue
        case .neonfp16: CLINUX_CPU_NEON_FP16.rawValue
        case .avx2: CLINUX_CPU_AVX2.rawValue
        case .avx512vnni: CLINUX_CPU_AVX512_VNNI.rawValue
        }
    }

    private func isSupported(by features: UInt32) -> Bool {
        let parts = ck_path_parts(listed)
        return Self.allCases.allSatisfy {
            parts >> $0.listed.rawValue & 1 == 0 || features & $0.instructions == $0.instructions
        }
    }

    /// The paths that this processor has for `arithmetic`, slowest first.
    public static func available(for arithmetic: Arithmetic) -> [KernelPath] {
        let features = clinux_cpu_features()
        return allCases.filter { $0.isSupported(by: features) && $0.hasKernels(for: arithmetic) }
    }

    /// The paths for which this processor has the instructions, whatever the precision.
    public static var supported: [KernelPath] {
        let features = clinux_cpu_features()
        return allCases.filter { $0.isSupported(by: features) }
    }

    /// The path that the environment variable SWIFTLET_PATH names, or else the fastest.
    static func chosen(for arithmetic: Arithmetic) throws(EngineError) -> KernelPath {
        let available = available(for: arithmetic)
        // fp32 is the reference precision, for which there is nothing to choose.
        guard arithmetic != .single, let forced = clinux_environment("SWIFTLET_PATH") else { return available.last! }
        let name = UnsafeRawBufferPointer(start: forced, count: clinux_string_length(forced))
        for path in available where path.isCalled(name) { return path }
        throw .kernelPath(available: available)
    }

    private func isCalled(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<text.count where text[index] != name.utf8Start[index] { return false }
        return true
    }

    /// Whether this build has kernels of the path for a precision.
    private func hasKernels(for arithmetic: Arithmetic) -> Bool {
        switch arithmetic {
        case .single: self == .scalar
        case .half: halfKernels != nil
        case .int8: int8Kernels != nil
        }
    }

    var halfKernels: UnsafePointer<ck_f16_kernels>? { ck_f16_kernels_of(listed) }
    var int8Kernels: UnsafePointer<ck_qs8_kernels>? { ck_qs8_kernels_of(listed) }
}
