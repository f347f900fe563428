/// A convolution's or linear layer's weights with its epilogue, in one precision.
class Layer {
    /// Of the matrix's rows, or of the map.
    final let inputChannels: Int
    final let outputChannels: Int
    final let activation: ck_activation

    init(inputChannels: Int, outputChannels: Int, activation: Activation) {
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.activation = activation.kernelValue
    }

    /// Rows that `multiply` takes at a time: parts begin at whole tiles.
    var tileRows: Int { Part.tileRows }

    /// Multiplies `rows` rows at `input` and writes rows at `output`; strides in elements. `residual` is added after the
    /// activation.
    func multiply(
        rows: Int, _ input: UnsafeRawPointer, inputStride: Int, residual: UnsafeRawPointer? = nil,
        residualStride: Int = 0, _ output: UnsafeMutableRawPointer, outputStride: Int
    ) { preconditionFailure() }

    /// The output's lines `lines` of a depthwise convolution by `window`, outside whose map lies `padding` (nil: zeros).
    func filter(
        _ window: ck_window, _ input: Map, padding: UnsafeRawPointer?, _ output: Map, lines: Range<Int>
    ) { preconditionFailure() }

    /// One line of a depthwise 3x3 convolution: output x is the sum over `rows` of pixels stride * x + 0...2. Pixels lie
    /// side by side.
    func filterLine(
        width: Int, stride: Int, _ rows: (UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer),
        _ output: UnsafeMutableRawPointer
    ) { preconditionFailure() }
}

/// The reference: scalar kernels.
final class FloatLayer: Layer {
    private let parameters: Weights.Parameters

    init(_ parameters: Weights.Parameters, inputChannels: Int, outputChannels: Int, activation: Activation) {
        self.parameters = parameters
        super.init(inputChannels: inputChannels, outputChannels: outputChannels, activation: activation)
    }

    override var tileRows: Int { 6 }

    override func multiply(
        rows: Int, _ input: UnsafeRawPointer, inputStride: Int, residual: UnsafeRawPointer?, residualStride: Int,
        _ output: UnsafeMutableRawPointer, outputStride: Int
    ) {
        f32_gemm_6x8__scalar(
            rows, outputChannels, inputChannels, input.assumingMemoryBound(to: Float.self), inputStride,
            parameters.weight, parameters.bias, residual?.assumingMemoryBound(to: Float.self), residualStride,
            output.assumingMemoryBound(to: Float.self), outputStride, activation)
    }

    override func filter(
        _ window: ck_window, _ input: Map, padding: UnsafeRawPointer?, _ output: Map, lines: Range<Int>
    ) {
        withUnsafePointer(to: window) {
            f32_dwconv__scalar(
                $0, outputChannels, input.floats(0), input.stride, parameters.weight, parameters.bias, activation,
                output.floats(0), output.stride, lines.lowerBound, lines.upperBound)
        }
    }
}

/// With weights as they lie in the model file: [inputs, outputs], of a depthwise layer [3, 3, outputs].
final class HalfLayer: Layer {
    private let kernels: UnsafePointer<ck_f16_kernels>
    private let weights: UnsafePointer<UInt16>
    private let bias: UnsafePointer<Float>?

    init(
        _ kernels: UnsafePointer<ck_f16_kernels>, weights: UnsafePointer<UInt16>, bias: UnsafePointer<Float>?,
        inputChannels: Int, outputChannels: Int, activation: Activation
    ) {
        self.kernels = kernels
        self.weights = weights
        self.bias = bias
        super.init(inputChannels: inputChannels, outputChannels: outputChannels, activation: activation)
    }

    override func multiply(
        rows: Int, _ input: UnsafeRawPointer, inputStride: Int, residual: UnsafeRawPointer?, residualStride: Int,
        _ output: UnsafeMutableRawPointer, outputStride: Int
    ) {
        kernels.pointee.gemm(
            rows, outputChannels, inputChannels, input.assumingMemoryBound(to: UInt16.self), inputStride, weights, bias,
            activation, residual?.assumingMemoryBound(to: UInt16.self), residualStride,
            output.assumingMemoryBound(to: UInt16.self), outputStride)
    }

    override func filter(
        _ window: ck_window, _ input: Map, padding: UnsafeRawPointer?, _ output: Map, lines: Range<Int>
    ) {
        withUnsafePointer(to: window) {
            kernels.pointee.dwconv(
                $0, outputChannels, input.halves(0), input.stride, weights, bias, activation, output.halves(0),
                output.stride, lines.lowerBound, lines.upperBound)
        }
    }

    override func filterLine(
        width: Int, stride: Int, _ rows: (UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer),
        _ output: UnsafeMutableRawPointer
    ) {
        withUnsafeBytes(of: rows) {
            kernels.pointee.dwconv3x3(
                width, outputChannels, stride, $0.baseAddress!.assumingMemoryBound(to: UnsafePointer<UInt16>?.self),
                outputChannels, weights, bias, activation, output.assumingMemoryBound(to: UInt16.self), outputChannels)
        }
    }
}

/// With weights as packed in the model file.
final class Int8Layer: Layer {
    private let kernels: UnsafePointer<ck_qs8_kernels>
    private let weights: UnsafePointer<Int8>
    private let epilogue: Epilogue

    enum Epilogue {
        /// What makes stored bytes of the sums, one per 8 output channels.
        case bytes(UnsafePointer<ck_qs8_channels>)
        /// What makes half-precision values of them.
        case values(UnsafePointer<ck_qs8_values>)
    }

    init(
        _ kernels: UnsafePointer<ck_qs8_kernels>, weights: UnsafePointer<Int8>, _ epilogue: Epilogue, inputChannels: Int,
        outputChannels: Int, activation: Activation
    ) {
        self.kernels = kernels
        self.weights = weights
        self.epilogue = epilogue
        super.init(inputChannels: inputChannels, outputChannels: outputChannels, activation: activation)
    }

    override func multiply(
        rows: Int, _ input: UnsafeRawPointer, inputStride: Int, residual: UnsafeRawPointer?, residualStride: Int,
        _ output: UnsafeMutableRawPointer, outputStride: Int
    ) {
        let input = input.assumingMemoryBound(to: Int8.self)
        switch epilogue {
        case .values(let values):
            kernels.pointee.gemm_f16(
                rows, outputChannels, inputChannels, input, inputStride, weights, values,
                output.assumingMemoryBound(to: UInt16.self), outputStride)
        case .bytes(let channels):
            kernels.pointee.gemm(
                rows, (outputChannels + 7) / 8, inputChannels, input, inputStride, weights, channels, activation,
                residual?.assumingMemoryBound(to: Int8.self), residualStride, output.assumingMemoryBound(to: Int8.self),
                outputStride)
        }
    }

    override func filterLine(
        width: Int, stride: Int, _ rows: (UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer),
        _ output: UnsafeMutableRawPointer
    ) {
        guard case .bytes(let channels) = epilogue else { return }
        withUnsafeBytes(of: rows) {
            kernels.pointee.dwconv3x3(
                width, outputChannels, stride, $0.baseAddress!.assumingMemoryBound(to: UnsafePointer<Int8>?.self),
                weights, channels, activation, output.assumingMemoryBound(to: Int8.self))
        }
    }

    override func filter(
        _ window: ck_window, _ input: Map, padding: UnsafeRawPointer?, _ output: Map, lines: Range<Int>
    ) {
        guard case .bytes(let channels) = epilogue else { return }
        withUnsafePointer(to: window) {
            kernels.pointee.dwconv(
                $0, outputChannels, input.bytes(0), input.stride, padding?.assumingMemoryBound(to: Int8.self), weights,
                channels, activation, output.bytes(0), output.stride, lines.lowerBound, lines.upperBound)
        }
    }
}
