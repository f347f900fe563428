import CKernels
import CTestSupport

/// One of the activations that a table of kernels fuses, each in turn.
func fusedActivation(_ set: ck_activation_set, seed: UInt64) -> ck_activation {
    let fused = (0..<UInt32(ck_activation_count)).map { ck_activation($0) }.filter { ck_has_activation(set, $0) != 0 }
    return fused[Int(seed % UInt64(fused.count))]
}

/// One of those that kernels of single values know.
func anyActivation(_ number: Int) -> ck_activation {
    let known = [CK_IDENTITY, CK_RELU, CK_SILU, CK_RELU6, CK_GELU, CK_HARD_SWISH, CK_SIGMOID]
    return known[number % known.count]
}

/// In double precision.
func activated(_ x: Double, _ activation: ck_activation) -> Double {
    switch activation {
    case CK_IDENTITY: x
    case CK_RELU: max(x, 0)
    case CK_SILU: x / (1 + ctest_exp(-x))
    case CK_RELU6: min(max(x, 0), 6)
    case CK_GELU: x / 2 * ctest_erfc(-x / 2.0.squareRoot())
    case CK_SIGMOID: 1 / (1 + ctest_exp(-x))
    case CK_HARD_SWISH: x * min(max(x + 3, 0), 6) / 6
    default: preconditionFailure("no reference for activation \(activation.rawValue)")
    }
}
