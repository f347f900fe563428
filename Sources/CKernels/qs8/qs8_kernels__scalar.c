#include "qs8_scalar.h"

const ck_qs8_kernels *ck_qs8_kernels_scalar(void) {
    static const ck_qs8_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = qs8_gemm_8x8c4__scalar,
        .gemm_f16 = qs8_gemm_f16_8x8c4__scalar,
        .dwconv3x3 = qs8_dwconv3x3__scalar,
        .attention = qs8_attention__scalar,
        .separable_attention = qs8_separable_attention__scalar,
        .layernorm = qs8_layernorm__scalar,
        .sums = qs8_sums__scalar,
        .affine = qs8_affine__scalar,
    };
    return &kernels;
}
