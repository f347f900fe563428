/// What a layer applies to each of its values x.
public enum Activation: CaseIterable, Sendable {
    /// x.
    case identity
    /// max(x, 0).
    case relu
    /// min(max(x, 0), 6).
    case relu6
    /// x * sigmoid(x) (Elfwing et al., 2018, "Sigmoid-Weighted Linear Units").
    case silu
    /// x * Φ(x) (Hendrycks and Gimpel, 2016, "Gaussian Error Linear Units").
    case gelu
    /// x * relu6(x + 3) / 6 (Howard et al., 2019, "Searching for MobileNetV3").
    case hardSwish
    /// 1 / (1 + exp(-x)).
    case sigmoid
    /// x, and x / 10 below 0.
    case leakyReLU

    /// As messages and reports spell it.
    public var name: StaticString {
        switch self {
        case .identity: "identity"
        case .relu: "relu"
        case .relu6: "relu6"
        case .silu: "silu"
        case .gelu: "gelu"
        case .hardSwish: "hard-swish"
        case .sigmoid: "sigmoid"
        case .leakyReLU: "leaky relu"
        }
    }
}
