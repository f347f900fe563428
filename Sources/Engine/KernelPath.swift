extension KernelPath {
    /// The paths that this processor has for `precision`, slowest first.
    public static func available(for precision: Precision) -> [KernelPath] {
        supported.filter { $0.hasKernels(for: precision) }
    }

    /// The path that the environment variable SWIFTLET_PATH names, or else the fastest.
    static func chosen(for precision: Precision) throws(EngineError) -> KernelPath {
        let available = available(for: precision)
        // fp32 is the reference precision, for which there is nothing to choose.
        guard let path = (precision == .fp32 ? available : permitted(of: available)).last else {
            throw .kernelPath(available: available)
        }
        return path
    }

    /// Whether this build has kernels of the path for a precision.
    private func hasKernels(for precision: Precision) -> Bool {
        switch precision {
        case .fp32: self == .scalar
        case .fp16: halfKernels != nil
        case .int8: int8Kernels != nil
        }
    }

    var halfKernels: UnsafePointer<ck_f16_kernels>? { ck_f16_kernels_of(listed) }
    var int8Kernels: UnsafePointer<ck_qs8_kernels>? { ck_qs8_kernels_of(listed) }
}
