import CKernels

/// A map in the arena; `stride` is the distance between its rows in elements.
public struct MapView {
    public var pointer: UnsafeMutablePointer<Float>
    public var shape: MapShape
    public var stride: Int
}

/// One prepared kernel call: every pointer and size is known, so that running it decides nothing.
struct Step {
    enum Kernel {
        case convolution3x3(Activation)
        case depthwise3x3(stride: Int, Activation)
        case pointwise(Activation)
        case add
        case resize(alignCorners: Bool)
        case unfold
        case fold
        case layerNorm
        case groupNorm
        case attention(heads: Int)
        case separableAttention
        case mean
    }

    var kernel: Kernel
    var input: MapView
    /// The second operand of an addition, or what a pointwise layer adds after its activation.
    var other: MapView?
    var output: MapView
    var weight: UnsafePointer<Float>?
    var bias: UnsafePointer<Float>?
    var scratch: UnsafeMutablePointer<Float>?

    /// Of both normalisations (network specification, section 1).
    private static let epsilon: Float = 1e-5

    func run() {
        let x = input, y = output
        switch kernel {
        case .convolution3x3(let activation):
            f32_conv3x3_s2__scalar(
                x.shape.height, x.shape.width, x.shape.channels, y.shape.channels, x.pointer, weight, bias, y.pointer,
                y.stride, activation.kernelValue)
        case .depthwise3x3(let stride, let activation):
            f32_dwconv3x3__scalar(
                x.shape.height, x.shape.width, x.shape.channels, stride, x.pointer, x.stride, weight, bias, y.pointer,
                y.stride, activation.kernelValue)
        case .pointwise(let activation):
            f32_gemm_6x8__scalar(
                x.shape.rows, y.shape.channels, x.shape.channels, x.pointer, x.stride, weight, bias, other?.pointer,
                other?.stride ?? 0, y.pointer, y.stride, activation.kernelValue)
        case .add:
            f32_add__scalar(
                x.shape.rows, x.shape.channels, x.pointer, x.stride, other!.pointer, other!.stride, y.pointer, y.stride)
        case .resize(let alignCorners):
            f32_resize_bilinear__scalar(
                x.shape.height, x.shape.width, x.shape.channels, x.pointer, x.stride, y.shape.height, y.shape.width,
                y.pointer, y.stride, alignCorners ? 1 : 0)
        case .unfold: copyTokens(map: x, tokens: y, toTokens: true)
        case .fold: copyTokens(map: y, tokens: x, toTokens: false)
        case .layerNorm:
            f32_layernorm__scalar(
                x.shape.rows, x.shape.channels, x.pointer, x.stride, weight, bias, Self.epsilon, y.pointer, y.stride)
        case .groupNorm:
            f32_groupnorm1__scalar(
                x.shape.rows, x.shape.channels, x.pointer, x.stride, weight, bias, Self.epsilon, y.pointer, y.stride)
        case .attention(let heads): attend(heads: heads)
        case .separableAttention:
            for position in 0..<x.shape.height {
                let row = position * x.shape.width
                f32_separable_attention__scalar(
                    x.shape.width, y.shape.channels, x.pointer + row * x.stride, x.stride,
                    y.pointer + row * y.stride, y.stride, scratch)
            }
        case .mean: f32_mean__scalar(x.shape.rows, x.shape.channels, x.pointer, x.stride, y.pointer)
        }
    }

    /// Every head of every patch position on its own.
    private func attend(heads: Int) {
        let tokens = input.shape.width, channels = output.shape.channels
        let size = channels / heads
        let scale = 1 / Float(size).squareRoot()
        for position in 0..<input.shape.height {
            for head in 0..<heads {
                let q = input.pointer + position * tokens * input.stride + head * size
                f32_attention__scalar(
                    tokens, size, q, q + channels, q + 2 * channels, input.stride, scale,
                    output.pointer + position * tokens * output.stride + head * size, output.stride, scratch)
            }
        }
    }

    /// Moves rows between a map and its patch-position-major tokens.
    private func copyTokens(map: MapView, tokens: MapView, toTokens: Bool) {
        let perPosition = tokens.shape.width, columns = map.shape.width / 2
        for y in 0..<map.shape.height {
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
