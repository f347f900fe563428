/// What a layer applies to each of its values: one of the list in `CKernels/common/activations.inc`.
public struct Activation: Equatable, Sendable {
    /// As kernels take it.
    let kernelValue: ck_activation

    /// x, as it is.
    public static var identity: Activation { Activation(kernelValue: CK_IDENTITY) }
    /// max(x, 0).
    public static var relu: Activation { Activation(kernelValue: CK_RELU) }
    /// max(x, 0), at most 6.
    public static var relu6: Activation { Activation(kernelValue: CK_RELU6) }
    /// Elfwing et al., 2018, "Sigmoid-Weighted Linear Units".
    public static var silu: Activation { Activation(kernelValue: CK_SILU) }
    /// Hendrycks and Gimpel, 2016, "Gaussian Error Linear Units".
    public static var gelu: Activation { Activation(kernelValue: CK_GELU) }
    /// Howard et al., 2019, "Searching for MobileNetV3".
    public static var hardSwish: Activation { Activation(kernelValue: CK_HARD_SWISH) }
    /// 1 / (1 + exp(-x)).
    public static var sigmoid: Activation { Activation(kernelValue: CK_SIGMOID) }
    /// x where that is positive, and a fixed share of it below.
    public static var leakyReLU: Activation { Activation(kernelValue: CK_LEAKY_RELU) }

    /// As model files have it: its place in the list.
    var number: Int { Int(kernelValue.rawValue) }

    private init(kernelValue: ck_activation) { self.kernelValue = kernelValue }

    /// nil where the list has none of that number.
    init?(number: Int) {
        self.init(kernelValue: ck_activation(rawValue: UInt32(number)))
        guard ck_activation_name(kernelValue) != nil else { return nil }
    }

    /// As messages spell it.
    public var name: Name {
        var name = Name()
        var next = ck_activation_name(kernelValue)
        while let byte = next, byte.pointee != 0 {
            name.append(UInt8(bitPattern: byte.pointee))
            next = byte + 1
        }
        return name
    }

    public static func == (left: Activation, right: Activation) -> Bool { left.kernelValue == right.kernelValue }
}
