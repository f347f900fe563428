/// The window of a convolution: what of its input an output pixel sees.
public struct Window: BitwiseCopyable, Equatable, Sendable {
    /// A value for each direction, not checked here: the graph checks a window when its convolution is appended.
    public struct Pair: BitwiseCopyable, Equatable, Sendable {
        /// Along columns.
        public var height: Int
        /// Along rows.
        public var width: Int

        init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
    }

    /// Taps.
    public var kernel: Pair
    /// Input pixels from one output pixel to the next.
    public var stride: Pair
    /// Input pixels from one tap to the next.
    public var dilation: Pair
    /// Zeros above and to the left of the map.
    public var before: Pair
    /// Zeros below and to the right.
    public var after: Pair

    /// A square window whose padding on all sides keeps the size at stride 1.
    public init(_ kernel: Int, stride: Int = 1, dilation: Int = 1) {
        self.kernel = Pair(kernel, kernel)
        self.stride = Pair(stride, stride)
        self.dilation = Pair(dilation, dilation)
        let padding = dilation * (kernel - 1)
        before = Pair(padding / 2, padding / 2)
        after = Pair(padding - padding / 2, padding - padding / 2)
    }

    init(_ attributes: inout AttributeReader) throws(GraphError.Problem) {
        func pair(_ range: ClosedRange<Int>) throws(GraphError.Problem) -> Pair {
            Pair(try attributes.integer(in: range), try attributes.integer(in: range))
        }
        let positive = 1...Self.maximum, padding = 0...Self.maximum
        kernel = try pair(positive)
        stride = try pair(positive)
        dilation = try pair(positive)
        before = try pair(padding)
        after = try pair(padding)
    }

    var attributes: [Int] { [kernel, stride, dilation, before, after].flatMap { [$0.height, $0.width] } }

    var taps: Int { kernel.height * kernel.width }

    /// No kernel, stride, dilation or padding is larger.
    private static var maximum: Int { 255 }

    /// The map that it makes of `input`, of `channels`.
    func shape(of input: MapShape, channels: Int) throws(GraphError.Problem) -> MapShape {
        func count(_ size: Int, _ side: (Pair) -> Int) throws(GraphError.Problem) -> Int {
            let positive = 1...Self.maximum, padding = 0...Self.maximum
            guard positive.contains(side(kernel)), positive.contains(side(stride)), positive.contains(side(dilation)),
                padding.contains(side(before)), padding.contains(side(after))
            else { throw .attribute }
            let rest = size + side(before) + side(after) - side(dilation) * (side(kernel) - 1) - 1
            guard rest >= 0 else { throw .attribute }
            return rest / side(stride) + 1
        }
        return MapShape(
            height: try count(input.height) { $0.height }, width: try count(input.width) { $0.width },
            channels: channels)
    }

    func over(_ input: MapShape, _ output: MapShape) -> ck_window {
        ck_window(
            height: input.height, width: input.width, kernel_height: kernel.height, kernel_width: kernel.width,
            stride_y: stride.height, stride_x: stride.width, dilation_y: dilation.height, dilation_x: dilation.width,
            top: before.height, left: before.width, out_width: output.width)
    }
}
