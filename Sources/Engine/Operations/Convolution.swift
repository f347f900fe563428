/// Dense convolution, by groups of channels: what the window sees is gathered into patches, which are then multiplied.
public final class Convolution: GraphOperation, @unchecked Sendable {
    private let window: Window
    private let channels: Int
    private let groups: Int
    private let epilogue: Activation

    init(_ window: Window, channels: Int, groups: Int, _ activation: Activation) {
        self.window = window
        self.channels = channels
        self.groups = groups
        epilogue = activation
    }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        channels = try attributes.integer()
        groups = try attributes.integer()
        epilogue = try attributes.activation()
        window = try Window(&attributes)
    }

    static var kind: StaticString { "convolution" }
    public override var name: StaticString { Self.kind }
    public override var attributes: [Int] { [channels, groups, epilogue.number] + window.attributes }
    public override var weights: Weights {
        .matrix(height: window.kernel.height, width: window.kernel.width, groups: groups)
    }
    public override var activation: Activation { epilogue }
    public override var readsImage: Bool { true }

    override func shape(of inputs: UpToSix<MapShape>) throws(GraphError.Problem) -> MapShape {
        guard groups > 0, channels % groups == 0 else { throw .attribute }
        guard inputs[0].channels % groups == 0 else {
            throw .channels(found: inputs[0].channels, multipleOf: groups, remainder: 0)
        }
        let shape = try window.shape(of: inputs[0], channels: channels)
        guard Int64(window.taps) * Int64(inputs[0].channels / groups) <= Self.maximumPatch else { throw .tooLarge }
        return shape
    }

    /// Values of one patch. Products of it and of a map's sides overflow nowhere.
    private static var maximumPatch: Int64 { 1 << 24 }

    override func multiplyAccumulates(_ input: MapShape, _ output: MapShape) -> Int64 {
        Int64(output.rows) * Int64(output.channels) * Int64(input.channels / groups * window.taps)
    }

    /// One line of patches, of one group.
    override func scratchByteCount(_ call: Lowering.Call, _ lowering: Lowering, _ precision: Precision) -> Int {
        let input = lowering.maps[call.input.index], output = lowering.maps[call.output.index]
        let count = LifetimePlanner.product(output.width, patchStride(input), precision.elementByteCount)
        // These kernels keep three lines of the image beside their patches.
        guard precision == .fp16, isStem(call, lowering) else { return count }
        return ck_f16_patches_count(input.width) * precision.elementByteCount
    }

    /// The values of one patch, filled up to a multiple of 4.
    private func patchStride(_ input: MapShape) -> Int { (window.taps * (input.channels / groups) + 3) / 4 * 4 }

    /// Whether it is the 3x3 convolution of stride 2 over the image for which there are kernels that read bytes.
    private func isStem(_ call: Lowering.Call, _ lowering: Lowering) -> Bool {
        call.input == lowering.graph.input && window == Window(3, stride: 2) && groups == 1
            && lowering.maps[call.input.index].channels == 3
    }

    override func fitsInt8(input: MapShape, output: MapShape) -> Bool {
        groups == 1 ? input.channels % 8 == 0 || input.channels == 3 : output.channels / groups % 8 == 0
    }

    override func step(_ call: Lowering.Call, _ builder: FloatBuilder) throws(EngineError) -> Step {
        let stride = patchStride(builder.lowering.maps[call.input.index])
        return try step(call, builder) { window, channels, x, first, line, patches in
            f32_patches__scalar(
                window, channels, x.floats(0) + first, x.stride, line, patches.assumingMemoryBound(to: Float.self),
                stride)
        }
    }

    override func step(_ call: Lowering.Call, _ builder: HalfBuilder) throws(EngineError) -> Step {
        let stride = patchStride(builder.lowering.maps[call.input.index])
        let kernels = builder.kernels, scaling = builder.pixels
        guard call.input != builder.graph.input || isStem(call, builder.lowering) else {
            return try step(call, builder, image: scaling.halves)
        }
        guard call.input == builder.graph.input else {
            return try step(call, builder) { window, channels, x, first, line, patches in
                kernels.pointee.patches(
                    window, channels, x.halves(0) + first, x.stride, line, patches.assumingMemoryBound(to: UInt16.self),
                    stride)
            }
        }
        return try step(call, builder) { _, _, image, _, line, patches in
            withUnsafeBytes(of: scaling) {
                let factors = $0.baseAddress!.assumingMemoryBound(to: Float.self)
                kernels.pointee.patches3x3_s2(
                    image.shape.height, image.shape.width, image.pixels, factors, factors + 3, line,
                    patches.assumingMemoryBound(to: UInt16.self))
            }
        }
    }

    override func step(_ call: Lowering.Call, _ builder: Int8Builder) throws(EngineError) -> Step {
        guard call.input == builder.graph.input else {
            let stride = patchStride(builder.lowering.maps[call.input.index]), kernels = builder.kernels
            let padding = try builder.padding(call.input)!.assumingMemoryBound(to: Int8.self)
            return try step(call, builder) { window, channels, x, first, line, patches in
                kernels.pointee.patches(
                    window, channels, x.bytes(0) + first, x.stride, padding + first, line,
                    patches.assumingMemoryBound(to: Int8.self), stride)
            }
        }
        let padding = try builder.weights.inputZeroPoints()
        guard isStem(call, builder.lowering) else {
            let bytes = (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0)] } + [padding.0, padding.1, padding.2]
            return try step(call, builder, image: bytes.map { Int8(bitPattern: $0 ^ 0x80) })
        }
        return try step(call, builder) { _, _, image, _, line, patches in
            withUnsafeBytes(of: padding) {
                u8_patches3x3_s2__scalar(
                    image.shape.height, image.shape.width, image.pixels,
                    $0.baseAddress!.assumingMemoryBound(to: UInt8.self), line,
                    patches.assumingMemoryBound(to: Int8.self))
            }
        }
    }

    /// Over the image, by any window: for each byte, and in the end for what is outside, `values` has what the three channels
    /// become.
    private func step<Element>(
        _ call: Lowering.Call, _ builder: Builder, image values: [Element]
    ) throws(EngineError) -> Step {
        let stride = patchStride(builder.lowering.maps[call.input.index]), taps = window.taps
        return try step(call, builder) { window, channels, image, first, line, patches in
            let patches = patches.assumingMemoryBound(to: Element.self), outside = 256
            for x in 0..<window.pointee.out_width {
                for place in 0..<stride {
                    let tap = place / channels, channel = first + place % channels
                    let pixel = tap < taps ? ck_window_pixel(window, line, x, tap) : -1
                    let byte = pixel < 0 ? outside : Int(image.pixels[pixel * image.stride + channel])
                    patches[x * stride + place] = values[byte * 3 + channel]
                }
            }
        }
    }

    /// Makes one line of patches of the channels from `first` on.
    private typealias Gather = (
        _ window: UnsafePointer<ck_window>, _ channels: Int, _ x: Map, _ first: Int, _ line: Int,
        _ patches: UnsafeMutableRawPointer
    ) -> Void

    private func step(
        _ call: Lowering.Call, _ builder: Builder, _ gather: @escaping Gather
    ) throws(EngineError) -> Step {
        let x = builder.map(call.input), y = builder.map(call.output), window = window.over(x.shape, y.shape)
        let inputs = x.shape.channels / groups, outputs = channels / groups, stride = patchStride(x.shape)
        var layers: [Layer] = []
        for group in 0..<groups { layers.append(try builder.layer(call.node, output: call.output, group: group)) }
        return { [layers] part in
            for line in part.slice(y.shape.height) {
                for group in layers.indices {
                    withUnsafePointer(to: window) { gather($0, inputs, x, group * inputs, line, part.scratch!) }
                    layers[group].multiply(
                        rows: y.shape.width, part.scratch!, inputStride: stride,
                        y.row(line * y.shape.width) + group * outputs * y.elementByteCount, outputStride: y.stride)
                }
            }
        }
    }
}

extension Graph {
    /// Dense 3x3 convolution of stride 2 with folded batch norm.
    public mutating func convolution3x3(
        _ x: TensorID, _ name: Name, channels: Int, _ activation: Activation
    ) -> TensorID {
        convolution(x, name, Window(3, stride: 2), channels: channels, activation)
    }

    /// Dense convolution with folded batch norm; `groups` divides the channels of input and output (precondition).
    public mutating func convolution(
        _ x: TensorID, _ name: Name, _ window: Window, channels: Int, groups: Int = 1, _ activation: Activation
    ) -> TensorID {
        add(
            Convolution(window, channels: channels, groups: groups, activation), UpToSix(x), name,
            origin: .convolutionWithBatchNorm)
    }
}
