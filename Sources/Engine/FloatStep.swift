import CKernels

/// A map in the arena; `stride` is the distance between its rows in elements.
public struct MapView {
    /// The first row; valid as long as the engine that owns the arena.
    public var pointer: UnsafeMutablePointer<Float>
    /// [height, width, channels]; a row is one pixel's channels.
    public var shape: MapShape
    /// At least the channels: more where the map is a part of a concatenation.
    public var stride: Int

    /// Takes no ownership: the memory outlives the view.
    public init(pointer: UnsafeMutablePointer<Float>, shape: MapShape, stride: Int) {
        self.pointer = pointer
        self.shape = shape
        self.stride = stride
    }
}

/// One prepared kernel call in fp32: every pointer and size is known, so that running it decides nothing.
struct FloatStep {
    var operation: GraphOperation
    var input: MapView
    /// The second operand of an addition, or what a pointwise layer adds after its activation.
    var other: MapView?
    var output: MapView
    var weight: UnsafePointer<Float>?
    var bias: UnsafePointer<Float>?
    /// Working memory, `scratchCount` elements for each part.
    var scratch: UnsafeMutablePointer<Float>?
    var scratchCount = 0

    /// Of both normalisations (network specification, section 1).
    private static let epsilon: Float = 1e-5

    /// Computes one of `parts` equal parts of the output. The parts write different rows and may run at the same time;
    /// what they write does not depend on how many there are.
    func run(part: Int, of parts: Int) {
        let x = input, y = output
        func slice(_ count: Int, unit: Int = 1) -> Range<Int> {
            Step.slice(count, unit: unit, part: part, of: parts)
        }
        switch operation {
        case .convolution3x3(let activation):
            let rows = slice(y.shape.height)
            f32_conv3x3_s2__scalar(
                x.shape.height, x.shape.width, x.shape.channels, y.shape.channels, x.pointer, weight, bias, y.pointer,
                y.stride, activation.kernelValue, rows.lowerBound, rows.upperBound)
        case .depthwise3x3(let stride, let activation):
            let rows = slice(y.shape.height)
            f32_dwconv3x3__scalar(
                x.shape.height, x.shape.width, x.shape.channels, stride, x.pointer, x.stride, weight, bias, y.pointer,
                y.stride, activation.kernelValue, rows.lowerBound, rows.upperBound)
        case .pointwise(let activation):
            let rows = slice(x.shape.rows, unit: Self.gemmRows), first = rows.lowerBound
            f32_gemm_6x8__scalar(
                rows.count, y.shape.channels, x.shape.channels, x.pointer + first * x.stride, x.stride, weight, bias,
                other.map { $0.pointer + first * $0.stride }, other?.stride ?? 0, y.pointer + first * y.stride,
                y.stride, activation.kernelValue)
        case .add:
            let rows = slice(x.shape.rows), first = rows.lowerBound, other = other!
            f32_add__scalar(
                rows.count, x.shape.channels, x.pointer + first * x.stride, x.stride,
                other.pointer + first * other.stride, other.stride, y.pointer + first * y.stride, y.stride)
        case .resize(let alignCorners):
            let rows = slice(y.shape.height)
            f32_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.pointer, x.stride, y.shape.height, y.shape.width,
                y.pointer, y.stride, alignCorners ? 1 : 0, rows.lowerBound, rows.upperBound)
        case .unfold: copyTokens(map: x, tokens: y, rows: slice(x.shape.height), toTokens: true)
        case .fold: copyTokens(map: y, tokens: x, rows: slice(y.shape.height), toTokens: false)
        case .layerNorm:
            let rows = slice(x.shape.rows), first = rows.lowerBound
            f32_layernorm__scalar(
                rows.count, x.shape.channels, x.pointer + first * x.stride, x.stride, weight, bias, Self.epsilon,
                y.pointer + first * y.stride, y.stride)
        case .groupNorm:
            let rows = slice(x.shape.rows)
            f32_groupnorm1__scalar(
                x.shape.rows, x.shape.channels, x.pointer, x.stride, weight, bias, Self.epsilon, y.pointer, y.stride,
                rows.lowerBound, rows.upperBound)
        case .attention(let heads):
            for index in slice(x.shape.height * heads) {
                attend(position: index / heads, head: index % heads, of: heads, scratch: scratch(of: part))
            }
        case .separableAttention:
            for position in slice(x.shape.height) {
                let row = position * x.shape.width
                f32_separable_attention__scalar(
                    x.shape.width, y.shape.channels, x.pointer + row * x.stride, x.stride,
                    y.pointer + row * y.stride, y.stride, scratch(of: part))
            }
        case .mean:
            guard part == 0 else { return }
            f32_mean__scalar(x.shape.rows, x.shape.channels, x.pointer, x.stride, y.pointer)
        case .concatenateChannels, .concatenateRows:
            preconditionFailure("concatenations are written in place")
        }
    }

    /// The rows of the GEMM kernel's tile: parts begin at whole tiles.
    private static let gemmRows = 6

    private func scratch(of part: Int) -> UnsafeMutablePointer<Float>? { scratch.map { $0 + part * scratchCount } }

    /// One head of one patch position.
    private func attend(position: Int, head: Int, of heads: Int, scratch: UnsafeMutablePointer<Float>?) {
        let tokens = input.shape.width, channels = output.shape.channels
        let size = channels / heads
        let q = input.pointer + position * tokens * input.stride + head * size
        f32_attention__scalar(
            tokens, size, q, q + channels, q + 2 * channels, input.stride, 1 / Float(size).squareRoot(),
            output.pointer + position * tokens * output.stride + head * size, output.stride, scratch)
    }

    /// Moves rows between a map and its patch-position-major tokens.
    private func copyTokens(map: MapView, tokens: MapView, rows: Range<Int>, toTokens: Bool) {
        let perPosition = tokens.shape.width, columns = map.shape.width / 2
        for y in rows {
            for x in 0..<map.shape.width {
                let token = (2 * (y % 2) + x % 2) * perPosition + (y / 2) * columns + x / 2
                let pixel = map.pointer + (y * map.shape.width + x) * map.stride
                let row = tokens.pointer + token * tokens.stride
                if toTokens {
                    row.update(from: pixel, count: map.shape.channels)
                } else {
                    pixel.update(from: row, count: map.shape.channels)
                }
            }
        }
    }
}

extension Activation {
    var kernelValue: ck_activation {
        switch self {
        case .identity: CK_IDENTITY
        case .relu: CK_RELU
        case .silu: CK_SILU
        }
    }
}
