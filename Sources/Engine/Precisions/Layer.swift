/// A convolution's or linear layer's weights with its epilogue, in one precision. Points into the model file and the
/// builder's parameters, which outlive it.
struct Layer {
    /// How it is computed.
    let form: Form
    /// Of the matrix's rows, or of the map.
    let inputChannels: Int
    let outputChannels: Int
    let activation: ck_activation

    enum Form {
        /// The reference: scalar kernels.
        case fp32(Weights.Parameters)
        /// Weights and bias as they lie in the model file: [inputs, outputs], of a depthwise layer [3, 3, outputs].
        case fp16(UnsafePointer<ck_f16_kernels>, UnsafePointer<UInt16>, UnsafePointer<Float>?)
        /// Weights as packed in the model file, and what makes stored bytes of their sums: one per 8 output channels.
        case int8(UnsafePointer<ck_qs8_kernels>, UnsafePointer<Int8>, UnsafePointer<ck_qs8_channels>)
        /// The same with what makes half-precision values of the sums.
        case int8Values(UnsafePointer<ck_qs8_kernels>, UnsafePointer<Int8>, UnsafePointer<ck_qs8_values>)
    }

    init(_ form: Form, inputChannels: Int, outputChannels: Int, activation: Activation) {
        self.form = form
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.activation = activation.kernelValue
    }

    /// Rows that `multiply` takes at a time: parts begin at whole tiles.
    var tileRows: Int {
        if case .fp32 = form { return 6 }
        return Part.tileRows
    }

    /// Multiplies `rows` rows at `input` and writes rows at `output`; strides in elements. `residual` is added after the
    /// activation.
    func multiply(
        rows: Int, _ input: UnsafeRawPointer, inputStride: Int, residual: UnsafeRawPointer? = nil,
        residualStride: Int = 0, _ output: UnsafeMutableRawPointer, outputStride: Int
    ) {
        switch form {
        case .fp32(let parameters):
            f32_gemm_6x8__scalar(
                rows, outputChannels, inputChannels, input.assumingMemoryBound(to: Float.self), inputStride,
                parameters.weight, parameters.bias, residual?.assumingMemoryBound(to: Float.self), residualStride,
                output.assumingMemoryBound(to: Float.self), outputStride, activation)
        case .fp16(let kernels, let weights, let bias):
            kernels.pointee.gemm(
                rows, outputChannels, inputChannels, input.assumingMemoryBound(to: UInt16.self), inputStride, weights,
                bias, activation, residual?.assumingMemoryBound(to: UInt16.self), residualStride,
                output.assumingMemoryBound(to: UInt16.self), outputStride)
        case .int8(let kernels, let weights, let channels):
            kernels.pointee.gemm(
                rows, (outputChannels + 7) / 8, inputChannels, input.assumingMemoryBound(to: Int8.self), inputStride,
                weights, channels, activation, residual?.assumingMemoryBound(to: Int8.self), residualStride,
                output.assumingMemoryBound(to: Int8.self), outputStride)
        case .int8Values(let kernels, let weights, let values):
            kernels.pointee.gemm_f16(
                rows, outputChannels, inputChannels, input.assumingMemoryBound(to: Int8.self), inputStride, weights,
                values, output.assumingMemoryBound(to: UInt16.self), outputStride)
        }
    }

    /// The output's lines `lines` of a depthwise convolution by `window`, outside whose map lies `padding` (nil: zeros).
    func filter(
        _ window: ck_window, _ input: Map, padding: UnsafeRawPointer?, _ output: Map, lines: Range<Int>
    ) {
        withUnsafePointer(to: window) { window in
            switch form {
            case .fp32(let parameters):
                f32_dwconv__scalar(
                    window, outputChannels, input.floats(0), input.stride, parameters.weight, parameters.bias, activation,
                    output.floats(0), output.stride, lines.lowerBound, lines.upperBound)
            case .fp16(let kernels, let weights, let bias):
                kernels.pointee.dwconv(
                    window, outputChannels, input.halves(0), input.stride, weights, bias, activation, output.halves(0),
                    output.stride, lines.lowerBound, lines.upperBound)
            case .int8(let kernels, let weights, let channels):
                kernels.pointee.dwconv(
                    window, outputChannels, input.bytes(0), input.stride, padding?.assumingMemoryBound(to: Int8.self),
                    weights, channels, activation, output.bytes(0), output.stride, lines.lowerBound, lines.upperBound)
            case .int8Values: break
            }
        }
    }

    /// One line of a depthwise 3x3 convolution: output x is the sum over `rows` of pixels stride * x + 0...2. Pixels lie
    /// side by side. Of int8 and fp16.
    func filterLine(
        width: Int, stride: Int, _ rows: (UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer),
        _ output: UnsafeMutableRawPointer
    ) {
        withUnsafeBytes(of: rows) { rows in
            switch form {
            case .fp16(let kernels, let weights, let bias):
                kernels.pointee.dwconv3x3(
                    width, outputChannels, stride, rows.baseAddress!.assumingMemoryBound(to: UnsafePointer<UInt16>?.self),
                    outputChannels, weights, bias, activation, output.assumingMemoryBound(to: UInt16.self), outputChannels)
            case .int8(let kernels, let weights, let channels):
                kernels.pointee.dwconv3x3(
                    width, outputChannels, stride, rows.baseAddress!.assumingMemoryBound(to: UnsafePointer<Int8>?.self),
                    weights, channels, activation, output.assumingMemoryBound(to: Int8.self))
            case .fp32, .int8Values: break
            }
        }
    }
}
