import CKernels

/// A pointwise or depthwise layer, or the stem, with weights as packed in the model file.
struct Int8Layer {
    var inputChannels: Int
    var outputChannels: Int
    var activation: ck_activation
    var weights: UnsafePointer<Int8>
    /// What makes stored bytes of the sums, one per 8 output channels; nil where `values` makes values of them.
    var channels: UnsafePointer<ck_qs8_channels>?
    var values: UnsafePointer<ck_qs8_values>?

    /// Multiplies `rows` rows at `input` and writes rows at `output`; strides in elements. `residual` is added after
    /// the activation.
    func run(
        _ kernels: UnsafePointer<ck_qs8_kernels>, rows: Int, _ input: UnsafePointer<Int8>, inputStride: Int,
        residual: UnsafePointer<Int8>?, residualStride: Int, _ output: UnsafeMutableRawPointer, outputStride: Int
    ) {
        if let values {
            kernels.pointee.gemm_f16(
                rows, outputChannels, inputChannels, input, inputStride, weights, values,
                output.assumingMemoryBound(to: UInt16.self), outputStride)
        } else {
            kernels.pointee.gemm(
                rows, (outputChannels + 7) / 8, inputChannels, input, inputStride, weights, channels, activation,
                residual, residualStride, output.assumingMemoryBound(to: Int8.self), outputStride)
        }
    }
}

/// A map in the arena: int8, or half precision where predictions are written. `stride` is the distance between its
/// pixels in elements.
struct Int8Map {
    var pointer: UnsafeMutableRawPointer
    var shape: MapShape
    var stride: Int
    var elementByteCount = 1

    var bytes: UnsafeMutablePointer<Int8> { pointer.assumingMemoryBound(to: Int8.self) }

    func row(_ row: Int) -> UnsafeMutableRawPointer { pointer + row * stride * elementByteCount }

    func byteRow(_ row: Int) -> UnsafeMutablePointer<Int8> { bytes + row * stride }
}
