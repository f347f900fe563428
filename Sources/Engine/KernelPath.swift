import CKernels
import Kernels

extension KernelPath {
    /// The paths that this processor has for `arithmetic`, slowest first.
    public static func available(for arithmetic: Arithmetic) -> [KernelPath] {
        supported.filter { $0.hasKernels(for: arithmetic) }
    }

    /// The path that the environment variable SWIFTLET_PATH names, or else the fastest.
    static func chosen(for arithmetic: Arithmetic) throws(EngineError) -> KernelPath {
        let available = available(for: arithmetic)
        // fp32 is the reference precision, for which there is nothing to choose.
        guard let path = (arithmetic == .single ? available : permitted(of: available)).last else {
            throw .kernelPath(available: available)
        }
        return path
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
