import CKernels

/// A pointwise or depthwise layer, or the stem, with weights as they lie in the model file.
struct HalfLayer {
    var inputChannels: Int
    var outputChannels: Int
    var activation: ck_activation
    /// [inputs, outputs], of a depthwise layer [3, 3, outputs].
    var weights: UnsafePointer<UInt16>
    var bias: UnsafePointer<Float>?

    /// Multiplies `rows` rows at `input` and writes rows at `output`; strides in elements. `residual` is added after
    /// the activation.
    func run(
        _ kernels: UnsafePointer<ck_f16_kernels>, rows: Int, _ input: UnsafePointer<UInt16>, inputStride: Int,
        residual: UnsafePointer<UInt16>? = nil, residualStride: Int = 0, _ output: UnsafeMutablePointer<UInt16>,
        outputStride: Int
    ) {
        kernels.pointee.gemm(
            rows, outputChannels, inputChannels, input, inputStride, weights, bias, activation, residual,
            residualStride, output, outputStride)
    }
}

/// A map of half-precision values in the arena. `stride` is the distance between its pixels in elements.
struct HalfMap {
    var pointer: UnsafeMutablePointer<UInt16>
    var shape: MapShape
    var stride: Int

    func row(_ row: Int) -> UnsafeMutablePointer<UInt16> { pointer + row * stride }
}
